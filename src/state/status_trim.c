/* Rows too many. */
#include "config.h"

#include "state/status_trim.h"

#include <sqlite3.h>
#include <stddef.h>

#include "state/status_file.h"

#define TRIM_STEP 256

/* What an earlier release knew of, and nobody used since (seconds). */
#define BEFORE_SECONDS 604800

/* The statement with its one number; SQLITE_OK and rows changed, or the one
 * value that it answers. */
static int
run(struct status *status, const char *sql, int64_t number, int64_t *out)
{
	struct sqlite3_stmt *statement = NULL;
	int rc;

	*out = 0;
	rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK && sqlite3_bind_parameter_count(statement) > 0)
		rc = sqlite3_bind_int64(statement, 1, number);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(statement, 0);
	else if (rc == SQLITE_DONE)
		*out = sqlite3_changes(status->db);
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The oldest lookups first: an earlier boot, then an earlier time of it. */
static int
take_out(struct status *status, int64_t max, int64_t *left_out)
{
	int64_t count, step, gone, ignored;
	int rc;

	*left_out = 0;
	rc = run(status, "SELECT sessions FROM about", 0, &count);
	if (rc != SQLITE_OK || count <= max)
		return rc;
	step = count - max < TRIM_STEP ? count - max : TRIM_STEP;
	rc = run(status, "DELETE FROM session WHERE id IN (SELECT id FROM "
	    "session ORDER BY boot, started LIMIT ?1)", step, &gone);
	if (rc == SQLITE_OK)
		rc = run(status, gone == step ?
		    "UPDATE about SET sessions = sessions - ?1" :
		    "UPDATE about SET sessions = (SELECT count(*) FROM "
		    "session)", step, &ignored);
	*left_out = count - step > max;
	return rc;
}

static int
take_out_before(struct status *status, int64_t wall, int64_t *gone)
{
	return run(status, "DELETE FROM session_before WHERE rowid IN (SELECT "
	    "rowid FROM session_before WHERE started_wall < ?1 "
	    "ORDER BY started_wall LIMIT 256)", wall - BEFORE_SECONDS, gone);
}

int
status_trim(struct status *status, int64_t max, const struct moment *now,
    struct error *error)
{
	int64_t left = 0, gone = 0, count;
	int rc;

	if (status_file_enter(status, error) == -1)
		return -1;
	rc = run(status, "SELECT sessions FROM about", 0, &count);
	if (rc == SQLITE_OK && count <= max && !status->has_before)
		return 0;
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(status->db, "BEGIN IMMEDIATE", NULL, NULL,
		    NULL);
	if (rc == SQLITE_OK)
		rc = take_out(status, max, &left);
	if (rc == SQLITE_OK && status->has_before)
		rc = take_out_before(status, now->wall, &gone);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(status->db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK) {
		(void)status_file_failed(status, rc, error);
		if (!sqlite3_get_autocommit(status->db))
			(void)sqlite3_exec(status->db, "ROLLBACK", NULL, NULL,
			    NULL);
		return -1;
	}
	return left || gone > 0;
}
