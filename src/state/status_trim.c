/* Rows too many. */
#include "config.h"

#include "state/status_trim.h"

#include <sqlite3.h>

#include "state/sql.h"
#include "state/status_file.h"

#define TRIM_STEP 256

/* What an earlier release knew of, and nobody used since (seconds). */
#define BEFORE_SECONDS 604800

/* The statement with its one number. */
static int
run(struct status *status, const char *sql, int64_t number,
    int64_t *changed_out)
{
	const struct sql_value value = sql_number(number);
	const int rc = sql_run(status->db, sql, &value, 1);

	*changed_out = sqlite3_changes(status->db);
	return rc;
}

/* The oldest lookups first: an earlier boot, then an earlier time of it. */
static int
take_out(struct status *status, int64_t max, int64_t *left_out)
{
	int64_t count, step, gone, ignored;
	int rc;

	*left_out = 0;
	rc = sql_ask(status->db, "SELECT sessions FROM about", NULL, 0,
	    &count);
	if (rc != SQLITE_OK || count <= max)
		return rc;
	step = count - max < TRIM_STEP ? count - max : TRIM_STEP;
	rc = run(status, "DELETE FROM session WHERE id IN (SELECT id FROM "
	    "session ORDER BY boot, started LIMIT ?1)", step, &gone);
	if (rc == SQLITE_OK && gone == step)
		rc = run(status, "UPDATE about SET sessions = sessions - ?1",
		    step, &ignored);
	else if (rc == SQLITE_OK)
		rc = sql_run(status->db, "UPDATE about SET sessions = "
		    "(SELECT count(*) FROM session)", NULL, 0);
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
	rc = sql_ask(status->db, "SELECT sessions FROM about", NULL, 0,
	    &count);
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
