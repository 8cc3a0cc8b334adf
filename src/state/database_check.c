/* What a database file that is open says of itself. */
#include "state/database_check.h"

#include <sys/statvfs.h>

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "state/database_holder.h"
#include "state/sql.h"

#define CHECK_STEPS 1000	/* of SQLite's machine, between looks at stop */

static int
is_damage(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

/* What the system refused last: SQLite tells it of opening alone, so each file
 * is asked, the log first. */
static int
last_errno(struct sqlite3 *db)
{
	struct sqlite3_file *log = NULL;
	int saved = sqlite3_system_errno(db);

	if (saved == 0 && sqlite3_file_control(db, "main",
	    SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK && log != NULL &&
	    log->pMethods != NULL)
		(void)log->pMethods->xFileControl(log,
		    SQLITE_FCNTL_LAST_ERRNO, &saved);
	if (saved == 0)
		(void)sqlite3_file_control(db, "main",
		    SQLITE_FCNTL_LAST_ERRNO, &saved);
	return saved;
}

/* Of blocks, or of inodes where it counts them. */
static int
is_full(const char *path)
{
	struct statvfs room;

	return statvfs(path, &room) == 0 && (room.f_bfree == 0 ||
	    (room.f_files > 0 && room.f_ffree == 0));
}

/* SQLite's text for what the system refused tells no cause; and where a file
 * could not be made, it tries once more to read it: "no such file". */
static const char *
cause(struct sqlite3 *db, int rc, const char *path)
{
	const int primary = rc & 0xff;
	int saved = 0;

	if (db == NULL)
		return sqlite3_errstr(rc);
	if (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)
		saved = last_errno(db);
	if (primary == SQLITE_FULL || saved == ENOSPC || saved == EDQUOT ||
	    (primary == SQLITE_CANTOPEN && is_full(path)))
		return "the file system is full";
	if (primary == SQLITE_READONLY && access(path, W_OK) == -1)
		return strerror(errno);
	if (saved == ENOENT && access(path, F_OK) == 0)
		return "its -wal or -shm is missing and cannot be made";
	if (saved != 0)
		return strerror(saved);
	return sqlite3_errcode(db) == SQLITE_OK ? sqlite3_errstr(rc) :
	    sqlite3_errmsg(db);
}

enum database_outcome
database_failed(struct sqlite3 *db, int rc, const char *path,
    struct error *error)
{
	char holder[64];

	if (is_damage(rc)) {
		error_set(error, "%s is damaged or not a database of ours",
		    path);
		return DATABASE_CORRUPT;
	}
	if ((rc & 0xff) != SQLITE_BUSY)
		error_set(error, "%s: %s", path, cause(db, rc, path));
	else if (database_holder(path, holder, sizeof(holder)) == 0)
		error_set(error, "%s is busy: %s holds it", path, holder);
	else
		error_set(error, "%s is busy: another process holds it; find "
		    "it with 'fuser -v %s'", path, path);
	return DATABASE_FAILED;
}

int
database_finish(struct sqlite3 *db, int rc, const char *path,
    struct error *error)
{
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return SQLITE_OK;
	(void)database_failed(db, rc, path, error);
	(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

int
database_ask(struct sqlite3 *db, const char *sql, int64_t *number_out,
    char *text_out, size_t size)
{
	struct sqlite3_stmt *statement = NULL;
	const unsigned char *text;
	int rc;

	if (number_out != NULL)
		*number_out = 0;
	if (text_out != NULL)
		text_out[0] = '\0';
	rc = sql_step(db, sql, NULL, 0, &statement);
	if (rc == SQLITE_ROW) {
		if (number_out != NULL)
			*number_out = sqlite3_column_int64(statement, 0);
		text = sqlite3_column_text(statement, 0);
		if (text_out != NULL && text != NULL)
			(void)snprintf(text_out, size, "%s",
			    (const char *)text);
		rc = SQLITE_OK;
	} else if (rc == SQLITE_DONE) {
		rc = SQLITE_CORRUPT;
	}
	(void)sqlite3_finalize(statement);
	return rc;
}

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

	rc = database_ask(db, "PRAGMA application_id", &head->application,
	    NULL, 0);
	if (rc == SQLITE_OK)
		rc = database_ask(db, "PRAGMA user_version", &head->version,
		    NULL, 0);
	if (rc == SQLITE_OK)
		rc = database_ask(db, "SELECT count(*) FROM sqlite_schema",
		    &head->tables, NULL, 0);
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
		error_set(error, "%s was written by an earlier release: run "
		    "'authgear-cache init' as the owner of the directory",
		    path);
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

	if (mode == DATABASE_READ && !is_full(path) &&
	    ((rc & 0xff) == SQLITE_CANTOPEN ||
	    (rc & 0xff) == SQLITE_READONLY)) {
		error_set(error, "%s-wal or %s-shm is missing and this user "
		    "cannot make it: run 'authgear-cache init' as the owner "
		    "of the directory", path, path);
		return DATABASE_FAILED;
	}
	if (rc != SQLITE_OK)
		return database_failed(db, rc, path, error);
	if (may_change && mode != DATABASE_MIGRATE && head.application == 0 &&
	    head.version == 0 && head.tables == 0)
		return DATABASE_ABSENT;
	if (head.application != schema->application_id || head.version < 1)
		return database_failed(db, SQLITE_NOTADB, path, error);
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
	rc = database_ask(db, "PRAGMA integrity_check(1)", NULL, verdict,
	    sizeof(verdict));
	sqlite3_progress_handler(db, 0, NULL, NULL);
	if (rc == SQLITE_OK && strcmp(verdict, "ok") == 0)
		return DATABASE_OPENED;
	if (rc != SQLITE_OK)
		return database_failed(db, rc, path, error);
	/* a first line of two says no more than that it is a database */
	second = strchr(verdict, '\n');
	error_set(error, "%s is damaged: %s", path, second != NULL ?
	    second + 1 : verdict);
	return DATABASE_CORRUPT;
}

int
database_in_place(struct sqlite3 *db)
{
	int moved = 1;

	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED,
	    &moved) != SQLITE_OK)
		return 0;
	return !moved;
}

int
database_data_version(struct sqlite3 *db, struct sqlite3_stmt **statement,
    long *version_out)
{
	int ret = -1;

	*version_out = 0;
	if (sql_step(db, "PRAGMA data_version", NULL, 0, statement) ==
	    SQLITE_ROW) {
		*version_out = (long)sqlite3_column_int64(*statement, 0);
		ret = 0;
	}
	if (*statement == NULL || sqlite3_reset(*statement) != SQLITE_OK)
		ret = -1;
	return ret;
}
