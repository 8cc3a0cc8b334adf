#ifndef COMMAND_H_
#define COMMAND_H_

#include "ground/error.h"
#include "ground/moment.h"

/*
 * The command lines of authgear-cache.  A command is a struct command in a
 * file of its own and a line in the table of main.c; here is what they share.
 * Threads: one at a time.
 */

/* The settings that are read where the line names no others. */
#define COMMAND_SETTINGS SYSCONFDIR "/authgear/authgear.conf"

/* All options; every command takes --config, --json and --help. */
enum command_option {
	OPTION_CONFIG = 0,
	OPTION_JSON,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_CHECK_CONFIG,
	OPTION_PRINT_POLICIES,
	OPTION_USER,
	OPTION_REASON,
	OPTION_FILE,
	OPTION_AT,
	OPTION_FROM,
	OPTION_UNTIL,
	OPTION_CLIENT,
	OPTION_SINCE,
	OPTION_ACTIVE,
	OPTION_LIVE,
	OPTION_LIMIT,
	OPTION_POLICY,
	OPTION_ACCOUNT,
	OPTION_ASK,
	OPTION_DIGITS,
	OPTION_REQUEST,
	OPTION_WATCH,
	OPTION_EXACT,
	OPTION_YES,
	OPTION_OLDER_THAN,
	OPTION_AUDIT,
	OPTION_DRY_RUN,
	OPTION_PROBE,
	OPTION_COUNT
};

/* Exit statuses. */
enum command_status {
	COMMAND_DONE = 0,
	COMMAND_FAILED,
	COMMAND_USAGE		/* the line is wrong; error says how */
};

/* A line that was read; the strings are those of argv. */
struct command_line {
	const struct command *command;
	const char *values[OPTION_COUNT]; /* NULL: not given; "" of one without
				   value; --config and --reason always are */
	int json;		/* --json is one of them */
	int count;		/* operands */
	char **operands;
};

#define COMMAND_NO_OPTION "there is no such option, or it lacks its value"

struct command {
	const char *name;	/* "": the program without any */
	unsigned int options;	/* that it takes beside those of all, as bits:
				   1U << OPTION_USER */
	unsigned int others;	/* that it answers by naming who takes them */
	int options_first;	/* behind an operand there are none */
	const char *no_option;	/* said of a wrong one; NULL: in our words */
	const char *no_operand;	/* said of one where it takes none; NULL: run
				   looks at them */

	/* In the program's help, behind the name; and its own.  Those of the
	 * program stand before, between and behind those of the commands. */
	const char *usage;
	const char *summary;
	const char *help;

	/* 1 without error: it was said already.  Words are not repeated in it,
	 * one may be a credential. */
	enum command_status (*run)(const struct command_line *line,
	    struct error *error);
};

/*
 * Read the line and do it: the exit status, what went wrong is on stderr.
 * commands[0] is the program itself, NULL ends them.  --config and --json may
 * stand before the command.
 */
int command_main(const struct command *const *commands, int argc,
    char **argv);

/* Whether stdout has taken everything: DONE, or FAILED and error, which begins
 * with `done`. */
enum command_status command_flush(const char *done, struct error *error);

/* The time: 0, or -1 and error. */
int command_now(struct moment *now, struct error *error);

#endif /* !COMMAND_H_ */
