#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/actor.h"
#include "admin/ask.h"
#include "admin/authgear_time.h"
#include "admin/change.h"
#include "admin/change_log.h"
#include "admin/commands.h"
#include "admin/progress.h"
#include "admin/rights.h"
#include "admin/signals.h"
#include "ground/when.h"
#include "settings/settings.h"
#include "state/write/trust_writer.h"

#define KEPT_SECONDS (30 * 24 * 3600)	/* behind the end of a token */

static const char help[] =
    "usage: authgear-cache prune [--older-than TIME [--audit]] [--dry-run]\n"
    "           [OPTION...]\n"
    "\n"
    "Drops what refuses nobody any more: tokens that were revoked and ended\n"
    "by themselves 30 days ago, by this clock and Authgear's, which is asked.\n"
    "Of what did not tell its end, and of the audit, only what is older than\n"
    "a TIME, by the earlier clock; what names a user, client, key or all\n"
    "stays.\n"
    "\n"
    "      --older-than TIME  credentials too that did not tell their end and\n"
    "                     were revoked before; 2026-11-23T21:00:00Z, -365d\n"
    "      --audit        and the audit until then, but for its last row\n"
    "      --dry-run      say how many rows those are, and end\n"
    "  -y, --yes          do not ask, on a terminal\n"
    "  -r, --reason TEXT  why, for the audit\n"
    "  -c, --config FILE  settings (" COMMAND_SETTINGS ")\n"
    "  -j, --json         say what was done as JSON\n"
    "  -h, --help         this text\n";

/* One pruning. */
struct work {
	const struct command_line *line;
	struct settings *settings;
	struct trust_writer *writer;
	struct trust_prune_wish wish;
	struct progress progress;
	int64_t steps;
	struct moment now;
	struct error *error;
};

static void
step(void *context)
{
	struct work *work = context;

	progress_tell(&work->progress, ++work->steps);
}

/* The next look at trust.db counts from the beginning. */
static void
begin_steps(struct work *work)
{
	work->wish.step = step;
	work->wish.context = work;
	work->steps = 0;
	progress_begin(&work->progress, "steps through trust.db");
}

/* A time that counts from now: a clock that is ahead would drop what was
 * revoked a moment ago. */
static int
is_relative(const char *time)
{
	return time != NULL && (time[0] == '-' || time[0] == '+' ||
	    strcmp(time, "now") == 0);
}

/* By the earlier of two clocks: one that is ahead drops nothing too soon. */
static int
find_now(struct work *work, int64_t *now_out)
{
	const char *older = work->line->values[OPTION_OLDER_THAN];
	struct error why = { "" };

	if (authgear_time(work->settings, now_out, &why) == 0) {
		if (*now_out > work->now.wall)
			*now_out = work->now.wall;
		work->wish.ended_before = *now_out - KEPT_SECONDS;
		return 0;
	}
	if (older == NULL || is_relative(older)) {
		error_set(work->error, "Authgear does not tell its time, so "
		    "nothing was dropped%s: %s", older == NULL ? "" : "; "
		    "--older-than with a date does not need it", why.text);
		return -1;
	}
	*now_out = work->now.wall;
	(void)fprintf(stderr, "authgear-cache: note: Authgear does not tell "
	    "its time, so no token is dropped that ended: %s\n", why.text);
	return 0;
}

static int
find_wish(struct work *work)
{
	const char *older = work->line->values[OPTION_OLDER_THAN];
	struct trust_prune_wish *wish = &work->wish;
	int64_t now;

	if (older != NULL && when_parse(older, work->now.wall,
	    &wish->added_before) == -1) {
		error_set(work->error, WHEN_WRONG);
		return -1;
	}
	if (find_now(work, &now) == -1)
		return -1;
	if (older != NULL)
		(void)when_parse(older, now, &wish->added_before);
	if (wish->added_before > now) {
		error_set(work->error, "the time is in the future");
		return -1;
	}
	if (work->line->values[OPTION_AUDIT] != NULL)
		wish->audit_before = wish->added_before;
	return 0;
}

