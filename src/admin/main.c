#include <sys/prctl.h>
#include <sys/resource.h>

#include <signal.h>

#include "admin/commands.h"
#include "face/config_command.h"

static enum command_status
run(const struct command_line *line, struct error *error)
{
	const char *config = line->values[OPTION_CONFIG];
	int failed;

	if (line->values[OPTION_CHECK_CONFIG] != NULL) {
		failed = config_command_check(config, line->json);
	} else if (line->values[OPTION_PRINT_POLICIES] != NULL) {
		failed = config_command_policies(config, line->json);
	} else {
		error_set(error, "a command is missing");
		return COMMAND_USAGE;
	}
	return failed ? COMMAND_FAILED : COMMAND_DONE;
}

static const struct command program = {
	.name = "",
	.options = 1U << OPTION_VERSION | 1U << OPTION_CHECK_CONFIG |
	    1U << OPTION_PRINT_POLICIES,
	.options_first = 1,
	.no_option = "this is no option, or lacks its value",
	.no_operand = "there is no such command",
	.usage =
    "usage: authgear-cache [--config FILE] [--json] --check-config\n"
    "       authgear-cache [--config FILE] [--json] --print-policies\n",
	.summary =
    "\n"
    "Administration of what authgear-fcgi keeps.\n"
    "\n",
	.help =
    "                        (each says more with --help)\n"
    "  -c, --config FILE     settings (" COMMAND_SETTINGS ")\n"
    "      --check-config    print the settings in force and end\n"
    "      --print-policies  print the policies in words and end\n"
    "  -j, --json            print JSON\n"
    "  -h, --help            this text\n"
    "  -V, --version         the version\n",
	.run = run
};

/* A credential may pass through this process: no core file, no other user's
 * debugger.  Where that cannot be forbidden it goes on: what is revoked must
 * not wait for it. */
static void
harden(void)
{
	static const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__
	/* the leak check of such a build is a debugger itself */
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
	/* a limit of the caller's is told, like a full disk */
	(void)signal(SIGXFSZ, SIG_IGN);
}

int
main(int argc, char **argv)
{
	static const struct command *const commands[] = {
		&program, &init_command, &accept_command, &revoke_command,
		&block_command, &lift_command, &map_command,
		&list_command, &explain_command, &keys_command,
		&status_command, &doctor_command, &verify_command,
		&backup_command, &restore_command, &export_command,
		&import_command, &prune_command, NULL
	};

	harden();
	return command_main(commands, argc, argv);
}
