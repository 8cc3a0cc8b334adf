#include <stdio.h>
#include <string.h>

#include "admin/commands.h"
#include "admin/row_print.h"
#include "settings/settings.h"
#include "state/write/trust_list.h"

static const char help[] =
    "usage: authgear-cache list revocations [--config FILE] [--json]\n"
    "       authgear-cache list map [--config FILE] [--json]\n"
    "\n"
    "Lists what was revoked and blocked, the oldest first, or which account\n"
    "each user has.\n"
    "\n"
    "  -c, --config FILE  settings (" COMMAND_SETTINGS ")\n"
    "  -j, --json         as JSON; times are Unix seconds\n"
    "  -h, --help         this text\n";

/* The next row, printed: 1; 0 after the last; -1 and error. */
static int
print_revocation(struct trust_list *list, int json, int is_first,
    struct error *error)
{
	struct trust_list_row row;
	int found = trust_list_next(list, &row, error);

	if (found == 1 && json)
		row_print_json(is_first ? "" : ",", &row, "");
	else if (found == 1)
		row_print_table(&row, is_first);
	return found;
}

static int
print_account(struct trust_list *list, int json, int is_first,
    struct error *error)
{
	struct trust_list_account row;
	int found = trust_list_next_account(list, &row, error);

	if (found == 1 && json)
		row_print_account_json(is_first ? "" : ",", &row);
	else if (found == 1)
		row_print_account_table(&row, is_first);
	return found;
}

static const struct table {
	const char *name;
	const char *none;	/* what an empty one says */
	struct trust_list *(*open)(const char *directory,
	    const char *endpoint, struct error *error);
	int (*print)(struct trust_list *list, int json, int is_first,
	    struct error *error);
} tables[] = {
	{ "revocations", "nothing is revoked\n", trust_list_open,
	    print_revocation },
	{ "map", "no user has an account\n", trust_list_open_map,
	    print_account }
};

static enum command_status
print_rows(const struct table *table, struct trust_list *list, int json,
    struct error *error)
{
	int count, found;

	if (json)
		(void)printf("{\"%s\":[", table->name);
	for (count = 0; (found = table->print(list, json, count == 0,
	    error)) == 1; count++)
		;
	if (json)
		(void)printf("]}\n");
	else if (count == 0 && found == 0)
		(void)fputs(table->none, stdout);
	if (command_flush("", error) == COMMAND_FAILED)
		return COMMAND_FAILED;
	return found == 0 ? COMMAND_DONE : COMMAND_FAILED;
}

static enum command_status
print_list(const struct table *table, const struct command_line *line,
    struct error *error)
{
	enum command_status status = COMMAND_FAILED;
	struct trust_list *list = NULL;
	struct settings *settings;

	settings = settings_load(line->values[OPTION_CONFIG], error);
	if (settings != NULL)
		list = table->open(settings->state, settings->endpoint, error);
	if (list != NULL)
		status = print_rows(table, list, line->json, error);
	trust_list_free(list);
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
	error_set(error, "say revocations or map");
	return COMMAND_USAGE;
}

const struct command list_command = {
	.name = "list",
	.no_option = COMMAND_NO_OPTION,
	.usage = "revocations|map [--config FILE] [--json]",
	.summary = "what is revoked and blocked, or the accounts",
	.help = help,
	.run = run
};
