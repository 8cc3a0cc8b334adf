/* How long the resolver is left alone after failures. */
#include "config.h"

#include <sqlite3.h>
#include <string.h>

#include "status_file.h"
#include "status_session.h"

#define FREE_FAILURES 2		/* in a row, without any back-off */

int
status_backoff_load(struct status *status, const struct moment *now,
    int64_t *until_out, int *failures_out, struct error *error)
{
	static const char sql[] = "SELECT failures, until FROM backoff "
	    "WHERE endpoint = ?1 AND boot_id = ?2";
	struct sqlite3_stmt *statement;
	int64_t failures = 0, until = 0;
	int rc = SQLITE_OK, ret = -1;

	*until_out = 0;
	*failures_out = 0;
	if (status_file_enter(status, error) == -1)
		return -1;
	if (status->backoff_load == NULL)
		rc = sqlite3_prepare_v3(status->db, sql, -1,
		    SQLITE_PREPARE_PERSISTENT, &status->backoff_load, NULL);
	statement = status->backoff_load;
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 1, status->endpoint, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 2, now->boot_id, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		failures = sqlite3_column_int64(statement, 0);
		until = sqlite3_column_int64(statement, 1);
	}
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		ret = 0;
	else
		(void)status_file_failed(status, rc, error);
	if (statement != NULL) {
		(void)sqlite3_reset(statement);
		(void)sqlite3_clear_bindings(statement);
	}
	if (ret == 0 && failures > 0 && failures < 1000000 &&
	    moment_is_credible(until, now)) {
		*until_out = until;
		*failures_out = (int)failures;
	}
	return ret;
}

static int64_t
wait_after(int failures, unsigned char jitter)
{
	int64_t wait = STATUS_BACKOFF_FIRST_MS;
	int i;

	if (failures <= FREE_FAILURES)
		return 0;
	for (i = FREE_FAILURES + 1; i < failures &&
	    wait < STATUS_BACKOFF_MAX_MS; i++)
		wait *= 2;
	if (wait > STATUS_BACKOFF_MAX_MS)
		wait = STATUS_BACKOFF_MAX_MS;
	return wait - wait / 2 * jitter / 255;
}

int
status_backoff_failed(struct status *status, const struct moment *now,
    unsigned char jitter, struct error *error)
{
	static const char sql[] = "INSERT OR REPLACE INTO backoff (endpoint, "
	    "boot_id, failures, until) VALUES (?1, ?2, ?3, ?4)";
	struct sqlite3_stmt *statement = NULL;
	int64_t until;
	int failures, rc, ret = -1;

	if (status_backoff_load(status, now, &until, &failures, error) == -1)
		return -1;
	failures++;
	until = now->boottime + wait_after(failures, jitter);
	rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 1, status->endpoint, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 2, now->boot_id, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int(statement, 3, failures);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 4, until);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_DONE)
		ret = 0;
	else
		(void)status_file_failed(status, rc, error);
	(void)sqlite3_finalize(statement);
	return ret;
}

int
status_backoff_over(struct status *status, struct error *error)
{
	static const char look[] = "SELECT 1 FROM backoff WHERE endpoint = ?1";
	static const char end[] = "DELETE FROM backoff WHERE endpoint = ?1";
	struct sqlite3_stmt *statement = NULL;
	const char *sql;
	int rc, ret = -1;

	if (status_file_enter(status, error) == -1)
		return -1;
	for (sql = look; sql != NULL;) {
		rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
		if (rc == SQLITE_OK)
			rc = sqlite3_bind_text(statement, 1, status->endpoint,
			    -1, SQLITE_STATIC);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(statement);
		(void)sqlite3_finalize(statement);
		statement = NULL;
		sql = rc == SQLITE_ROW ? end : NULL;
		if (rc == SQLITE_DONE)
			ret = 0;
		else if (rc != SQLITE_ROW)
			(void)status_file_failed(status, rc, error);
	}
	return ret;
}
