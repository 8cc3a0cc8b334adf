/* The row of the back-off. */
#include "config.h"

#include "state/status_backoff_row.h"

#include <sqlite3.h>

#include "state/status_file.h"
#include "state/status_waiting.h"

int
status_backoff_row_load(struct status *status, const char *boot_id,
    struct status_backoff *wait)
{
	static const char sql[] = "SELECT failures, until FROM backoff "
	    "WHERE endpoint = ?1 AND boot_id = ?2";
	struct sqlite3_stmt *statement;
	int rc;

	wait->failures = wait->until = 0;
	rc = status_file_prepare(status, STATUS_BACKOFF_LOAD, sql);
	statement = status->statements[STATUS_BACKOFF_LOAD];
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 1, status->endpoint, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 2, boot_id, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		wait->failures = sqlite3_column_int64(statement, 0);
		wait->until = sqlite3_column_int64(statement, 1);
	}
	return status_file_reset(status, STATUS_BACKOFF_LOAD, rc);
}

static int
store(struct status *status, const struct pending_backoff *backoff)
{
	static const char end[] = "DELETE FROM backoff WHERE endpoint = ?1";
	static const char begin[] = "INSERT OR REPLACE INTO backoff "
	    "(endpoint, boot_id, failures, until) VALUES (?1, ?2, ?3, ?4)";
	struct sqlite3_stmt *statement = NULL;
	int rc;

	rc = sqlite3_prepare_v2(status->db, backoff->failures == 0 ? end :
	    begin, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 1, status->endpoint, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK && backoff->failures > 0)
		rc = sqlite3_bind_text(statement, 2, backoff->boot_id, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK && backoff->failures > 0)
		rc = sqlite3_bind_int(statement, 3, backoff->failures);
	if (rc == SQLITE_OK && backoff->failures > 0)
		rc = sqlite3_bind_int64(statement, 4, backoff->until);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
status_backoff_row_write(struct status *status, uint64_t *number_out)
{
	struct status_pending *pending = status->pending;
	struct pending_backoff backoff;
	struct status_backoff wait;
	int rc;

	*number_out = 0;
	(void)pthread_mutex_lock(&pending->lock);
	backoff = pending->backoff;
	(void)pthread_mutex_unlock(&pending->lock);
	if (!backoff.is_there)
		return SQLITE_OK;
	*number_out = backoff.number;
	rc = status_backoff_row_load(status, backoff.boot_id, &wait);
	/* another process may have failed more often */
	if (rc != SQLITE_OK || (backoff.failures > 0 &&
	    wait.failures >= backoff.failures))
		return rc;
	return store(status, &backoff);
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
