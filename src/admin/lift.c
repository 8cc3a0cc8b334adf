#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/change_words.h"
#include "admin/commands.h"
#include "admin/table.h"
#include "state/write/trust_list.h"

static const char help[] =
    "usage: authgear-cache lift NUMBER [OPTION...]\n"
    "       authgear-cache lift token [OPTION...] <CREDENTIAL\n"
    "       authgear-cache lift user [ID] [OPTION...]\n"
    "       authgear-cache lift client|key ID [OPTION...]\n"
    "       authgear-cache lift all [OPTION...]\n"
    "\n"
    "Ends the revocation of that NUMBER (list revocations), or all that name\n"
    "this token, user, client or key. `lift all' ends what `revoke all' did.\n"
    "\n"
    CHANGE_HELP;

/* The number of a revocation, 0 if it is none. */
static int64_t
number(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len == 0 || len > 18 || text[len] != '\0' ? 0 :
	    (int64_t)strtoll(text, NULL, 10);
}

static const char *
read_words(struct change *change)
{
	const char *wrong;

	if (change->line->count == 1)
		change->id = number(change->line->operands[0]);
	if (change->id > 0)
		return change_words_file(change, 0);
	wrong = change_words_kind(change, "this is neither a NUMBER nor one "
	    "of token, user, client, key, all");
	return wrong != NULL ? wrong : change_words_value(change);
}

static void
tell(const struct trust_list_change *row)
{
	table_line(2, row->detail);
}

static enum trust_write
attempt(struct change *change)
{
	const struct trust_choice choice = { change->id, change->kind,
	    change->value };
	enum trust_write written;
	int count;

	change->tell = tell;
	written = trust_writer_lift(change->writer, &choice, &change->note,
	    &change->now, &count, change->error);
	if (written != TRUST_WRITTEN)
		return written;
	if (count == 0) {
		error_set(change->error, "there is no such revocation: look "
		    "at 'authgear-cache list revocations'");
		return TRUST_FAILED;
	}
	if (change->line->json)
		(void)printf("{\"lifted\":%d}\n", count);
	else
		(void)printf("%d lifted%s\n", count, change_remark(change));
	return TRUST_WRITTEN;
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	return change_run(line, read_words, attempt, error);
}

const struct command lift_command = {
	.name = "lift",
	.options = 1U << OPTION_FILE | 1U << OPTION_REASON,
	.others = 1U << OPTION_AT | 1U << OPTION_FROM | 1U << OPTION_UNTIL,
	.usage = "NUMBER ...",
	.summary = "end a revocation or a block",
	.help = help,
	.run = run
};
