/* What a database file that is open says of itself. */
#include "state/database_check.h"

#include <sqlite3.h>
#include <string.h>

#include "state/database_error.h"
#include "state/sql.h"

#define CHECK_STEPS 1000	/* of SQLite's machine, between looks at stop */

/* What a file's header says. */
struct head {
	int64_t application;
	int64_t version;
	int64_t tables;
};

static int
read_head(struct sqlite3 *db, struct head *head)
{
	int rc;

	rc = sql_ask(db, "PRAGMA application_id", NULL, 0,
	    &head->application);
	if (rc == SQLITE_OK)
		rc = sql_ask(db, "PRAGMA user_version", NULL, 0,
		    &head->version);
	if (rc == SQLITE_OK)
		rc = sql_ask(db, "SELECT count(*) FROM sqlite_schema", NULL,
		    0, &head->tables);
	return rc;
}

enum database_outcome
database_check_version(int64_t version, const char *path,
    const struct database_schema *schema, struct error *error)
{
	if (version > schema->version) {
		error_set(error, "%s was written by a later release (version "
		    "%lld, this one knows %d): use that release", path,
		    (long long)version, schema->version);
		return DATABASE_NEWER;
	}
	if (version < schema->version) {
		error_set(error, "%s was written by an earlier release: %s",
		    path, schema->migrated_by != NULL ? schema->migrated_by :
		    "run 'authgear-cache init' as the owner of the directory");
		return DATABASE_FAILED;
	}
	return DATABASE_OPENED;
}

enum database_outcome
database_check_head(struct sqlite3 *db, const char *path,
    enum database_mode mode, const struct database_schema *schema,
    struct error *error)
{
	const int may_change = mode != DATABASE_READ &&
	    mode != DATABASE_WRITE;
	struct head head;
	int rc = read_head(db, &head);

	if (mode == DATABASE_READ && !database_error_is_full(path) &&
	    ((rc & 0xff) == SQLITE_CANTOPEN ||
	    (rc & 0xff) == SQLITE_READONLY)) {
		error_set(error, "%s-wal or %s-shm is missing and this user "
		    "cannot make it: run 'authgear-cache init' as the owner "
		    "of the directory", path, path);
		return DATABASE_FAILED;
	}
	if (rc != SQLITE_OK)
		return database_error_tell(db, rc, path, error);
	if (may_change && mode != DATABASE_MIGRATE && head.application == 0 &&
	    head.version == 0 && head.tables == 0)
		return DATABASE_ABSENT;
	if (head.application != schema->application_id || head.version < 1)
		return database_error_tell(db, SQLITE_NOTADB, path, error);
	if (may_change && head.version < schema->version)
		return DATABASE_ABSENT;
	return database_check_version(head.version, path, schema, error);
}

struct check {
	int (*stop)(void *context);
	void *context;
};

static int
is_stopped(void *context)
{
	const struct check *check = context;

	return check->stop != NULL && check->stop(check->context);
}

enum database_outcome
database_check_whole(struct sqlite3 *db, const char *path,
    int (*stop)(void *context), void *context, struct error *error)
{
	struct check check = { stop, context };
	char verdict[256], *second;
	int rc;

	sqlite3_progress_handler(db, CHECK_STEPS, is_stopped, &check);
	rc = sql_ask_text(db, "PRAGMA integrity_check(1)", verdict,
	    sizeof(verdict));
	sqlite3_progress_handler(db, 0, NULL, NULL);
	if (rc == SQLITE_OK && strcmp(verdict, "ok") == 0)
		return DATABASE_OPENED;
	if (rc != SQLITE_OK)
		return database_error_tell(db, rc, path, error);
	/* a first line of two says no more than that it is a database */
	second = strchr(verdict, '\n');
	error_set(error, "%s is damaged: %s", path, second != NULL ?
	    second + 1 : verdict);
	return DATABASE_CORRUPT;
}
