#include "config.h"

#include "admin/command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "admin/table.h"
#include "transport/clock.h"

#define LONG 256	/* and an option: what getopt_long() answers for it */
#define COMMON (1U << OPTION_CONFIG | 1U << OPTION_JSON | 1U << OPTION_HELP)
#define ALONE (1U << OPTION_CHECK_CONFIG | 1U << OPTION_PRINT_POLICIES)

static const struct {
	const char *name;
	int has_value;
	char letter;		/* NUL: none */
	const char *value;	/* where it is not given */
} options[OPTION_COUNT] = {
	[OPTION_CONFIG] = { "config", 1, 'c', COMMAND_SETTINGS },
	[OPTION_JSON] = { "json", 0, 'j', NULL },
	[OPTION_HELP] = { "help", 0, 'h', NULL },
	[OPTION_VERSION] = { "version", 0, 'V', NULL },
	[OPTION_CHECK_CONFIG] = { "check-config", 0, '\0', NULL },
	[OPTION_PRINT_POLICIES] = { "print-policies", 0, '\0', NULL },
	[OPTION_USER] = { "user", 1, 'u', NULL },
	[OPTION_REASON] = { "reason", 1, 'r', "" },
	[OPTION_FILE] = { "file", 1, 'f', NULL },
	[OPTION_AT] = { "at", 1, '\0', NULL },
	[OPTION_FROM] = { "from", 1, '\0', NULL },
	[OPTION_UNTIL] = { "until", 1, '\0', NULL },
	[OPTION_CLIENT] = { "client", 1, '\0', NULL },
	[OPTION_SINCE] = { "since", 1, '\0', NULL },
	[OPTION_ACTIVE] = { "active", 0, '\0', NULL },
	[OPTION_LIVE] = { "live", 0, '\0', NULL },
	[OPTION_LIMIT] = { "limit", 1, 'n', NULL },
	[OPTION_POLICY] = { "policy", 1, 'p', NULL },
	[OPTION_ACCOUNT] = { "account", 1, '\0', NULL },
	[OPTION_ASK] = { "ask", 0, '\0', NULL },
	[OPTION_DIGITS] = { "digits", 1, '\0', NULL },
	[OPTION_REQUEST] = { "request", 1, '\0', NULL },
	[OPTION_WATCH] = { "watch", 0, 'w', NULL },
	[OPTION_EXACT] = { "exact", 0, '\0', NULL },
	[OPTION_YES] = { "yes", 0, 'y', NULL },
	[OPTION_OLDER_THAN] = { "older-than", 1, '\0', NULL },
	[OPTION_AUDIT] = { "audit", 0, '\0', NULL },
	[OPTION_DRY_RUN] = { "dry-run", 0, '\0', NULL },
	[OPTION_PROBE] = { "probe", 0, '\0', NULL }
};

static int
is_in(int option, unsigned int set)
{
	return (set >> option & 1) != 0;
}

/* What getopt_long() is to know of a command, so that abbreviations are those
 * of its own options. */
static void
describe(const struct command *command, char letters[2 * OPTION_COUNT + 3],
    struct option longs[OPTION_COUNT + 1])
{
	const unsigned int set = COMMON | command->options | command->others;
	int i;

	memset(longs, 0, (OPTION_COUNT + 1) * sizeof(*longs));
	if (command->options_first)
		*letters++ = '+';
	*letters++ = ':';
	for (i = 0; i < OPTION_COUNT; i++) {
		if (!is_in(i, set))
			continue;
		longs->name = options[i].name;
		longs->has_arg = options[i].has_value;
		longs++->val = LONG + i;
		if (options[i].letter == '\0')
			continue;
		*letters++ = options[i].letter;
		if (options[i].has_value)
			*letters++ = ':';
	}
	*letters = '\0';
}

/* The option that getopt_long() answers, or -1 and error. */
static int
option_of(const struct command *command, int got, struct error *error)
{
	int i;

	if (got >= LONG)
		return got - LONG;
	for (i = 0; i < OPTION_COUNT; i++)
		if (options[i].letter == got)
			return i;
	if (command->no_option != NULL)
		error_set(error, "%s", command->no_option);
	else if (got == ':')
		error_set(error, "an option lacks its value");
	else
		error_set(error, "there is no such option");
	return -1;
}

