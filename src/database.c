#include "database.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "database_file.h"

#define LENGTH_LIMIT (8 * 1024 * 1024)
#define LOCK_MS 2000		/* for the lock, where no request waits */

/* Page cache of a connection, kB.  It reads the schema, so it comes after the
 * checks, whose messages say what to do. */
static const char cache_pragma[] = "PRAGMA cache_size=-512";

static const char common_pragmas[] =
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA secure_delete=ON;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA mmap_size=0;"
    "PRAGMA foreign_keys=ON;";

static int
is_damage(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

enum database_outcome
database_failed(struct sqlite3 *db, int rc, const char *path,
    struct error *error)
{
	if (is_damage(rc)) {
		error_set(error, "%s is damaged or not a database of ours", path);
		return DATABASE_CORRUPT;
	}
	if ((rc & 0xff) == SQLITE_BUSY)
		error_set(error, "%s is busy: another process holds it; find it "
		    "with 'fuser -v %s'", path, path);
	else if (rc == SQLITE_FULL)
		error_set(error, "%s cannot be written: the file system is full",
		    path);
	else
		error_set(error, "%s: %s", path,
		    db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(db));
	return DATABASE_FAILED;
}

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
		    "uses it: run this as that user", path, (unsigned long)st.st_uid,
		    (unsigned long)geteuid());
		return DATABASE_UNSAFE;
	}
	if ((st.st_mode & 07777 & ~allowed) != 0) {
		error_set(error, "%s has mode %04o: run 'chmod %04o %s'", path,
		    st.st_mode & 07777, allowed, path);
		return DATABASE_UNSAFE;
	}
	return DATABASE_OPENED;
}

/* The file and what SQLite keeps beside it. */
static enum database_outcome
look_at_files(const char *path, enum database_mode mode,
    unsigned int allowed, struct error *error)
{
	static const char *const beside[] = { "-wal", "-shm", "-journal" };
	char name[PATH_MAX];
	enum database_outcome outcome;
	size_t i;

	outcome = look_at_file(path, mode, allowed, error);
	if (outcome != DATABASE_OPENED)
		return outcome;
	for (i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
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
	return look_at_files(path, mode, schema->mode, error);
}

static int
configure(struct sqlite3 *db, enum database_mode mode,
    const struct database_schema *schema)
{
	int persist = 1, rc;

	(void)sqlite3_extended_result_codes(db, 1);
	(void)sqlite3_busy_timeout(db, DATABASE_BUSY_MS);
	(void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LENGTH_LIMIT);
	(void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	if (sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) !=
	    SQLITE_OK ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) !=
	    SQLITE_OK ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) !=
	    SQLITE_OK ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL) !=
	    SQLITE_OK ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL) !=
	    SQLITE_OK ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL) !=
	    SQLITE_OK)
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

