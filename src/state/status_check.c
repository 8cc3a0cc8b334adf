/* The whole of the file, looked at beside the requests. */
#include "config.h"

#include "state/status_check.h"

#include <sqlite3.h>
#include <stddef.h>

#include "state/database.h"
#include "state/database_check.h"
#include "state/sql.h"
#include "state/status_file.h"

/* How many rows more there are than the file says. */
static const char more_sql[] = "SELECT (SELECT count(*) FROM session) - "
    "(SELECT sessions FROM about)";

/* The difference holds, whatever was written since. */
static const char correct_sql[] =
    "UPDATE about SET sessions = sessions + ?1";

static enum status_check
recount(struct status *status, struct error *error)
{
	struct sql_value more;
	int64_t number;
	int rc;

	rc = sql_ask(status->db, more_sql, NULL, 0, &number);
	more = sql_number(number);
	if (rc == SQLITE_OK && number != 0)
		rc = sql_run(status->db, correct_sql, &more, 1);
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
	case DATABASE_NO_MEMORY:
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
