#include "state/database.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "state/database_check.h"
#include "state/database_connection.h"
#include "state/database_error.h"
#include "state/database_file.h"
#include "state/sql.h"


static enum database_outcome
look_at_file(const char *path, enum database_mode mode, unsigned int allowed,
    struct error *error)
{
	struct stat st;
	int owned;

	if (lstat(path, &st) == -1) {
		if (errno == ENOENT) {
			error_set(error, "%s does not exist: 'authgear-cache "
			    "init' makes it, or says why not", path);
			return DATABASE_ABSENT;
		}
		error_set(error, "%s: %s", path, strerror(errno));
		return DATABASE_FAILED;
	}
	if (!S_ISREG(st.st_mode)) {
		error_set(error, "%s is a symbolic link or no ordinary file: "
		    "remove it", path);
		return DATABASE_UNSAFE;
	}
	owned = st.st_uid == geteuid() ||
	    (mode == DATABASE_READ && st.st_uid == 0);
	if (!owned) {
		error_set(error, "%s belongs to uid %lu, not to uid %lu who "
		    "uses it: %s", path, (unsigned long)st.st_uid,
		    (unsigned long)geteuid(), geteuid() == 0 ||
		    st.st_uid == 0 ? "'authgear-cache init --user NAME' as "
		    "root mends that" : "run this as that user");
		return DATABASE_UNSAFE;
	}
	if ((st.st_mode & 07777 & ~allowed) != 0) {
		error_set(error, "%s has mode %04o: run 'chmod %04o %s'", path,
		    st.st_mode & 07777, allowed, path);
		return DATABASE_UNSAFE;
	}
	return DATABASE_OPENED;
}

/* The file and what SQLite keeps beside it; the -shm, last, is of no account
 * to who does not use it. */
static enum database_outcome
look_at_files(const char *path, enum database_mode mode,
    unsigned int allowed, int uses_shm, struct error *error)
{
	static const char *const beside[] = { "-wal", "-journal", "-shm" };
	const size_t count = sizeof(beside) / sizeof(beside[0]) - !uses_shm;
	char name[PATH_MAX];
	enum database_outcome outcome;
	size_t i;

	outcome = look_at_file(path, mode, allowed, error);
	if (outcome != DATABASE_OPENED)
		return outcome;
	for (i = 0; i < count; i++) {
		struct error ignored = { "" };

		(void)snprintf(name, sizeof(name), "%s%s", path, beside[i]);
		outcome = look_at_file(name, mode, allowed, &ignored);
		if (outcome == DATABASE_ABSENT || outcome == DATABASE_OPENED)
			continue;
		error_set(error, "%s", error_text(&ignored));
		return outcome;
	}
	return DATABASE_OPENED;
}

enum database_outcome
database_look(const char *path, enum database_mode mode,
    const struct database_schema *schema, struct error *error)
{
	return look_at_files(path, mode, schema->mode, 0, error);
}

static int
may_renew(enum database_mode mode)
{
	return mode == DATABASE_RENEW || mode == DATABASE_RENEW_SOON;
}

static int
set_wal(struct sqlite3 *db)
{
	char journal[16];
	int rc;

	rc = sql_ask_text(db, "PRAGMA journal_mode=WAL", journal,
	    sizeof(journal));
	if (rc == SQLITE_OK && (strcmp(journal, "wal") != 0 ||
	    sqlite3_db_readonly(db, "main") != 0))
		rc = SQLITE_READONLY;
	return rc;
}

static int
run_migrations(struct sqlite3 *db, const struct database_schema *schema)
{
	char pragmas[96];
	int64_t version = 0;
	int rc = SQLITE_OK;

	if (schema->prepare != NULL)
		rc = schema->prepare(db);
	if (rc == SQLITE_OK)
		rc = sql_ask(db, "PRAGMA user_version", NULL, 0, &version);
	for (; rc == SQLITE_OK && version < schema->version; version++)
		rc = sqlite3_exec(db, schema->migrations[version], NULL, NULL,
		    NULL);
	if (rc != SQLITE_OK)
		return rc;
	(void)snprintf(pragmas, sizeof(pragmas),
	    "PRAGMA user_version=%d; PRAGMA application_id=%d",
	    schema->version, schema->application_id);
	return sqlite3_exec(db, pragmas, NULL, NULL, NULL);
}

static enum database_outcome
check(struct sqlite3 *db, const char *path,
    const struct database_schema *schema, struct error *error)
{
	return schema->is_checked ? database_check_whole(db, path, NULL, NULL,
	    error) : DATABASE_OPENED;
}

/* The whole before, so that damage loses no row on the way, and after. */
static enum database_outcome
migrate(struct sqlite3 *db, const char *path,
    const struct database_schema *schema, struct error *error)
{
	enum database_outcome outcome;
	int rc;

	rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return database_error_tell(db, rc, path, error);
	outcome = check(db, path, schema, error);
	if (outcome == DATABASE_OPENED) {
		rc = run_migrations(db, schema);
		if (rc == SQLITE_OK)
			outcome = check(db, path, schema, error);
	}
	if (outcome != DATABASE_OPENED) {
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
		return outcome;
	}
	rc = database_connection_finish(db, rc, path, error);
	if (rc == SQLITE_OK)
		return DATABASE_OPENED;
	return (rc & 0xff) == SQLITE_NOMEM ? DATABASE_NO_MEMORY :
	    DATABASE_FAILED;
}

