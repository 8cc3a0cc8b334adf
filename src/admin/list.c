#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/commands.h"
#include "admin/list_keys.h"
#include "admin/list_sessions.h"
#include "admin/list_trust.h"
#include "admin/rights.h"
#include "ground/when.h"

static const char help[] =
    "usage: authgear-cache list revocations [--user ID | --client ID]\n"
    "           [--since TIME] [--active] [--limit NUMBER]\n"
    "       authgear-cache list map [--user ID]\n"
    "       authgear-cache list audit [--since TIME] [--limit NUMBER]\n"
    "       authgear-cache list sessions [--user ID] [--live] "
    "[--limit NUMBER]\n"
    "       authgear-cache list keys\n"
    "\n"
    "Lists what was revoked and blocked, which account each user has, who\n"
    "changed what, of which credentials the daemon knows the session, or the\n"
    "keys that it has of Authgear. The newest comes last. Sessions and keys\n"
    "are read as the daemon's user.\n"
    "\n"
    "  -u, --user ID      of this user only\n"
    "      --client ID    of this client only\n"
    "      --since TIME   what was added since; 2026-11-23T21:00:00Z, Unix\n"
    "                     seconds, -7d\n"
    "      --active       what may still refuse something now\n"
    "      --live         what Authgear last said to be live\n"
    "  -n, --limit NUMBER the newest so many\n"
    "  -c, --config FILE  settings (" COMMAND_SETTINGS ")\n"
    "  -j, --json         as JSON, one object a line; times are Unix seconds\n"
    "  -h, --help         this text\n";

#define BIT(option) (1U << (option))
#define ROWS (BIT(OPTION_SINCE) | BIT(OPTION_LIMIT))

static const struct table {
	const char *name;
	unsigned int options;
	int (*list)(const struct list_wish *wish, struct error *error);
} tables[] = {
	{ "revocations", ROWS | BIT(OPTION_USER) | BIT(OPTION_CLIENT) |
	    BIT(OPTION_ACTIVE), list_trust_revocations },
	{ "map", BIT(OPTION_USER), list_trust_map },
	{ "audit", ROWS, list_trust_audit },
	{ "sessions", BIT(OPTION_USER) | BIT(OPTION_LIVE) |
	    BIT(OPTION_LIMIT), list_sessions },
	{ "keys", 0, list_keys }
};

#define ALL (ROWS | BIT(OPTION_USER) | BIT(OPTION_CLIENT) | \
    BIT(OPTION_ACTIVE) | BIT(OPTION_LIVE))

/* The number, -1 if it is none. */
static int64_t
read_limit(const char *text)
{
	const size_t len = strspn(text, "0123456789");
	int64_t limit;

	if (len == 0 || len > 7 || text[len] != '\0')
		return -1;
	limit = strtoll(text, NULL, 10);
	return limit > 0 && limit <= LIST_WISH_LIMIT ? limit : -1;
}

/* NULL, or what is wrong with the options. */
static const char *
read_options(const struct table *table, const struct command_line *line,
    struct list_wish *wish)
{
	unsigned int given = 0;
	int i;

	for (i = 0; i < OPTION_COUNT; i++)
		if (line->values[i] != NULL)
			given |= BIT(i);
	if ((given & ALL & ~table->options) != 0)
		return "this list does not take that option";
	wish->json = line->json;
	wish->user = line->values[OPTION_USER];
	wish->client = line->values[OPTION_CLIENT];
	wish->is_active = line->values[OPTION_ACTIVE] != NULL;
	wish->is_live = line->values[OPTION_LIVE] != NULL;
	if (wish->user != NULL && wish->client != NULL)
		return "say --user or --client";
	if ((wish->user != NULL && wish->user[0] == '\0') ||
	    (wish->client != NULL && wish->client[0] == '\0'))
		return "the ID is empty";
	if (line->values[OPTION_LIMIT] == NULL)
		return NULL;
	wish->limit = read_limit(line->values[OPTION_LIMIT]);
	return wish->limit > 0 ? NULL :
	    "--limit is a number from 1 to 1000000";
}

static int
read_since(const struct command_line *line, struct list_wish *wish,
    struct error *error)
{
	const char *text = line->values[OPTION_SINCE];

	if (text == NULL ||
	    when_parse(text, wish->now.wall, &wish->since) == 0)
		return 0;
	error_set(error, WHEN_WRONG);
	return -1;
}

static enum command_status
print_list(const struct table *table, const struct command_line *line,
    struct error *error)
{
	enum command_status status = COMMAND_FAILED;
	struct list_wish wish = { .json = 0 };
	struct settings *settings = NULL;
	const char *wrong = read_options(table, line, &wish);

	if (wrong != NULL) {
		error_set(error, "%s", wrong);
		return COMMAND_USAGE;
	}
	if (command_now(&wish.now, error) == 0 &&
	    read_since(line, &wish, error) == 0)
		settings = rights_settings(line, error);
	wish.settings = settings;
	if (settings != NULL && table->list(&wish, error) == 0)
		status = COMMAND_DONE;
	/* what was read before something failed is told all the same */
	if (command_flush("", error) == COMMAND_FAILED)
		status = COMMAND_FAILED;
	settings_free(settings);
	return status;
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	size_t i;

	for (i = 0; line->count == 1 &&
	    i < sizeof(tables) / sizeof(tables[0]); i++)
		if (strcmp(line->operands[0], tables[i].name) == 0)
			return print_list(&tables[i], line, error);
	error_set(error, "say revocations, map, audit, sessions or keys");
	return COMMAND_USAGE;
}

const struct command list_command = {
	.name = "list",
	.options = ALL,
	.no_option = COMMAND_NO_OPTION,
	.usage = "revocations|map|audit|sessions|keys ...",
	.summary = "what is revoked, known, changed",
	.help = help,
	.run = run
};
