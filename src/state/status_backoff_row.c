/* The row of the back-off. */
#include "config.h"

#include "state/status_backoff_row.h"

#include <sqlite3.h>
#include <string.h>

#include "state/sql.h"
#include "state/status_file.h"
#include "state/status_waiting.h"

#define SLACK_MS 1000		/* clocks of two processes, one read later */

/* Nobody is told to wait for longer. */
static int
is_credible(int64_t until, const struct moment *now)
{
	return until >= 0 &&
	    until <= now->boottime + STATUS_BACKOFF_TOLD_MS + SLACK_MS;
}

/* Columns of the row that the statement stands on. */
static void
read_row(struct sqlite3_stmt *statement, struct status_backoff *backoff)
{
	backoff->failures = sqlite3_column_int(statement, 0);
	backoff->until = sqlite3_column_int64(statement, 1);
	backoff->is_fault = sqlite3_column_int64(statement, 2) != 0;
	backoff->told_until = sqlite3_column_int64(statement, 3);
	backoff->mark = sqlite3_column_int64(statement, 4);
}

int
status_backoff_row_load(struct status *status, const struct moment *now,
    struct status_backoff *backoff)
{
	static const char sql[] = "SELECT failures, until, is_fault, "
	    "told_until, mark FROM backoff "
	    "WHERE endpoint = ?1 AND boot_id = ?2";
	const struct sql_value values[] = { sql_text(status->endpoint),
	    sql_text(now->boot_id) };
	int rc;

	memset(backoff, 0, sizeof(*backoff));
	rc = status_file_step(status, STATUS_BACKOFF_LOAD, sql, values, 2);
	if (rc == SQLITE_ROW)
		read_row(status->statements[STATUS_BACKOFF_LOAD], backoff);
	if (backoff->failures < 0 ||
	    backoff->failures >= STATUS_BACKOFF_MAX_FAILURES ||
	    !is_credible(backoff->until, now) ||
	    !is_credible(backoff->told_until, now))
		memset(backoff, 0, sizeof(*backoff));
	return status_file_reset(status, STATUS_BACKOFF_LOAD, rc);
}

void
status_backoff_row_join(struct status_backoff *backoff,
    const struct status_backoff *other)
{
	struct status_backoff joined = *other;

	if (backoff->failures == 0)
		backoff->mark = joined.mark;
	if (joined.failures > 0 && joined.mark != backoff->mark) {
		status_backoff_row_spread(backoff);
		status_backoff_row_spread(&joined);
	}
	if (joined.until > backoff->until) {
		backoff->until = joined.until;
		backoff->is_fault = joined.is_fault;
	}
	if (joined.failures > backoff->failures)
		backoff->failures = joined.failures;
	status_backoff_row_tell(backoff, joined.told_until);
}

void
status_backoff_row_spread(struct status_backoff *backoff)
{
	if (backoff->mark == 0)
		return;
	backoff->mark = 0;
	backoff->until = backoff->told_until;
	if (backoff->failures > STATUS_BACKOFF_FREE_FAILURES)
		backoff->failures = STATUS_BACKOFF_FREE_FAILURES;
}

void
status_backoff_row_tell(struct status_backoff *backoff, int64_t told_until)
{
	if (told_until > backoff->told_until)
		backoff->told_until = told_until;
	if (backoff->told_until > backoff->until)
		backoff->until = backoff->told_until;
}

static int
store(struct status *status, const char *boot_id,
    const struct status_backoff *backoff)
{
	static const char end[] = "DELETE FROM backoff WHERE endpoint = ?1";
	static const char begin[] = "INSERT OR REPLACE INTO backoff "
	    "(endpoint, boot_id, failures, until, is_fault, told_until, mark) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
	const struct sql_value values[] = { sql_text(status->endpoint),
	    sql_text(boot_id), sql_number(backoff->failures),
	    sql_number(backoff->until), sql_number(backoff->is_fault),
	    sql_number(backoff->told_until), sql_number(backoff->mark) };

	return backoff->failures == 0 && backoff->told_until == 0 ?
	    sql_run(status->db, end, values, 1) :
	    sql_run(status->db, begin, values, 7);
}

int
status_backoff_row_write(struct status *status, const struct moment *now,
    uint64_t *number_out)
{
	struct status_pending *pending = status->pending;
	struct pending_backoff backoff;
	struct status_backoff there;
	int rc;

	*number_out = 0;
	(void)pthread_mutex_lock(&pending->lock);
	backoff = pending->backoff;
	(void)pthread_mutex_unlock(&pending->lock);
	if (!backoff.is_there)
		return SQLITE_OK;
	*number_out = backoff.number;
	rc = status_backoff_row_load(status, now, &there);
	if (rc != SQLITE_OK)
		return rc;
	/* another process may have failed more often, or was told more */
	if (!backoff.was_over)
		status_backoff_row_join(&backoff.last, &there);
	else if (there.told_until > now->boottime)
		status_backoff_row_tell(&backoff.last, there.told_until);
	return store(status, backoff.boot_id, &backoff.last);
}

void
status_backoff_row_wrote(struct status *status, uint64_t number)
{
	struct status_pending *pending = status->pending;

	(void)pthread_mutex_lock(&pending->lock);
	if (number != 0 && pending->backoff.number == number)
		pending->backoff.is_there = 0;
	(void)pthread_mutex_unlock(&pending->lock);
}