/* DATABASE_ABSENT with an open *db_out: it is to be filled or migrated. */
static enum database_outcome
open_file(const char *path, enum database_mode mode,
    const struct database_schema *schema, struct sqlite3 **db_out,
    struct error *error)
{
	struct sqlite3 *db = NULL;
	enum database_outcome outcome;
	int rc;

	*db_out = NULL;
	outcome = look_at_files(path, mode, schema->mode, 1, error);
	if (outcome != DATABASE_OPENED)
		return outcome;
	rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_PRIVATECACHE | (mode == DATABASE_READ ?
	    SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE), NULL);
	if (rc == SQLITE_OK)
		rc = database_connection_configure(db, mode, schema);
	outcome = rc != SQLITE_OK ? database_error_tell(db, rc, path, error) :
	    database_check_head(db, path, mode, schema, error);
	if ((outcome == DATABASE_OPENED || outcome == DATABASE_ABSENT) &&
	    mode != DATABASE_READ && (rc = set_wal(db)) != SQLITE_OK)
		outcome = database_error_tell(db, rc, path, error);
	/* the first reading opened -wal and -shm by name: they are those of
	 * this file if it still has its own */
	if ((outcome == DATABASE_OPENED || outcome == DATABASE_ABSENT) &&
	    database_connection_in_place(db)) {
		*db_out = db;
		return outcome;
	}
	(void)sqlite3_close(db);
	if (outcome != DATABASE_OPENED && access(path, F_OK) == 0)
		return outcome;
	error_clear(error);
	error_set(error, "%s was replaced while it was opened: try again",
	    path);
	return DATABASE_ABSENT;
}

/* Under the lock: made, migrated, set aside where that must be. */
static enum database_outcome
open_locked(const char *path, enum database_mode mode,
    const struct database_schema *schema, struct sqlite3 **db_out,
    struct error *error)
{
	enum database_outcome outcome;
	struct error first = { "" };

	outcome = open_file(path, mode, schema, db_out, &first);
	if (outcome == DATABASE_CORRUPT && may_renew(mode)) {
		error_clear(&first);
		if (database_file_set_aside(path, &first) == 0)
			outcome = DATABASE_ABSENT;
	}
	if (outcome == DATABASE_ABSENT && *db_out == NULL &&
	    mode != DATABASE_MIGRATE) {
		error_clear(&first);
		outcome = DATABASE_FAILED;
		if (database_file_make(path, schema->mode, &first) == 0)
			outcome = open_file(path, mode, schema, db_out,
			    &first);
	}
	if (outcome == DATABASE_ABSENT && *db_out != NULL)
		outcome = migrate(*db_out, path, schema, &first);
	if (outcome != DATABASE_OPENED) {
		error_set(error, "%s", error_text(&first));
		database_close(*db_out);
		*db_out = NULL;
	}
	return outcome;
}

/* What only the holder of the lock may mend. */
static int
needs_lock(enum database_mode mode, enum database_outcome outcome)
{
	if (mode == DATABASE_READ || mode == DATABASE_WRITE)
		return 0;
	return outcome == DATABASE_ABSENT || (outcome == DATABASE_CORRUPT &&
	    mode != DATABASE_CREATE && mode != DATABASE_MIGRATE);
}

enum database_outcome
database_open(const char *path, enum database_mode mode,
    const struct database_schema *schema, struct sqlite3 **db_out,
    struct error *error)
{
	enum database_outcome outcome;
	struct error first = { "" };
	int lock = -1;

	*db_out = NULL;
	if (strlen(path) > PATH_MAX - 64) {
		error_set(error, "%.100s...: the path is too long", path);
		return DATABASE_FAILED;
	}
	if (may_renew(mode))
		lock = database_file_share(path);
	outcome = open_file(path, mode, schema, db_out, &first);
	if (lock != -1)
		(void)close(lock);
	if (needs_lock(mode, outcome)) {
		database_close(*db_out);
		error_clear(&first);
		lock = database_file_lock(path,
		    database_connection_patience(mode), error);
		if (lock == -1) {
			*db_out = NULL;
			return DATABASE_FAILED;
		}
		outcome = open_locked(path, mode, schema, db_out, &first);
		(void)close(lock);
	}
	if (outcome != DATABASE_OPENED) {
		error_set(error, "%s", error_text(&first));
		return outcome;
	}
	database_connection_settle(*db_out);
	return DATABASE_OPENED;
}

int
database_set_aside(const char *path, enum database_mode mode,
    struct sqlite3 *damaged, struct error *error)
{
	int lock, ret = 0;

	lock = database_file_lock(path, database_connection_patience(mode),
	    error);
	if (lock == -1)
		return -1;
	if (database_connection_in_place(damaged))
		ret = database_file_set_aside(path, error);
	(void)close(lock);
	return ret;
}

void
database_close(struct sqlite3 *db)
{
	(void)sqlite3_close(db);
}