static int
take(struct command_line *line, const struct command *const *commands,
    int option, struct error *error)
{
	if (is_in(option, line->command->others)) {
		/* one of them does */
		while (!is_in(option, (*commands)->options))
			commands++;
		error_set(error, "--%s goes with %s", options[option].name,
		    (*commands)->name);
		return -1;
	}
	if (is_in(option, ALONE) &&
	    (line->values[OPTION_CHECK_CONFIG] != NULL ||
	    line->values[OPTION_PRINT_POLICIES] != NULL)) {
		error_set(error, "one thing at a time");
		return -1;
	}
	line->values[option] = options[option].has_value ? optarg : "";
	return 0;
}

/* Without a word where stdout takes no more. */
static enum command_status
print(const char *text)
{
	(void)fputs(text, stdout);
	return command_flush("", NULL);
}

static enum command_status
print_help(const struct command *command,
    const struct command *const *commands)
{
	const struct command *const *at;

	if (command == commands[0]) {
		(void)fputs(command->usage, stdout);
		for (at = commands + 1; *at != NULL; at++)
			(void)printf("       authgear-cache %s %s\n",
			    (*at)->name, (*at)->usage);
		(void)fputs(command->summary, stdout);
		for (at = commands + 1; *at != NULL; at++)
			(void)printf("  %-20s  %s\n", (*at)->name,
			    (*at)->summary);
	}
	return print(command->help);
}

static enum command_status
read_and_run(struct command_line *line,
    const struct command *const *commands, int argc, char **argv,
    struct error *error)
{
	char letters[2 * OPTION_COUNT + 3];
	struct option longs[OPTION_COUNT + 1];
	int got, option;

	for (option = 0; option < OPTION_COUNT; option++)
		line->values[option] = options[option].value;
	describe(line->command, letters, longs);
	opterr = 0;
	while ((got = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		option = option_of(line->command, got, error);
		if (option == -1 || take(line, commands, option, error) == -1)
			return COMMAND_USAGE;
		if (option == OPTION_HELP)
			return print_help(line->command, commands);
		if (option == OPTION_VERSION)
			return print("authgear-cache " PACKAGE_VERSION "\n");
	}
	line->json = line->values[OPTION_JSON] != NULL;
	line->count = argc - optind;
	line->operands = argv + optind;
	if (line->count > 0 && line->command->no_operand != NULL) {
		error_set(error, "%s", line->command->no_operand);
		return COMMAND_USAGE;
	}
	return line->command->run(line, error);
}

/*
 * Options that every command knows may stand before it, but are read behind
 * it: the place of the first word that is none, 0 if there is none such.
 */
static int
place_of(int argc, char **argv)
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

/* Its name becomes argv[1], the options before it stand behind it. */
static const struct command *
find_command(const struct command *const *commands, int argc, char **argv)
{
	int i, place = place_of(argc, argv);
	char *name = argv[place];

	for (i = 1; place > 0 && commands[i] != NULL; i++) {
		if (strcmp(name, commands[i]->name) != 0)
			continue;
		memmove(argv + 2, argv + 1,
		    (size_t)(place - 1) * sizeof(*argv));
		argv[1] = name;
		return commands[i];
	}
	return commands[0];
}

int
command_main(const struct command *const *commands, int argc, char **argv)
{
	const struct command *command = find_command(commands, argc, argv);
	const int skipped = command == commands[0] ? 0 : 1;
	const char *blank = skipped ? " " : "";
	struct command_line line = { .command = command };
	struct error error = { "" };
	enum command_status status;

	status = read_and_run(&line, commands, argc - skipped,
	    argv + skipped, &error);
	table_plain(error.text);
	if (status == COMMAND_USAGE)
		(void)fprintf(stderr, "authgear-cache%s%s: %s; try "
		    "'authgear-cache%s%s --help'\n", blank, command->name,
		    error_text(&error), blank, command->name);
	else if (status == COMMAND_FAILED && error.text[0] != '\0')
		(void)fprintf(stderr, "authgear-cache: %s\n",
		    error_text(&error));
	return (int)status;
}

enum command_status
command_flush(const char *done, struct error *error)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return COMMAND_DONE;
	error_set(error, "%swriting to stdout failed", done);
	return COMMAND_FAILED;
}

int
command_now(struct moment *now, struct error *error)
{
	if (clock_now(now) == 0)
		return 0;
	error_set(error, "the kernel's boot id cannot be read: mount /proc");
	return -1;
}