static void
say(const struct work *work, const struct trust_pruned *pruned)
{
	const int is_dry = work->line->values[OPTION_DRY_RUN] != NULL;

	if (work->line->json) {
		(void)printf("{\"dropped\":%s,\"tokens\":%lld,"
		    "\"others\":%lld,\"audit\":%lld}\n", is_dry ? "false" :
		    "true", (long long)pruned->ended,
		    (long long)pruned->endless, (long long)pruned->audit);
		return;
	}
	(void)printf("%lld tokens that ended, %lld other credentials and %lld "
	    "rows of the audit %s dropped\n", (long long)pruned->ended,
	    (long long)pruned->endless, (long long)pruned->audit,
	    is_dry ? "would be" : "are");
}

/* 1 to go on, 0 if there is nothing to do, -1 and error. */
static int
agree(struct work *work)
{
	struct trust_pruned pruned;
	char question[200];
	int found;

	begin_steps(work);
	found = trust_writer_prunable(work->writer, &work->wish, &pruned,
	    work->error);
	progress_end(&work->progress);
	if (found == -1)
		return -1;
	if (work->line->values[OPTION_DRY_RUN] != NULL ||
	    pruned.ended + pruned.endless + pruned.audit == 0) {
		say(work, &pruned);
		return 0;
	}
	if (work->line->values[OPTION_YES] != NULL || !isatty(STDIN_FILENO))
		return 1;
	(void)snprintf(question, sizeof(question), "%lld tokens that ended, "
	    "%lld other credentials and %lld rows of the audit are dropped. "
	    "Go on? [y/N] ", (long long)pruned.ended,
	    (long long)pruned.endless, (long long)pruned.audit);
	return ask_yes(question, work->error) == 1 ? 1 : -1;
}

static int
drop(struct work *work)
{
	char actor[ACTOR_SIZE];
	const struct trust_note note = { .actor = actor,
	    .reason = work->line->values[OPTION_REASON], .source = "cli" };
	struct trust_pruned pruned;
	const int64_t last = change_log_last(work->settings);
	enum trust_write written;
	sigset_t saved;

	actor_name(actor);
	signals_hold(&saved);
	begin_steps(work);
	written = trust_writer_prune(work->writer, &work->wish, &note,
	    &work->now, &pruned, work->error);
	progress_end(&work->progress);
	if (written != TRUST_WRITTEN) {
		signals_release(&saved);
		return -1;
	}
	say(work, &pruned);
	(void)change_log_tell(work->settings, last, NULL);
	change_notes(work->writer);
	return 0;
}

/* Authgear is asked before any database is open. */
static int
prune(struct work *work)
{
	int agreed;

	work->settings = rights_settings(work->line, work->error);
	if (work->settings == NULL ||
	    command_now(&work->now, work->error) == -1 ||
	    find_wish(work) == -1)
		return -1;
	work->writer = trust_writer_open(work->settings->state,
	    work->settings->endpoint, work->error);
	if (work->writer == NULL)
		return -1;
	agreed = agree(work);
	return agreed == 1 ? drop(work) : agreed;
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	struct work work = { .line = line, .error = error };
	enum command_status status = COMMAND_FAILED;

	if (line->values[OPTION_AUDIT] != NULL &&
	    line->values[OPTION_OLDER_THAN] == NULL) {
		error_set(error, "--audit goes with --older-than");
		return COMMAND_USAGE;
	}
	if (prune(&work) == 0)
		status = command_flush("it is done, but ", error);
	trust_writer_free(work.writer);
	settings_free(work.settings);
	return status;
}

const struct command prune_command = {
	.name = "prune",
	.options = 1U << OPTION_OLDER_THAN | 1U << OPTION_AUDIT |
	    1U << OPTION_DRY_RUN | 1U << OPTION_YES | 1U << OPTION_REASON,
	.no_option = COMMAND_NO_OPTION,
	.no_operand = "it takes options only",
	.usage = "[--older-than TIME] [--dry-run] ...",
	.summary = "drop what refuses nobody any more",
	.help = help,
	.run = run
};
