#include "config.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "admin/accept.h"
#include "admin/change.h"
#include "admin/init.h"
#include "admin/list.h"
#include "face/config_command.h"

#define DEFAULT_CONFIG SYSCONFDIR "/authgear/authgear.conf"

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
    "  -c, --config FILE     settings (" DEFAULT_CONFIG ")\n"
    "      --check-config    print the settings in force and end\n"
    "      --print-policies  print the policies in words and end\n"
    "  -j, --json            print JSON\n"
    "  -h, --help            this text\n"
    "  -V, --version         the version\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "init", init_main },
	{ "accept", accept_main },
	{ "revoke", change_revoke_main },
	{ "block", change_block_main },
	{ "lift", change_lift_main },
	{ "map", change_map_main },
	{ "list", list_main }
};

enum { CHECK_CONFIG = 256, PRINT_POLICIES };

static int
usage(const char *wrong)
{
	(void)fprintf(stderr, "authgear-cache: %s; try 'authgear-cache "
	    "--help'\n", wrong);
	return 2;
}

/*
 * Options that every command knows may stand before it, but are read behind
 * it: the place of the first word that is none, 0 if there is none such.
 */
static int
command_place(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-c") == 0 ||
		    strcmp(argv[i], "--config") == 0)
			i++;
		else if (strncmp(argv[i], "--config=", 9) != 0 &&
		    strcmp(argv[i], "-j") != 0 &&
		    strcmp(argv[i], "--json") != 0)
			return i;
	}
	return 0;
}

/* The command first, the options before it behind it. */
static void
move_command(char **argv, int place)
{
	char *command = argv[place];

	for (; place > 1; place--)
		argv[place] = argv[place - 1];
	argv[1] = command;
}

static int
say(const char *text)
{
	return fputs(text, stdout) == EOF || fflush(stdout) == EOF;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check-config", no_argument, NULL, CHECK_CONFIG },
		{ "print-policies", no_argument, NULL, PRINT_POLICIES },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	const char *config = DEFAULT_CONFIG;
	int option, command = 0, json = 0, place = command_place(argc, argv);
	size_t i;

	/* a limit of the caller's is told, like a full disk */
	(void)signal(SIGXFSZ, SIG_IGN);
	for (i = 0; place > 0 && i < sizeof(commands) / sizeof(commands[0]);
	    i++)
		if (strcmp(argv[place], commands[i].name) == 0) {
			move_command(argv, place);
			return commands[i].run(argc - 1, argv + 1);
		}
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+c:jhV", options,
	    NULL)) != -1) {
		switch (option) {
		case 'c':
			config = optarg;
			break;
		case 'j':
			json = 1;
			break;
		case 'h':
			return say(help);
		case 'V':
			return say("authgear-cache " PACKAGE_VERSION "\n");
		case CHECK_CONFIG:
		case PRINT_POLICIES:
			if (command != 0)
				return usage("one thing at a time");
			command = option;
			break;
		default:
			return usage("this is no option, or lacks its value");
		}
	}
	/* not repeated: it may be a credential */
	if (optind != argc)
		return usage("there is no such command");
	if (command == 0)
		return usage("a command is missing");
	return command == CHECK_CONFIG ? config_command_check(config, json) :
	    config_command_policies(config, json);
}
