#include "admin/revoke.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/ask.h"
#include "admin/change_words.h"
#include "admin/commands.h"
#include "admin/digits.h"
#include "admin/row_print.h"
#include "admin/table.h"
#include "ground/when.h"

static const char help[] =
    "usage: authgear-cache revoke token [OPTION...] <CREDENTIAL\n"
    "       authgear-cache revoke token --digits DIGITS [OPTION...]\n"
    "       authgear-cache revoke user [ID] [--at TIME] [OPTION...]\n"
    "       authgear-cache revoke client ID [--at TIME] [OPTION...]\n"
    "       authgear-cache revoke key KID [OPTION...]\n"
    "       authgear-cache revoke all [--at TIME] [--yes] [OPTION...]\n"
    "\n"
    "Takes back one token or cookie, or signs out: what began until TIME is\n"
    "refused, a new login passes. Without ID the user is the one of a token\n"
    "on stdin. Done when it returns: no later request is let in.\n"
    "\n"
    "      --at TIME      2026-11-23T21:00:00Z, Unix seconds, -1h (now)\n"
    "  -y, --yes          do not ask about all, on a terminal\n"
    "      --digits DIGITS the 16 digits that the log tells of a credential\n"
    "                     whose session the daemon knows\n"
    CHANGE_HELP;

static void
say_json(const struct change *change, const struct revocation *row,
    const struct trust_added *added)
{
	struct trust_list_row whole = { .id = added->id, .revocation = *row,
	    .reason = change->note.reason, .actor = change->note.actor,
	    .source = change->note.source, .time = change->now.wall,
	    .expires = REVOCATION_NO_TIME };

	if (change->note.token != NULL) {
		(void)snprintf(whole.credential, sizeof(whole.credential),
		    "%s", change->token.hash);
		whole.expires = change->token.expires;
	}
	row_print_json(&whole, added->is_new ? ",\"added\":true" :
	    ",\"added\":false");
}

static void
say(const struct change *change, const struct revocation *row,
    const struct trust_added *added)
{
	char from[WHEN_SIZE], until[WHEN_SIZE];

	(void)printf("%s%lld: %s%s",
	    added->is_new ? "" : "already there as ", (long long)added->id,
	    revocation_kind_name(row->kind),
	    row->value[0] == '\0' ? "" : " ");
	table_inline(row->value);
	(void)printf(" %s", revocation_rule_name(row->rule));
	when_print(row->from, from);
	when_print(row->until, until);
	if (row->rule == REVOCATION_SIGNED_OUT)
		(void)printf(", what began until %s and %d s more", from,
		    REVOCATION_MARGIN);
	if (row->rule == REVOCATION_BLOCKED && row->from >= 0)
		(void)printf(" from %s", from);
	if (row->until >= 0)
		(void)printf(" until %s", until);
	if (change->note.token != NULL)
		(void)printf(", credential %.16s", change->token.hash);
	(void)printf("%s\n", change_remark(change));
	if (row->kind == REVOCATION_CLIENT)
		(void)printf("This holds for JWT access tokens; opaque tokens "
		    "and cookies do not name their client.\n");
}

enum trust_write
revoke_add(struct change *change, enum revocation_rule rule, int64_t from,
    int64_t until)
{
	const struct revocation row = { .kind = change->kind,
	    .value = change->value, .rule = rule, .from = from,
	    .until = until };
	enum trust_write written;
	struct trust_added added;

	written = trust_writer_add(change->writer, &row, &change->note,
	    &change->now, &added, change->error);
	if (written != TRUST_WRITTEN)
		return written;
	if (change->line->json)
		say_json(change, &row, &added);
	else
		say(change, &row, &added);
	change_warn_of_user(change);
	return TRUST_WRITTEN;
}

static int
is_for_ever(enum revocation_kind kind)
{
	return kind == REVOCATION_TOKEN || kind == REVOCATION_KEY;
}

static const char *
read_digits(const struct change *change)
{
	const struct command_line *line = change->line;

	if (change->kind != REVOCATION_TOKEN)
		return "--digits is of a token";
	if (line->count > 1 || line->values[OPTION_FILE] != NULL ||
	    line->values[OPTION_AT] != NULL)
		return "--digits says which token by itself";
	return digits_are(line->values[OPTION_DIGITS]) ? NULL :
	    "--digits takes 16 hexadecimal digits in lower case";
}

static const char *
read_words(struct change *change)
{
	const char *wrong = change_words_kind(change, "this is none of token, "
	    "user, client, key, all");

	if (wrong != NULL)
		return wrong;
	if (change->line->values[OPTION_DIGITS] != NULL)
		return read_digits(change);
	if (change->line->values[OPTION_AT] != NULL &&
	    is_for_ever(change->kind))
		return "a token or key is revoked for ever, --at means "
		    "nothing";
	return change_words_value(change);
}

static enum trust_write
attempt(struct change *change)
{
	int64_t at;

	if (is_for_ever(change->kind))
		return revoke_add(change, REVOCATION_REVOKED,
		    REVOCATION_NO_TIME, REVOCATION_NO_TIME);
	if (change_time(change, change->line->values[OPTION_AT],
	    change->now.wall, &at) == -1)
		return TRUST_FAILED;
	return revoke_add(change, REVOCATION_SIGNED_OUT, at,
	    REVOCATION_NO_TIME);
}

/* Whoever types it is asked; a script is believed. */
static int
is_meant(const struct command_line *line, struct error *error)
{
	if (line->count < 1 || strcmp(line->operands[0], "all") != 0 ||
	    line->values[OPTION_YES] != NULL || !isatty(STDIN_FILENO))
		return 1;
	return ask_yes("Everybody is signed out, machines' clients too. Go "
	    "on? [y/N] ", error) == 1;
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	if (!is_meant(line, error))
		return COMMAND_FAILED;
	return change_run(line, read_words, attempt, error);
}

const struct command revoke_command = {
	.name = "revoke",
	.options = 1U << OPTION_FILE | 1U << OPTION_REASON | 1U << OPTION_AT |
	    1U << OPTION_DIGITS | 1U << OPTION_YES,
	.others = 1U << OPTION_FROM | 1U << OPTION_UNTIL,
	.usage = "token|user|client|key|all ...",
	.summary = "take a token back, sign a user out",
	.help = help,
	.run = run
};
