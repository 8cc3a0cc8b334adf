#include "admin/change.h"

#include <stdio.h>
#include <string.h>

#include "admin/change_log.h"
#include "admin/change_words.h"
#include "admin/digits.h"
#include "admin/rights.h"
#include "admin/signals.h"
#include "admin/table.h"
#include "ground/when.h"
#include "settings/settings.h"

/* How long another process may hold the file before we give up. */
#define PATIENCE_MS 30000

/* A token by its digits: its hash names it as well as its jti. */
static int
find_digits(struct change *change)
{
	struct handed *handed = &change->handed;

	if (digits_find(change->settings, change->line->values[OPTION_DIGITS],
	    handed->hash, change->error) == -1)
		return -1;
	change->value = handed->hash;
	change->token.hash = handed->hash;
	change->token.expires = REVOCATION_NO_TIME;
	change->note.token = &change->token;
	return 0;
}

/* What is to be changed, from the operands or from a credential. */
static int
find_value(struct change *change)
{
	if (change->line->values[OPTION_DIGITS] != NULL)
		return find_digits(change);
	change->value = change->typed;
	if (change->typed != NULL || change->id != 0)
		return 0;
	if (handed_read(&change->handed, change->line->values[OPTION_FILE],
	    change->settings, change->error) == -1)
		return -1;
	if (change->kind == REVOCATION_TOKEN) {
		change->value = change->handed.token_id;
		change->token.hash = change->handed.hash;
		change->token.expires = change->handed.expires;
		change->note.token = &change->token;
		return 0;
	}
	change->value = change->handed.user_id;
	if (change->value == NULL) {
		error_set(change->error, "this credential does not tell its "
		    "user: name the user's ID");
		return -1;
	}
	if (strncmp(change->value, "client_id_", 10) == 0) {
		error_set(change->error, "this is a token of a machine's "
		    "client: name the client %s", change->value + 10);
		return -1;
	}
	return 0;
}

/* Until it is written; another process may hold the file for a while, in
 * which a signal may end us. */
static int
write_change(struct change *change, change_attempt *attempt)
{
	enum trust_write written = TRUST_HELD;
	int64_t begun = change->now.boottime;
	struct error held;
	sigset_t saved;

	while (written == TRUST_HELD) {
		signals_hold(&saved);
		written = attempt(change);
		if (written == TRUST_WRITTEN)
			break;
		signals_release(&saved);
		if (written == TRUST_FAILED)
			break;
		held = *change->error;
		error_clear(change->error);
		if (command_now(&change->now, change->error) == -1)
			return -1;
		if (change->now.boottime - begun > PATIENCE_MS) {
			error_set(change->error, "%s: nothing was written",
			    error_text(&held));
			return -1;
		}
		table_plain(held.text);
		(void)fprintf(stderr, "authgear-cache: %s; waiting\n",
		    error_text(&held));
	}
	return written == TRUST_WRITTEN ? 0 : -1;
}

void
change_notes(const struct trust_writer *writer)
{
	const char *const notes[] = { trust_writer_lacks(writer),
	    trust_writer_unkept(writer) };
	char text[sizeof(struct error)];
	size_t i;

	for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		if (notes[i] == NULL)
			continue;
		(void)snprintf(text, sizeof(text), "%s", notes[i]);
		table_plain(text);
		(void)fprintf(stderr, "authgear-cache: note: %s\n", text);
	}
}

static enum command_status
run(struct change *change, change_attempt *attempt)
{
	int64_t last;
	int told;

	actor_name(change->actor);
	change->note.actor = change->actor;
	change->note.reason = change->line->values[OPTION_REASON];
	change->note.source = "cli";
	change->settings = rights_settings(change->line, change->error);
	if (change->settings == NULL || find_value(change) == -1)
		return COMMAND_FAILED;
	last = change_log_last(change->settings);
	change->writer = trust_writer_open(change->settings->state,
	    change->settings->endpoint, change->error);
	/* the time after the opening, which may have waited */
	if (change->writer == NULL ||
	    command_now(&change->now, change->error) == -1 ||
	    write_change(change, attempt) == -1)
		return COMMAND_FAILED;
	told = change_log_tell(change->settings, last, change->line->json ?
	    NULL : change->tell);
	change_notes(change->writer);
	if (told == 0 || change->tell == NULL || change->line->json)
		return command_flush("it is done, but ", change->error);
	error_set(change->error, "it is done, but which they were cannot be "
	    "told: look at 'authgear-cache list audit'");
	return COMMAND_FAILED;
}

enum command_status
change_run(const struct command_line *line, change_read *read,
    change_attempt *attempt, struct error *error)
{
	struct change change;
	enum command_status status;
	const char *wrong;

	memset(&change, 0, sizeof(change));
	change.line = line;
	change.error = error;
	if ((wrong = read(&change)) != NULL) {
		error_set(error, "%s", wrong);
		return COMMAND_USAGE;
	}
	status = run(&change, attempt);
	trust_writer_free(change.writer);
	handed_clear(&change.handed);
	settings_free(change.settings);
	return status;
}

int
change_time(struct change *change, const char *text, int64_t missing,
    int64_t *seconds_out)
{
	*seconds_out = missing;
	if (text == NULL)
		return 0;
	if (when_parse(text, change->now.wall, seconds_out) == 0)
		return 0;
	error_set(change->error, WHEN_WRONG);
	return -1;
}

/* What the token on stdin said is said to be no more than that. */
const char *
change_remark(const struct change *change)
{
	switch (change->handed.kind) {
	case CREDENTIAL_JWT:
		return " (as the token says, whose signature was not "
		    "checked)";
	case CREDENTIAL_SESSION_COOKIE:
		return " (taken for a session cookie; if it is a refresh "
		    "token, revoke its user instead)";
	case CREDENTIAL_OPAQUE_TOKEN:
	case CREDENTIAL_APP_SESSION:
		return " (SHA-256 of its text)";
	case CREDENTIAL_NONE:
	default:
		return "";
	}
}

void
change_warn_of_user(const struct change *change)
{
	if (change->kind == REVOCATION_USER && change->typed != NULL &&
	    !change_words_is_uuid(change->typed))
		(void)fprintf(stderr, "authgear-cache: note: Authgear's user "
		    "IDs are UUIDs, this is none; it counts for a user whose "
		    "ID is exactly this text\n");
}
