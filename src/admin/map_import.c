#include "admin/map_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/actor.h"
#include "admin/ask.h"
#include "admin/change.h"
#include "admin/change_log.h"
#include "admin/change_words.h"
#include "admin/map_file.h"
#include "admin/progress.h"
#include "admin/rights.h"
#include "admin/signals.h"
#include "admin/table.h"
#include "face/json_print.h"

/* One import. */
struct work {
	const struct command_line *line;
	struct settings *settings;
	struct trust_writer *writer;
	struct map_file file;
	struct trust_pair *pairs;
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
is_change(const struct map_row *row)
{
	return row->before == NULL || strcmp(row->before, row->account) != 0;
}

static void
tell_row(const struct map_row *row, int json, int is_first)
{
	static const struct table_column columns[] = { { "USER", 36 },
	    { "ACCOUNT", 30 }, { "UNTIL NOW", 32 } };
	const char *const cells[] = { row->user, row->account, row->before };
	const size_t count = sizeof(columns) / sizeof(columns[0]);

	if (json) {
		json_print_text(stdout, "{\"user\":", row->user);
		json_print_text(stdout, ",\"account\":", row->account);
		json_print_text(stdout, ",\"before\":", row->before);
		(void)fputs("}\n", stdout);
		return;
	}
	if (is_first)
		table_head(columns, count);
	table_row(columns, count, cells);
}

/* What would change. */
static void
tell(const struct work *work)
{
	const struct map_file *file = &work->file;
	size_t i, told = 0;

	for (i = 0; i < file->count; i++)
		if (is_change(&file->rows[i]))
			tell_row(&file->rows[i], work->line->json,
			    told++ == 0);
}

static void
say(const struct work *work, int64_t set, const char *verb)
{
	const long long same = (long long)work->file.count - (long long)set;

	if (work->line->json)
		(void)printf("{\"set\":%lld,\"same\":%lld,\"done\":%s}\n",
		    (long long)set, same, strcmp(verb, "are") == 0 ?
		    "true" : "false");
	else
		(void)printf("%lld accounts %s set, %lld %s so before\n",
		    (long long)set, verb, same, same == 1 ? "was" : "were");
}

/* The last row, if it changes something and may be half of one: what is left
 * of an account may be another one.  NULL: no such row. */
static const struct map_row *
cut_row(const struct map_file *file)
{
	const struct map_row *last = &file->rows[file->count - 1];

	return file->has_no_end && is_change(last) ? last : NULL;
}

/* A head in other words than ours is a row like any other, and would be set:
 * so one user is told who is no UUID where others are. */
static void
tell_odd(const struct map_file *file)
{
	const struct map_row *odd = NULL;
	size_t i, uuids = 0;

	for (i = 0; i < file->count; i++)
		if (change_words_is_uuid(file->rows[i].user))
			uuids++;
		else if (odd == NULL)
			odd = &file->rows[i];
	if (odd != NULL && uuids > 0)
		(void)fprintf(stderr, "authgear-cache: note: line %lld: its "
		    "user is no UUID, as Authgear's user IDs are; a first line "
		    "that names the columns has the words user,account\n",
		    odd->line);
}

/* 1 to go on, -1 and error. */
static int
ask(const struct work *work, const struct map_row *cut)
{
	char question[100];

	if (cut != NULL && (work->line->values[OPTION_YES] != NULL ||
	    !isatty(STDIN_FILENO))) {
		error_set(work->error, "%.200s: line %lld has no line end: if "
		    "the file is not cut there, end that line, or agree on a "
		    "terminal", work->file.path, cut->line);
		return -1;
	}
	if (work->line->values[OPTION_YES] != NULL)
		return 1;
	(void)snprintf(question, sizeof(question), "%lld accounts are set. "
	    "Go on? [y/N] ", (long long)work->file.changes);
	return ask_yes(question, work->error) == 1 ? 1 : -1;
}

/* 1 to go on, 0 if there is nothing to do, -1 and error. */
static int
agree(const struct work *work)
{
	const struct map_row *cut = cut_row(&work->file);
	const int64_t changes = (int64_t)work->file.changes;

	tell(work);
	(void)fflush(stdout);
	tell_odd(&work->file);
	if (cut != NULL)
		(void)fprintf(stderr, "authgear-cache: note: line %lld has no "
		    "line end: is the file cut there?\n", cut->line);
	if (work->line->values[OPTION_DRY_RUN] != NULL) {
		say(work, changes, "would be");
		return 0;
	}
	if (changes == 0) {
		say(work, 0, "are");
		return 0;
	}
	return ask(work, cut);
}

static int
make_pairs(struct work *work)
{
	const struct map_row *row;
	size_t i;

	work->pairs = calloc(work->file.count, sizeof(*work->pairs));
	if (work->pairs == NULL) {
		error_set(work->error, "out of memory");
		return -1;
	}
	for (i = 0; i < work->file.count; i++) {
		row = &work->file.rows[i];
		work->pairs[i].user_id = row->user;
		work->pairs[i].account = row->account;
		work->pairs[i].line = row->line;
	}
	return 0;
}

static int
write_it(struct work *work)
{
	char actor[ACTOR_SIZE];
	const struct trust_note note = { .actor = actor,
	    .reason = work->line->values[OPTION_REASON], .source = "cli" };
	struct trust_mapping mapping = { .count = work->file.count,
	    .step = step, .context = work };
	const int64_t last = change_log_last(work->settings);
	enum trust_write written;
	struct moment now;
	sigset_t saved;

	actor_name(actor);
	if (make_pairs(work) == -1)
		return -1;
	mapping.pairs = work->pairs;
	work->writer = trust_writer_open(work->settings->state,
	    work->settings->endpoint, work->error);
	if (work->writer == NULL || command_now(&now, work->error) == -1)
		return -1;
	signals_hold(&saved);
	progress_begin(&work->progress, "accounts looked at");
	written = trust_writer_map_all(work->writer, &mapping, &note, &now,
	    work->error);
	progress_end(&work->progress);
	if (written != TRUST_WRITTEN) {
		signals_release(&saved);
		return -1;
	}
	say(work, mapping.set, "are");
	(void)change_log_tell(work->settings, last, NULL);
	change_notes(work->writer);
	return 0;
}

static int
import(struct work *work)
{
	int agreed;

	work->settings = rights_settings(work->line, work->error);
	if (work->settings == NULL || map_file_read(&work->file,
	    work->line->operands[1], work->error) == -1 ||
	    map_file_compare(&work->file, work->settings, work->error) == -1)
		return -1;
	agreed = agree(work);
	return agreed == 1 ? write_it(work) : agreed;
}

enum command_status
map_import(const struct command_line *line, struct error *error)
{
	struct work work = { .line = line, .error = error };
	enum command_status status = COMMAND_FAILED;

	if (line->count != 2 || line->operands[1][0] == '\0' ||
	    line->values[OPTION_FILE] != NULL) {
		error_set(error, "say from which FILE");
		return COMMAND_USAGE;
	}
	if (import(&work) == 0)
		status = command_flush("it is done, but ", error);
	trust_writer_free(work.writer);
	free(work.pairs);
	map_file_clear(&work.file);
	settings_free(work.settings);
	return status;
}
