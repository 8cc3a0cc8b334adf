#include "change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "change_options.h"
#include "handed.h"
#include "json.h"
#include "row_print.h"
#include "settings.h"
#include "signals.h"
#include "transport/clock.h"
#include "trust_writer.h"
#include "when.h"

/* How long another process may hold the file before we give up. */
#define PATIENCE_MS 30000

struct change {
	struct change_options options;
	struct settings *settings;
	struct trust_writer *writer;
	struct handed handed;
	const char *value;
	char actor[ACTOR_SIZE];
	struct trust_note note;
	struct trust_token token;	/* of the credential */
	struct moment now;		/* of the last attempt */
	struct error error;
};

static int
look_at_clock(struct change *change)
{
	if (clock_now(&change->now) == 0)
		return 0;
	error_set(&change->error, "the kernel's boot id cannot be read: mount "
	    "/proc");
	return -1;
}

/* What is to be changed, from the argument or from a credential. */
static int
find_value(struct change *change)
{
	const struct change_options *options = &change->options;

	change->value = options->value;
	if (options->value != NULL || options->id != 0)
		return 0;
	if (handed_read(&change->handed, options->file, change->settings,
	    &change->error) == -1)
		return -1;
	if (options->kind == REVOCATION_TOKEN) {
		change->value = change->handed.token_id;
		change->token.hash = change->handed.hash;
		change->token.expires = change->handed.expires;
		change->note.token = &change->token;
		return 0;
	}
	change->value = change->handed.user_id;
	if (change->value == NULL) {
		error_set(&change->error, "this credential does not tell its "
		    "user: name the user's ID");
		return -1;
	}
	if (strncmp(change->value, "client_id_", 10) == 0) {
		error_set(&change->error, "this is a token of a machine's "
		    "client: name the client %s", change->value + 10);
		return -1;
	}
	return 0;
}

static int
read_time(struct change *change, const char *text, int64_t missing,
    int64_t *seconds_out)
{
	*seconds_out = missing;
	if (text == NULL)
		return 0;
	if (when_parse(text, change->now.wall, seconds_out) == 0)
		return 0;
	error_set(&change->error, "this is no time: write "
	    "2026-11-23T21:00:00Z, Unix seconds, or +1h or -1h from now");
	return -1;
}

static int
make_row(struct change *change, struct revocation *row)
{
	const struct change_options *options = &change->options;

	row->kind = options->kind;
	row->value = change->value;
	row->from = row->until = REVOCATION_NO_TIME;
	if (options->command == CHANGE_BLOCK) {
		row->rule = REVOCATION_BLOCKED;
		if (read_time(change, options->from, REVOCATION_NO_TIME,
		    &row->from) == -1)
			return -1;
		if (read_time(change, options->until, REVOCATION_NO_TIME,
		    &row->until) == -1)
			return -1;
		if (row->until == REVOCATION_NO_TIME || row->until > row->from)
			return 0;
		error_set(&change->error, "the block ends before it begins "
		    "(--from, --until)");
		return -1;
	}
	row->rule = REVOCATION_REVOKED;
	if (row->kind == REVOCATION_TOKEN || row->kind == REVOCATION_KEY)
		return 0;
	row->rule = REVOCATION_SIGNED_OUT;
	return read_time(change, options->at, change->now.wall, &row->from);
}

/* Eight, four, four, four and twelve hex digits. */
static int
is_uuid(const char *text)
{
	size_t i;

	for (i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ?
		    text[i] != '-' : strchr("0123456789abcdefABCDEF",
		    text[i]) == NULL || text[i] == '\0')
			return 0;
	return text[i] == '\0';
}

/* A user that was typed, and by what it says cannot be of Authgear's own. */
static void
warn_of_user(const struct change *change)
{
	const struct change_options *options = &change->options;

	if (options->kind == REVOCATION_USER && options->value != NULL &&
	    !is_uuid(options->value))
		(void)fprintf(stderr, "authgear-cache: note: Authgear's user "
		    "IDs are UUIDs, this is none; it counts for a user whose "
		    "ID is exactly this text\n");
}

/* What the token on stdin said is said to be no more than that. */
static const char *
remark(const struct change *change)
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

static void
say_added_json(const struct change *change, const struct revocation *row,
    int64_t id, int added)
{
	struct trust_list_row whole = { .id = id, .revocation = *row,
	    .reason = change->note.reason, .actor = change->note.actor,
	    .source = change->note.source, .time = change->now.wall,
	    .expires = REVOCATION_NO_TIME };

	if (change->note.token != NULL) {
		(void)snprintf(whole.credential, sizeof(whole.credential),
		    "%s", change->token.hash);
		whole.expires = change->token.expires;
	}
	row_print_json(&whole, added ? ",\"added\":true" :
	    ",\"added\":false");
	(void)putchar('\n');
}

static void
say_added(const struct change *change, const struct revocation *row,
    int64_t id, int added)
{
	char from[WHEN_SIZE], until[WHEN_SIZE];

	if (change->options.json) {
		say_added_json(change, row, id, added);
		return;
	}
	(void)printf("%s%lld: %s%s%s %s", added ? "" : "already there as ",
	    (long long)id, revocation_kind_name(row->kind),
	    row->value[0] == '\0' ? "" : " ", row->value,
	    revocation_rule_name(row->rule));
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
	(void)printf("%s\n", remark(change));
	if (row->kind == REVOCATION_CLIENT)
		(void)printf("This holds for JWT access tokens; opaque tokens "
		    "and cookies do not name their client.\n");
}