/* The one value that a statement answers, as a number or as text. */
static int
ask(struct sqlite3 *db, const char *sql, sqlite3_int64 *number_out,
    char *text_out, size_t size)
{
	struct sqlite3_stmt *statement = NULL;
	const unsigned char *text;
	int rc;

	if (number_out != NULL)
		*number_out = 0;
	if (text_out != NULL)
		text_out[0] = '\0';
	rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(statement);
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

static int
migrate(struct sqlite3 *db, const struct database_schema *schema)
{
	char pragmas[96];
	sqlite3_int64 version;
	int rc;

	rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return rc;
	rc = ask(db, "PRAGMA user_version", &version, NULL, 0);
	for (; rc == SQLITE_OK && version < schema->version; version++)
		rc = sqlite3_exec(db, schema->migrations[version], NULL, NULL,
		    NULL);
	if (rc == SQLITE_OK) {
		(void)snprintf(pragmas, sizeof(pragmas),
		    "PRAGMA user_version=%d; PRAGMA application_id=%d",
		    schema->version, schema->application_id);
		rc = sqlite3_exec(db, pragmas, NULL, NULL, NULL);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* Is it ours, whole, and of a version that this release can use? */
static enum database_outcome
check_content(struct sqlite3 *db, const char *path, enum database_mode mode,
    const struct database_schema *schema, int *fresh_out, struct error *error)
{
	sqlite3_int64 version = 0, application = 0, tables = 0;
	char verdict[64];
	int rc;

	*fresh_out = 0;
	rc = ask(db, "PRAGMA application_id", &application, NULL, 0);
	if (rc == SQLITE_OK)
		rc = ask(db, "PRAGMA user_version", &version, NULL, 0);
	if (rc == SQLITE_OK)
		rc = ask(db, "SELECT count(*) FROM sqlite_schema", &tables,
		    NULL, 0);
	if (mode == DATABASE_READ && ((rc & 0xff) == SQLITE_CANTOPEN ||
	    (rc & 0xff) == SQLITE_READONLY)) {
		error_set(error, "%s-wal or %s-shm is missing and this user "
		    "cannot make it: run 'authgear-cache init' as the owner "
		    "of the directory", path, path);
		return DATABASE_FAILED;
	}
	if (rc != SQLITE_OK)
		return database_failed(db, rc, path, error);
	*fresh_out = application == 0 && version == 0 && tables == 0;
	if (*fresh_out && mode != DATABASE_READ && mode != DATABASE_WRITE)
		return DATABASE_OPENED;
	if (application != schema->application_id || version < 1)
		return database_failed(db, SQLITE_NOTADB, path, error);
	if (version > schema->version) {
		error_set(error, "%s was written by a later release (version "
		    "%lld, this one knows %d): use that release", path,
		    (long long)version, schema->version);
		return DATABASE_NEWER;
	}
	if (version < schema->version && mode == DATABASE_READ) {
		error_set(error, "%s was written by an earlier release: run "
		    "'authgear-cache init' as the owner of the directory",
		    path);
		return DATABASE_FAILED;
	}
	*fresh_out = version < schema->version;
	rc = ask(db, "PRAGMA integrity_check(1)", NULL, verdict,
	    sizeof(verdict));
	if (rc == SQLITE_OK && strcmp(verdict, "ok") != 0)
		rc = SQLITE_CORRUPT;
	return rc == SQLITE_OK ? DATABASE_OPENED :
	    database_failed(db, rc, path, error);
}

static enum database_outcome
open_file(const char *path, enum database_mode mode,
    const struct database_schema *schema, struct sqlite3 **db_out,
    struct error *error)
{
	struct sqlite3 *db = NULL;
	enum database_outcome outcome;
	char journal[16];
	int fresh = 0, rc;

	outcome = look_at_files(path, mode, schema->mode, error);
	if (outcome != DATABASE_OPENED)
		return outcome;
	rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_PRIVATECACHE | (mode == DATABASE_READ ?
	    SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE), NULL);
	if (rc == SQLITE_OK)
		rc = configure(db, mode, schema);
	if (rc != SQLITE_OK) {
		outcome = database_failed(db, rc, path, error);
		goto done;
	}
	outcome = check_content(db, path, mode, schema, &fresh, error);
	if (outcome != DATABASE_OPENED || mode == DATABASE_READ)
		goto done;
	rc = ask(db, "PRAGMA journal_mode=WAL", NULL, journal,
	    sizeof(journal));
	if (rc == SQLITE_OK && (strcmp(journal, "wal") != 0 ||
	    sqlite3_db_readonly(db, "main") != 0))
		rc = SQLITE_READONLY;
	if (rc == SQLITE_OK && fresh)
		rc = migrate(db, schema);
	if (rc != SQLITE_OK)
		outcome = database_failed(db, rc, path, error);
done:
	if (outcome == DATABASE_OPENED) {
		(void)sqlite3_exec(db, cache_pragma, NULL, NULL, NULL);
	} else {
		(void)sqlite3_close(db);
		db = NULL;
	}
	*db_out = db;
	return outcome;
}

enum database_outcome
database_open(const char *path, enum database_mode mode,
    const struct database_schema *schema, struct sqlite3 **db_out,
    struct error *error)
{
	enum database_outcome outcome;
	struct error first = { "" };
	int lock = -1, creates, renews;

	*db_out = NULL;
	if (strlen(path) > PATH_MAX - 64) {
		error_set(error, "%.100s...: the path is too long", path);
		return DATABASE_FAILED;
	}
	if (mode == DATABASE_READ)
		return open_file(path, mode, schema, db_out, error);
	renews = mode == DATABASE_RENEW || mode == DATABASE_RENEW_SOON;
	creates = mode == DATABASE_CREATE || renews;
	if (!creates) {
		outcome = look_at_file(path, mode, schema->mode, error);
		if (outcome != DATABASE_OPENED)
			return outcome;
	}
	lock = database_file_lock(path, mode == DATABASE_RENEW_SOON ?
	    DATABASE_BUSY_MS : LOCK_MS, error);
	if (lock == -1)
		return DATABASE_FAILED;
	outcome = open_file(path, mode, schema, db_out, &first);
	if (outcome == DATABASE_CORRUPT && renews) {
		error_clear(&first);
		if (database_file_set_aside(path, &first) == 0)
			outcome = DATABASE_ABSENT;
	}
	if (outcome == DATABASE_ABSENT && creates) {
		error_clear(&first);
		outcome = DATABASE_FAILED;
		if (database_file_make(path, schema->mode, &first) == 0)
			outcome = open_file(path, mode, schema, db_out,
			    &first);
	}
	if (outcome != DATABASE_OPENED)
		error_set(error, "%s", error_text(&first));
	(void)close(lock);
	return outcome;
}

void
database_close(struct sqlite3 *db)
{
	(void)sqlite3_close(db);
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
	if (*statement == NULL && sqlite3_prepare_v3(db,
	    "PRAGMA data_version", -1, SQLITE_PREPARE_PERSISTENT, statement,
	    NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(*statement) == SQLITE_ROW) {
		*version_out = (long)sqlite3_column_int64(*statement, 0);
		ret = 0;
	}
	if (sqlite3_reset(*statement) != SQLITE_OK)
		ret = -1;
	return ret;
}
