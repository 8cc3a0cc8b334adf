#ifndef INIT_H_
#define INIT_H_

/*
 * `authgear-cache init`: make the state directory that the settings name.
 * `user` NULL: a private installation.  Says on stdout what is there, on
 * stderr what is wrong.  The exit status: 0 or 1.
 */
int init_run(const char *config, const char *user, int json);

/* The arguments behind "init"; the exit status, 2 for usage. */
int init_main(int argc, char **argv);

#endif /* !INIT_H_ */
