/* One connection: how it is set up, and what it tells of its file. */
#include "state/database_connection.h"

#include <sqlite3.h>

#include "state/database_error.h"
#include "state/sql.h"

#define LENGTH_LIMIT (8 * 1024 * 1024)
#define LOCK_MS 2000		/* for the lock, where no request waits */

/* Page cache of a connection, kB.  It reads the schema, so it comes after the
 * checks, whose messages say what to do. */
static const char cache_pragma[] = "PRAGMA cache_size=-512";

static const struct {
	int which;
	int is_on;
} switches[] = {
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
	{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
	{ SQLITE_DBCONFIG_DQS_DML, 0 },
	{ SQLITE_DBCONFIG_DQS_DDL, 0 }
};

static const char common_pragmas[] =
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA secure_delete=ON;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA mmap_size=0;"
    "PRAGMA foreign_keys=ON;";

int
database_connection_patience(enum database_mode mode)
{
	return mode == DATABASE_RENEW_SOON ? DATABASE_BUSY_MS : LOCK_MS;
}

void
database_connection_settle(struct sqlite3 *db)
{
	(void)sqlite3_busy_timeout(db, DATABASE_BUSY_MS);
	(void)sqlite3_exec(db, cache_pragma, NULL, NULL, NULL);
}

int
database_connection_configure(struct sqlite3 *db, enum database_mode mode,
    const struct database_schema *schema)
{
	int persist = 1, rc;
	size_t i;

	(void)sqlite3_extended_result_codes(db, 1);
	(void)sqlite3_busy_timeout(db, database_connection_patience(mode));
	(void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LENGTH_LIMIT);
	(void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	for (i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (sqlite3_db_config(db, switches[i].which,
		    switches[i].is_on, NULL) != SQLITE_OK)
			return SQLITE_ERROR;
	rc = sqlite3_exec(db, common_pragmas, NULL, NULL, NULL);
	if (rc != SQLITE_OK || mode == DATABASE_READ)
		return rc;
	rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL,
	    &persist);
	if (rc != SQLITE_OK)
		return rc;
	return sqlite3_exec(db, schema->full_sync ?
	    "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
	    NULL, NULL, NULL);
}

int
database_connection_in_place(struct sqlite3 *db)
{
	int moved = 1;

	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED,
	    &moved) != SQLITE_OK)
		return 0;
	return !moved;
}

int
database_connection_version(struct sqlite3 *db,
    struct sqlite3_stmt **statement, long *version_out)
{
	int rc = sql_step(db, "PRAGMA data_version", NULL, 0, statement);

	*version_out = 0;
	if (rc == SQLITE_ROW)
		*version_out = (long)sqlite3_column_int64(*statement, 0);
	sql_reset(*statement);
	if (rc == SQLITE_ROW)
		return SQLITE_OK;
	/* that it answers nothing is none of its own results */
	return rc == SQLITE_OK || rc == SQLITE_DONE ? SQLITE_ERROR : rc;
}

int
database_connection_finish(struct sqlite3 *db, int rc, const char *path,
    struct error *error)
{
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return SQLITE_OK;
	(void)database_error_tell(db, rc, path, error);
	(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}
