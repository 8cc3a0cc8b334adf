#include <stdio.h>
#include <string.h>

#include "admin/actor.h"
#include "admin/change.h"
#include "admin/change_log.h"
#include "admin/commands.h"
#include "admin/import_file.h"
#include "admin/progress.h"
#include "admin/rights.h"
#include "admin/signals.h"
#include "settings/settings.h"
#include "state/write/trust_writer.h"

static const char help[] =
    "usage: authgear-cache import FILE [--reason TEXT] [OPTION...]\n"
    "\n"
    "Adds the revocations and accounts that `export' wrote on another host of\n"
    "the same endpoint, as far as they are missing here: all of it or, if one\n"
    "line is wrong or the end is missing, nothing. What is revoked here stays\n"
    "so, and so does an account of a user.\n"
    "\n"
    "  -r, --reason TEXT  why, for the audit\n"
    "  -c, --config FILE  settings (" COMMAND_SETTINGS ")\n"
    "  -j, --json         say what was done as JSON\n"
    "  -h, --help         this text\n";

/* One import. */
struct work {
	const struct command_line *line;
	struct settings *settings;
	struct trust_writer *writer;
	struct import_file file;
	struct progress progress;
	struct error *error;
};

static int
next(void *context, struct trust_item *item, struct error *error)
{
	struct work *work = context;

	progress_tell(&work->progress, work->file.line);
	return import_file_next(&work->file, item, error);
}

/* All of it once, before anything waits for it. */
static int
look(struct work *work)
{
	struct trust_item item;
	int found;

	progress_begin(&work->progress, "lines looked at");
	while ((found = next(work, &item, work->error)) == 1)
		;
	progress_end(&work->progress);
	return found == 0 ? import_file_rewind(&work->file, work->error) : -1;
}

static void
say(const struct work *work, const struct trust_restored *done)
{
	if (work->line->json)
		(void)printf("{\"id\":%lld,\"added\":%lld,\"same\":%lld,"
		    "\"accounts\":%lld,\"kept\":%lld}\n",
		    (long long)done->number, (long long)done->added,
		    (long long)done->same, (long long)done->accounts,
		    (long long)done->kept);
	else
		(void)printf("%lld revocations added, %lld were there; %lld "
		    "accounts set, %lld left as they are\n",
		    (long long)done->added, (long long)done->same,
		    (long long)done->accounts, (long long)done->kept);
}

static int
write_it(struct work *work)
{
	char actor[ACTOR_SIZE];
	const struct trust_note note = { .actor = actor,
	    .reason = work->line->values[OPTION_REASON], .source = "cli" };
	const struct trust_source source = { next, work };
	const int64_t last = change_log_last(work->settings);
	enum trust_write written;
	struct trust_restored done;
	struct moment now;
	sigset_t saved;

	actor_name(actor);
	work->writer = trust_writer_open(work->settings->state,
	    work->settings->endpoint, work->error);
	if (work->writer == NULL || command_now(&now, work->error) == -1)
		return -1;
	signals_hold(&saved);
	progress_begin(&work->progress, "lines written");
	written = trust_writer_import(work->writer, &source, &note, &now,
	    &done, work->error);
	progress_end(&work->progress);
	if (written != TRUST_WRITTEN) {
		signals_release(&saved);
		return -1;
	}
	say(work, &done);
	(void)change_log_tell(work->settings, last, NULL);
	change_notes(work->writer);
	return 0;
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	struct work work = { .line = line, .error = error };
	enum command_status status = COMMAND_FAILED;

	if (line->count != 1 || line->operands[0][0] == '\0') {
		error_set(error, "say from which FILE");
		return COMMAND_USAGE;
	}
	work.settings = rights_settings(line, error);
	if (work.settings != NULL && import_file_open(&work.file,
	    line->operands[0], work.settings->endpoint, error) == 0 &&
	    look(&work) == 0 && write_it(&work) == 0)
		status = command_flush("it is done, but ", error);
	import_file_close(&work.file);
	trust_writer_free(work.writer);
	settings_free(work.settings);
	return status;
}

const struct command import_command = {
	.name = "import",
	.options = 1U << OPTION_REASON,
	.no_option = COMMAND_NO_OPTION,
	.usage = "FILE [--reason TEXT] ...",
	.summary = "add what another host exported",
	.help = help,
	.run = run
};
