#include "admin/change.h"

#include <stdio.h>
#include <string.h>

#include "admin/change_say.h"
#include "admin/signals.h"
#include "admin/when.h"
#include "settings/settings.h"
#include "transport/clock.h"

/* How long another process may hold the file before we give up. */
#define PATIENCE_MS 30000

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
		change_say_added(change, &row, id, added);
		change_warn_of_user(change);
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
	change_say_lifted(change, count);
	return TRUST_WRITTEN;
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
		change_warn_of_user(change);
	change_say_mapped(change, is_add);
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
	change_warn_of_copy(change);
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