static enum trust_write
attempt_add(struct change *change)
{
	enum trust_write written;
	struct revocation row;
	int64_t id;
	int added;

	if (make_row(change, &row) == -1)
		return TRUST_FAILED;
	written = trust_writer_add(change->writer, &row, &change->note,
	    &change->now, &id, &added, &change->error);
	if (written == TRUST_WRITTEN) {
		say_added(change, &row, id, added);
		warn_of_user(change);
	}
	return written;
}

static enum trust_write
attempt_lift(struct change *change)
{
	const struct trust_choice choice = { change->options.id,
	    change->options.kind, change->value };
	enum trust_write written;
	int count;

	written = trust_writer_lift(change->writer, &choice, &change->note,
	    &change->now, &count, &change->error);
	if (written != TRUST_WRITTEN)
		return written;
	if (count == 0) {
		error_set(&change->error, "there is no such revocation: look "
		    "at 'authgear-cache list revocations'");
		return TRUST_FAILED;
	}
	if (change->options.json)
		(void)printf("{\"lifted\":%d}\n", count);
	else
		(void)printf("%d lifted%s\n", count, remark(change));
	return TRUST_WRITTEN;
}

/* {"user":..,"account":..}, with account null if it was taken away. */
static int
print_mapped(const struct change *change)
{
	const char *account = change->options.account;
	char *user_text = json_quote(change->value);
	char *account_text = account == NULL ? NULL : json_quote(account);
	int ret = -1;

	if (user_text != NULL && (account == NULL || account_text != NULL))
		ret = printf("{\"user\":%s,\"account\":%s}\n", user_text,
		    account == NULL ? "null" : account_text) < 0 ? -1 : 0;
	free(user_text);
	free(account_text);
	return ret;
}

static enum trust_write
attempt_map(struct change *change)
{
	const int is_add = change->options.command == CHANGE_MAP;
	enum trust_write written;
	int count = 1;

	if (is_add)
		written = trust_writer_map(change->writer, change->value,
		    change->options.account, &change->note, &change->now,
		    &change->error);
	else
		written = trust_writer_unmap(change->writer, change->value,
		    &change->note, &change->now, &count, &change->error);
	if (written != TRUST_WRITTEN)
		return written;
	if (count == 0) {
		error_set(&change->error, "this user has no account: look at "
		    "'authgear-cache list map'");
		return TRUST_FAILED;
	}
	if (is_add)
		warn_of_user(change);
	if (change->options.json)
		(void)print_mapped(change);
	else if (is_add)
		(void)printf("user %s is account %s%s\n", change->value,
		    change->options.account, remark(change));
	else
		(void)printf("user %s has no account any more%s\n",
		    change->value, remark(change));
	return TRUST_WRITTEN;
}

static enum trust_write
attempt(struct change *change)
{
	switch (change->options.command) {
	case CHANGE_LIFT:
		return attempt_lift(change);
	case CHANGE_MAP:
	case CHANGE_UNMAP:
		return attempt_map(change);
	case CHANGE_REVOKE:
	case CHANGE_BLOCK:
	default:
		return attempt_add(change);
	}
}

/* Until it is written; another process may hold the file for a while, in
 * which a signal may end us. */
static int
write_change(struct change *change)
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
		held = change->error;
		error_clear(&change->error);
		if (look_at_clock(change) == -1)
			return -1;
		if (change->now.boottime - begun > PATIENCE_MS) {
			error_set(&change->error, "%s: nothing was written",
			    error_text(&held));
			return -1;
		}
		(void)fprintf(stderr, "authgear-cache: %s; waiting\n",
		    error_text(&held));
	}
	return written == TRUST_WRITTEN ? 0 : -1;
}

static int
run(struct change *change)
{
	const char *lacks;

	actor_name(change->actor);
	change->note.actor = change->actor;
	change->note.reason = change->options.reason;
	change->note.source = "cli";
	change->settings = settings_load(change->options.config,
	    &change->error);
	if (change->settings == NULL || find_value(change) == -1)
		return -1;
	change->writer = trust_writer_open(change->settings->state,
	    change->settings->endpoint, &change->error);
	/* the time after the opening, which may have waited */
	if (change->writer == NULL || look_at_clock(change) == -1 ||
	    write_change(change) == -1)
		return -1;
	lacks = trust_writer_lacks(change->writer);
	if (lacks != NULL)
		(void)fprintf(stderr, "authgear-cache: note: %s\n", lacks);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	error_set(&change->error, "it is done, but writing to stdout failed");
	return -1;
}

static int
change_main(enum change_command command, int argc, char **argv)
{
	struct change change;
	int status = 0;

	memset(&change, 0, sizeof(change));
	switch (change_options_parse(&change.options, command, argc, argv)) {
	case CHANGE_RUN:
		break;
	case CHANGE_HELPED:
		return 0;
	case CHANGE_USAGE:
	default:
		return 2;
	}
	if (run(&change) == -1) {
		(void)fprintf(stderr, "authgear-cache: %s\n",
		    error_text(&change.error));
		status = 1;
	}
	trust_writer_free(change.writer);
	handed_clear(&change.handed);
	settings_free(change.settings);
	return status;
}

int
change_revoke_main(int argc, char **argv)
{
	return change_main(CHANGE_REVOKE, argc, argv);
}

int
change_block_main(int argc, char **argv)
{
	return change_main(CHANGE_BLOCK, argc, argv);
}

int
change_lift_main(int argc, char **argv)
{
	return change_main(CHANGE_LIFT, argc, argv);
}

int
change_map_main(int argc, char **argv)
{
	return change_main(CHANGE_MAP, argc, argv);
}
