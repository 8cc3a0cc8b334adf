#include "admin/change_words.h"
#include "admin/commands.h"
#include "admin/revoke.h"

static const char help[] =
    "usage: authgear-cache block user [ID] [OPTION...]\n"
    "       authgear-cache block client ID [OPTION...]\n"
    "\n"
    "Refuses everything of a user or a client, new logins too, until it is\n"
    "lifted. Without ID the user is the one of a token on stdin.\n"
    "\n"
    "      --from TIME    2026-11-23T21:00:00Z, Unix seconds, +1h (at once)\n"
    "      --until TIME   the first second that is let in again (never)\n"
    CHANGE_HELP;

static const char *
read_words(struct change *change)
{
	const char *wrong = change_words_kind(change, "this is none of token, "
	    "user, client, key, all");

	if (wrong != NULL)
		return wrong;
	if (change->kind != REVOCATION_USER &&
	    change->kind != REVOCATION_CLIENT)
		return "users and clients can be blocked";
	return change_words_value(change);
}

static enum trust_write
attempt(struct change *change)
{
	int64_t from, until;

	if (change_time(change, change->line->values[OPTION_FROM],
	    REVOCATION_NO_TIME, &from) == -1 ||
	    change_time(change, change->line->values[OPTION_UNTIL],
	    REVOCATION_NO_TIME, &until) == -1)
		return TRUST_FAILED;
	if (until != REVOCATION_NO_TIME && until <= from) {
		error_set(change->error, "the block ends before it begins "
		    "(--from, --until)");
		return TRUST_FAILED;
	}
	return revoke_add(change, REVOCATION_BLOCKED, from, until);
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	return change_run(line, read_words, attempt, error);
}

const struct command block_command = {
	.name = "block",
	.options = 1U << OPTION_FILE | 1U << OPTION_REASON |
	    1U << OPTION_FROM | 1U << OPTION_UNTIL,
	.others = 1U << OPTION_AT,
	.usage = "user|client ...",
	.summary = "refuse all of a user or a client",
	.help = help,
	.run = run
};
