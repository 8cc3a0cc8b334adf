/* The row of the back-off. */
#include "config.h"

#include "state/status_backoff_row.h"

#include <sqlite3.h>
#include <string.h>

#include "state/sql.h"
#include "state/status_file.h"
#include "state/status_waiting.h"

int
status_backoff_row_load(struct status *status, const char *boot_id,
    struct status_backoff *backoff)
{
	static const char sql[] = "SELECT failures, until, is_fault FROM "
	    "backoff WHERE endpoint = ?1 AND boot_id = ?2";
	const struct sql_value values[] = { sql_text(status->endpoint),
	    sql_text(boot_id) };
	struct sqlite3_stmt *statement;
	int64_t failures;
	int rc;

	memset(backoff, 0, sizeof(*backoff));
	rc = status_file_step(status, STATUS_BACKOFF_LOAD, sql, values, 2);
	if (rc == SQLITE_ROW) {
		statement = status->statements[STATUS_BACKOFF_LOAD];
		failures = sqlite3_column_int64(statement, 0);
		if (failures > 0 && failures < STATUS_BACKOFF_MAX_FAILURES) {
			backoff->failures = (int)failures;
			backoff->until = sqlite3_column_int64(statement, 1);
			backoff->is_fault = sqlite3_column_int64(statement,
			    2) != 0;
		}
	}
	return status_file_reset(status, STATUS_BACKOFF_LOAD, rc);
}

void
status_backoff_row_join(struct status_backoff *backoff,
    const struct status_backoff *other)
{
	if (other->until > backoff->until) {
		backoff->until = other->until;
		backoff->is_fault = other->is_fault;
	}
	if (other->failures > backoff->failures)
		backoff->failures = other->failures;
}

static int
store(struct status *status, const char *boot_id,
    const struct status_backoff *backoff)
{
	static const char end[] = "DELETE FROM backoff WHERE endpoint = ?1";
	static const char begin[] = "INSERT OR REPLACE INTO backoff "
	    "(endpoint, boot_id, failures, until, is_fault) "
	    "VALUES (?1, ?2, ?3, ?4, ?5)";
	const struct sql_value values[] = { sql_text(status->endpoint),
	    sql_text(boot_id), sql_number(backoff->failures),
	    sql_number(backoff->until), sql_number(backoff->is_fault) };

	return backoff->failures == 0 ? sql_run(status->db, end, values, 1) :
	    sql_run(status->db, begin, values, 5);
}

int
status_backoff_row_write(struct status *status, uint64_t *number_out)
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
	rc = status_backoff_row_load(status, backoff.boot_id, &there);
	if (rc != SQLITE_OK)
		return rc;
	/* another process may have failed more often, or was told more */
	if (!backoff.was_over)
		status_backoff_row_join(&backoff.last, &there);
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
