#include <stdio.h>

#include "admin/actor.h"
#include "admin/ask.h"
#include "admin/change.h"
#include "admin/change_log.h"
#include "admin/commands.h"
#include "admin/progress.h"
#include "admin/rights.h"
#include "admin/row_print.h"
#include "admin/signals.h"
#include "settings/settings.h"
#include "state/write/trust_backup.h"
#include "state/write/trust_list.h"
#include "state/write/trust_writer.h"

static const char help[] =
    "usage: authgear-cache restore FILE [--exact [--yes]] [OPTION...]\n"
    "\n"
    "Brings back what a backup has: revocations and accounts that are missing\n"
    "are added, and nothing that is revoked now is let in. With --exact what\n"
    "the backup does not have is dropped, which is told and asked for first.\n"
    "A file with a log beside it (FILE-wal) may lack changes, and is refused.\n"
    "Copies of trust.db from before are not believed any more.\n"
    "\n"
    "      --exact        as it was, no more and no less\n"
    "  -y, --yes          do not ask\n"
    "  -r, --reason TEXT  why, for the audit\n"
    "  -c, --config FILE  settings (" COMMAND_SETTINGS ")\n"
    "  -j, --json         say what was done as JSON\n"
    "  -h, --help         this text\n";

/* One restoring. */
struct work {
	const struct command_line *line;
	struct settings *settings;
	struct trust_backup *backup;
	struct trust_writer *writer;
	struct trust_restore_wish wish;
	struct progress progress;
	int64_t rows;
	struct error *error;
};

static void
step(void *context)
{
	struct work *work = context;

	progress_tell(&work->progress, ++work->rows);
}

static int
open_backup(struct work *work)
{
	work->backup = trust_backup_read(work->line->operands[0],
	    work->settings->endpoint, work->error);
	work->wish.backup = work->backup;
	return work->backup == NULL ? -1 : 0;
}

/* Names what would be dropped: how many, or -1 and error. */
static int64_t
name_surplus(struct work *work)
{
	struct trust_list_row row;
	struct trust_list *list;
	int64_t count = 0;
	int found, has = -1;

	list = trust_list_open(work->settings->state,
	    work->settings->endpoint, NULL, work->error);
	if (list == NULL)
		return -1;
	while ((found = trust_list_next(list, &row, work->error)) == 1) {
		has = trust_backup_has(work->backup, &row, work->error);
		if (has == -1)
			break;
		work->wish.last = row.id;
		if (has == 0 && !work->line->json)
			row_print_table(&row, count == 0);
		count += has == 0;
	}
	trust_list_free(list);
	return found == 0 ? count : -1;
}

/* Likewise of the account map. */
static int64_t
name_accounts(struct work *work)
{
	struct trust_list_account row;
	struct trust_list *list;
	int64_t count = 0;
	int found, has = -1;

	list = trust_list_open_map(work->settings->state,
	    work->settings->endpoint, NULL, work->error);
	if (list == NULL)
		return -1;
	while ((found = trust_list_next_account(list, &row,
	    work->error)) == 1) {
		has = trust_backup_has_account(work->backup, &row,
		    work->error);
		if (has == -1)
			break;
		if (has == 0 && !work->line->json)
			row_print_account_table(&row, count == 0);
		count += has == 0;
	}
	trust_list_free(list);
	return found == 0 ? count : -1;
}

static int
ask(struct work *work)
{
	char question[192];
	int64_t count, accounts;

	if (!work->wish.is_exact)
		return 0;
	count = name_surplus(work);
	accounts = count == -1 ? -1 : name_accounts(work);
	if (accounts == -1)
		return -1;
	(void)snprintf(question, sizeof(question), "%lld revocations and %lld "
	    "accounts are dropped, and what change %lld has comes in their "
	    "place. Go on? [y/N] ", (long long)count, (long long)accounts,
	    (long long)trust_backup_number(work->backup));
	return work->line->values[OPTION_YES] != NULL ||
	    ask_yes(question, work->error) == 1 ? 0 : -1;
}

static void
say(const struct work *work, const struct trust_restored *restored)
{
	if (work->line->json)
		(void)printf("{\"id\":%lld,\"added\":%lld,\"dropped\":%lld,"
		    "\"accounts\":%lld,\"kept\":%lld}\n",
		    (long long)restored->number, (long long)restored->added,
		    (long long)restored->dropped,
		    (long long)restored->accounts,
		    (long long)restored->kept);
	else
		(void)printf("%lld: %lld revocations added, %lld dropped; "
		    "%lld accounts set, %lld left as they are; copies from "
		    "before are not believed any more\n",
		    (long long)restored->number, (long long)restored->added,
		    (long long)restored->dropped,
		    (long long)restored->accounts,
		    (long long)restored->kept);
	change_notes(work->writer);
}

static int
write_it(struct work *work)
{
	char actor[ACTOR_SIZE];
	const struct trust_note note = { .actor = actor,
	    .reason = work->line->values[OPTION_REASON], .source = "cli" };
	enum trust_write written;
	struct trust_restored restored;
	const int64_t last = change_log_last(work->settings);
	struct moment now;
	sigset_t saved;

	actor_name(actor);
	work->writer = trust_writer_open(work->settings->state,
	    work->settings->endpoint, work->error);
	if (work->writer == NULL || command_now(&now, work->error) == -1)
		return -1;
	signals_hold(&saved);
	progress_begin(&work->progress, "rows looked at");
	work->wish.step = step;
	work->wish.context = work;
	written = trust_writer_restore(work->writer, &work->wish, &note, &now,
	    &restored, work->error);
	progress_end(&work->progress);
	if (written == TRUST_WRITTEN) {
		say(work, &restored);
		(void)change_log_tell(work->settings, last, NULL);
		return 0;
	}
	signals_release(&saved);
	return -1;
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	struct work work = { .line = line, .error = error };
	enum command_status status = COMMAND_FAILED;

	if (line->count != 1) {
		error_set(error, "say from which FILE");
		return COMMAND_USAGE;
	}
	work.wish.is_exact = line->values[OPTION_EXACT] != NULL;
	if (!work.wish.is_exact && line->values[OPTION_YES] != NULL) {
		error_set(error, "--yes goes with --exact: else nothing is "
		    "asked");
		return COMMAND_USAGE;
	}
	work.settings = rights_settings(line, error);
	if (work.settings != NULL && open_backup(&work) == 0 &&
	    ask(&work) == 0 && write_it(&work) == 0)
		status = command_flush("it is done, but ", error);
	trust_writer_free(work.writer);
	trust_backup_free(work.backup);
	settings_free(work.settings);
	return status;
}

const struct command restore_command = {
	.name = "restore",
	.options = 1U << OPTION_EXACT | 1U << OPTION_YES |
	    1U << OPTION_REASON,
	.no_option = COMMAND_NO_OPTION,
	.usage = "FILE [--exact] ...",
	.summary = "bring back what a backup has",
	.help = help,
	.run = run
};
