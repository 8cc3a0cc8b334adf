#include <signal.h>

#include "admin/commands.h"
#include "face/config_command.h"

static const char help[] =
    "usage: authgear-cache [--config FILE] [--json] --check-config\n"
    "       authgear-cache [--config FILE] [--json] --print-policies\n"
    "       authgear-cache init [--config FILE] [--user NAME] [--json]\n"
    "       authgear-cache accept [--reason TEXT] [--config FILE] [--json]\n"
    "       authgear-cache revoke token|user|client|key|all ...\n"
    "       authgear-cache block user|client ...\n"
    "       authgear-cache lift NUMBER ...\n"
    "       authgear-cache map add|remove ...\n"
    "       authgear-cache list revocations|map [--config FILE] [--json]\n"
    "\n"
    "Administration of what authgear-fcgi keeps.\n"
    "\n"
    "  init                  make the state directory\n"
    "  accept                believe a trust.db that was put back\n"
    "  revoke                take a token back, sign a user out\n"
    "  block                 refuse all of a user or a client\n"
    "  lift                  end a revocation or a block\n"
    "  map                   say which account a user has\n"
    "  list                  what is revoked and blocked, or the accounts\n"
    "                        (each says more with --help)\n"
    "  -c, --config FILE     settings (" COMMAND_SETTINGS ")\n"
    "      --check-config    print the settings in force and end\n"
    "      --print-policies  print the policies in words and end\n"
    "  -j, --json            print JSON\n"
    "  -h, --help            this text\n"
    "  -V, --version         the version\n";

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
	.help = help,
	.run = run
};

int
main(int argc, char **argv)
{
	static const struct command *const commands[] = {
		&program, &init_command, &accept_command, &revoke_command,
		&block_command, &lift_command, &map_command,
		&list_command, NULL
	};

	/* a limit of the caller's is told, like a full disk */
	(void)signal(SIGXFSZ, SIG_IGN);
	return command_main(commands, argc, argv);
}
