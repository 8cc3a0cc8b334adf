#include <stdio.h>
#include <string.h>

#include "admin/change_words.h"
#include "admin/commands.h"
#include "admin/map_import.h"
#include "admin/table.h"
#include "face/json_print.h"

static const char help[] =
    "usage: authgear-cache map add [USER] ACCOUNT [OPTION...]\n"
    "       authgear-cache map remove [USER] [OPTION...]\n"
    "       authgear-cache map import FILE [--dry-run] [--yes] [OPTION...]\n"
    "\n"
    "Says which account a user has where a policy's remote_user is map.\n"
    "USER is Authgear's user ID; without it the one of a token on stdin.\n"
    "One account belongs to one user; add gives a user another one. FILE has\n"
    "a user and an account a line, as CSV; all of it is done, or nothing, and\n"
    "what would change is said first.\n"
    "\n"
    "      --dry-run      import: say what would change, and end\n"
    "  -y, --yes          import: do not ask\n"
    CHANGE_HELP;

/* add [USER] ACCOUNT, remove [USER] */
static const char *
read_words(struct change *change)
{
	const int count = change->line->count;
	char **words = change->line->operands;
	const char *wrong;
	int i;

	change->kind = REVOCATION_USER;
	for (i = 1; i < count; i++)
		if ((wrong = change_words_check(REVOCATION_USER,
		    words[i])) != NULL)
			return wrong;
	if (count >= 1 && count <= 2 && strcmp(words[0], "remove") == 0) {
		change->typed = count == 2 ? words[1] : NULL;
	} else if (count >= 2 && count <= 3 && strcmp(words[0], "add") == 0) {
		change->typed = count == 3 ? words[1] : NULL;
		change->account = words[count - 1];
	} else {
		return "say add [USER] ACCOUNT, remove [USER], or import "
		    "FILE";
	}
	if (change->line->values[OPTION_YES] != NULL ||
	    change->line->values[OPTION_DRY_RUN] != NULL)
		return "--yes and --dry-run go with import";
	return change_words_file(change, change->typed == NULL);
}

static void
say(const struct change *change)
{
	if (change->line->json) {
		json_print_text(stdout, "{\"user\":", change->value);
		json_print_text(stdout, ",\"account\":", change->account);
		(void)printf("}\n");
		return;
	}
	(void)printf("user ");
	table_inline(change->value);
	(void)fputs(change->account != NULL ? " is account " :
	    " has no account any more", stdout);
	table_inline(change->account != NULL ? change->account : "");
	(void)printf("%s\n", change_remark(change));
}

static enum trust_write
attempt(struct change *change)
{
	enum trust_write written;
	int count = 1;

	if (change->account != NULL)
		written = trust_writer_map(change->writer, change->value,
		    change->account, &change->note, &change->now,
		    change->error);
	else
		written = trust_writer_unmap(change->writer, change->value,
		    &change->note, &change->now, &count, change->error);
	if (written != TRUST_WRITTEN)
		return written;
	if (count == 0) {
		error_set(change->error, "this user has no account: look at "
		    "'authgear-cache list map'");
		return TRUST_FAILED;
	}
	if (change->account != NULL)
		change_warn_of_user(change);
	say(change);
	return TRUST_WRITTEN;
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	if (line->count > 0 && strcmp(line->operands[0], "import") == 0)
		return map_import(line, error);
	return change_run(line, read_words, attempt, error);
}

const struct command map_command = {
	.name = "map",
	.options = 1U << OPTION_FILE | 1U << OPTION_REASON |
	    1U << OPTION_YES | 1U << OPTION_DRY_RUN,
	.others = 1U << OPTION_AT | 1U << OPTION_FROM | 1U << OPTION_UNTIL,
	.usage = "add|remove|import ...",
	.summary = "say which account a user has",
	.help = help,
	.run = run
};
