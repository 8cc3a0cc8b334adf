#ifndef CONFIG_COMMAND_H_
#define CONFIG_COMMAND_H_

/*
 * --check-config and --print-policies, the same in every program.
 * Both load the settings and print to stdout, JSON on request.
 * They answer the exit status: 0, or 1 with the error on stderr.
 * The check looks into ca_file too.
 * Threads: one at a time.
 */

int config_command_check(const char *path, int json);
int config_command_policies(const char *path, int json);

#endif /* !CONFIG_COMMAND_H_ */
