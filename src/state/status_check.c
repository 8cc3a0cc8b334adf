/* The whole of the file, looked at beside the requests. */
#include "config.h"

#include "state/status_check.h"

#include <sqlite3.h>
#include <stddef.h>

#include "state/database.h"
#include "state/status_file.h"

/* How many rows more there are than the file says: SQLITE_OK or why not. */
static int
count(struct status *status, int64_t *more)
{
	static const char sql[] = "SELECT (SELECT count(*) FROM session) - "
	    "(SELECT sessions FROM about)";
	struct sqlite3_stmt *statement = NULL;
	int rc;

	*more = 0;
	rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		*more = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* The difference holds, whatever was written since. */
static int
correct(struct status *status, int64_t more)
{
	static const char sql[] = "UPDATE about SET sessions = sessions + ?1";
	struct sqlite3_stmt *statement = NULL;
	int rc;

	rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 1, more);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static enum status_check
recount(struct status *status, struct error *error)
{
	int64_t more;
	int rc;

	rc = count(status, &more);
	if (rc == SQLITE_OK && more != 0)
		rc = correct(status, more);
	if (rc != SQLITE_OK) {
		(void)status_file_failed(status, rc, error);
		return STATUS_CHECK_FAILED;
	}
	status->is_counted = 1;
	return STATUS_CHECK_SOUND;
}

/* Rows are looked up in an index one after another: without room for it each
 * would be a page read anew. */
static enum database_outcome
check(struct status *status, int (*stop)(void *context), void *context,
    struct error *why)
{
	enum database_outcome outcome;

	(void)sqlite3_exec(status->db, "PRAGMA cache_size=-32768", NULL, NULL,
	    NULL);
	outcome = database_check_whole(status->db, status->path, stop, context,
	    why);
	(void)sqlite3_exec(status->db, "PRAGMA cache_size=-512", NULL, NULL,
	    NULL);
	(void)sqlite3_db_release_memory(status->db);
	return outcome;
}

enum status_check
status_check(struct status *status, int (*stop)(void *context), void *context,
    struct error *error)
{
	struct error why = { "" };

	if (status_file_enter(status, error) == -1)
		return STATUS_CHECK_FAILED;
	if (status->is_checked)
		return status->is_counted ? STATUS_CHECK_NOTHING :
		    recount(status, error);
	switch (check(status, stop, context, &why)) {
	case DATABASE_OPENED:
		status->is_checked = 1;
		return recount(status, error);
	case DATABASE_CORRUPT:
		break;
	case DATABASE_ABSENT:
	case DATABASE_UNSAFE:
	case DATABASE_NEWER:
	case DATABASE_FAILED:
	default:
		error_set(error, "%s", error_text(&why));
		return STATUS_CHECK_FAILED;
	}
	status->is_damaged = 1;
	if (status_file_enter(status, error) == -1)
		return STATUS_CHECK_FAILED;
	status->is_checked = status->is_counted = 1;
	error_set(error, "%s; it was set aside (%s.corrupt-*) and begun anew: "
	    "sessions are asked for again, and how far trust.db was seen is "
	    "forgotten", error_text(&why), status->path);
	return STATUS_CHECK_RENEWED;
}
