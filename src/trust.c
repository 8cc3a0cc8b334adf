#include "trust.h"

#include <sys/stat.h>

#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "trust_lookup.h"
#include "trust_place.h"

#define PLACE_PERIOD_MS 1000

/* A change within one tick of the file system's clock does not show, so that
 * a directory changed this recently (seconds) is not trusted to be the same. */
#define SETTLED_S 2

/* Which file a name stands for; both 0: none. */
struct identity {
	dev_t device;
	ino_t inode;
};

#define BESIDE 2		/* -wal and -shm */

/* A directory as it was: no name in it can come to stand for another file
 * without a new ctime. */
struct snapshot {
	struct identity is;
	struct timespec changed;
};

struct trust {
	char *directory;
	char *path;
	char *beside[BESIDE];
	struct identity file_is;	/* what was opened last */
	struct identity beside_is[BESIDE];
	int is_bereft;			/* of the files beside file_is */
	struct snapshot settled;	/* all files were in their places; is
					   0, 0: not known */
	char *endpoint;
	struct sqlite3 *db;		/* NULL: unusable, see refusal */
	struct sqlite3_stmt *version_statement;
	struct sqlite3_stmt *empty_statement;
	struct sqlite3_stmt *lookup_statement;
	struct sqlite3_stmt *account_statement;
	long version;			/* what is_empty is known of */
	int is_empty;			/* nothing is revoked */
	int64_t place_due;		/* boottime of the next look */
	struct error refusal;
};

/* Times are Unix seconds. */
static const char *const migrations[] = {
	"CREATE TABLE meta ("
	" name TEXT NOT NULL PRIMARY KEY,"
	" value TEXT NOT NULL) STRICT;"
	"CREATE TABLE revocation ("
	" id INTEGER PRIMARY KEY,"
	" kind TEXT NOT NULL CHECK (kind IN"
	"  ('token', 'user', 'client', 'key', 'all')),"
	" value TEXT NOT NULL,"
	" rule TEXT NOT NULL CHECK (rule IN"
	"  ('revoked', 'signed-out', 'blocked')),"
	" from_time INTEGER,"
	" until_time INTEGER,"
	" reason TEXT NOT NULL,"
	" actor TEXT NOT NULL,"
	" source TEXT NOT NULL,"
	" time INTEGER NOT NULL) STRICT;"
	"CREATE INDEX revocation_by_value ON revocation (kind, value);"
	"CREATE TABLE audit ("
	" id INTEGER PRIMARY KEY,"
	" time INTEGER NOT NULL,"
	" actor TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" detail TEXT NOT NULL) STRICT;",
	"CREATE TABLE account ("
	" user_id TEXT NOT NULL PRIMARY KEY,"
	" account TEXT NOT NULL UNIQUE,"
	" reason TEXT NOT NULL,"
	" actor TEXT NOT NULL,"
	" time INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
};

static const struct database_schema schema = {
	.version = 2,
	.application_id = 0x41477472,	/* "AGtr" */
	.migrations = migrations,
	.full_sync = 1,
	.mode = 0640
};

const struct database_schema *
trust_place_schema(void)
{
	return &schema;
}

static void
leave(struct trust *trust)
{
	(void)sqlite3_finalize(trust->version_statement);
	(void)sqlite3_finalize(trust->empty_statement);
	(void)sqlite3_finalize(trust->lookup_statement);
	(void)sqlite3_finalize(trust->account_statement);
	trust->version_statement = NULL;
	trust->empty_statement = NULL;
	trust->lookup_statement = NULL;
	trust->account_statement = NULL;
	database_close(trust->db);
	trust->db = NULL;
}

static int
check_endpoint(struct trust *trust, struct error *error)
{
	static const char sql[] =
	    "SELECT value FROM meta WHERE name = 'endpoint'";
	struct sqlite3_stmt *statement = NULL;
	const char *text;
	int rc, ret = -1;

	rc = sqlite3_prepare_v2(trust->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_DONE) {
		error_set(error, "%s names no endpoint: run 'authgear-cache "
		    "init'", trust->path);
		goto done;
	}
	if (rc != SQLITE_ROW) {
		(void)database_failed(trust->db, rc, trust->path, error);
		goto done;
	}
	text = (const char *)sqlite3_column_text(statement, 0);
	if (text == NULL || strcmp(text, trust->endpoint) != 0) {
		error_set(error, "%s belongs to endpoint %s, not to %s: a "
		    "state directory serves one endpoint, so set 'state' to "
		    "another; or, if the first was a mistake, remove the "
		    "directory with all revocations and accounts in it and "
		    "run 'authgear-cache init' again", trust->directory, text == NULL ? "" : text,
		    trust->endpoint);
		goto done;
	}
	ret = 0;
done:
	(void)sqlite3_finalize(statement);
	return ret;
}

/* After another connection has written: still our endpoint's?  Is anything
 * revoked? */
static int
look_anew(struct trust *trust, long version, struct error *error)
{
	int rc;

	if (check_endpoint(trust, error) == -1)
		return -1;
	rc = trust_lookup_empty(trust->db, &trust->empty_statement,
	    &trust->is_empty);
	if (rc != SQLITE_OK) {
		(void)database_failed(trust->db, rc, trust->path, error);
		return -1;
	}
	trust->version = version;
	return 0;
}

static int
read_version(struct trust *trust, long *version_out, struct error *error)
{
	if (database_data_version(trust->db, &trust->version_statement,
	    version_out) == 0)
		return 0;
	(void)database_failed(trust->db, sqlite3_extended_errcode(trust->db),
	    trust->path, error);
	return -1;
}

static struct identity
identify(const char *path)
{
	struct identity identity = { 0, 0 };
	struct stat st;

	if (lstat(path, &st) == 0) {
		identity.device = st.st_dev;
		identity.inode = st.st_ino;
	}
	return identity;
}

static int
is_same(struct identity a, struct identity b)
{
	return a.device == b.device && a.inode == b.inode;
}

static struct snapshot
take_snapshot(const char *directory)
{
	struct snapshot snapshot = { { 0, 0 }, { 0, 0 } };
	struct stat st;

	if (lstat(directory, &st) == 0) {
		snapshot.is.device = st.st_dev;
		snapshot.is.inode = st.st_ino;
		snapshot.changed = st.st_ctim;
	}
	return snapshot;
}

/* One look instead of three, on every decision. */
static int
is_settled(const struct trust *trust, const struct snapshot *snapshot)
{
	const struct snapshot *settled = &trust->settled;

	return trust->db != NULL && !trust->is_bereft &&
	    snapshot->is.inode != 0 && is_same(settled->is, snapshot->is) &&
	    settled->changed.tv_sec == snapshot->changed.tv_sec &&
	    settled->changed.tv_nsec == snapshot->changed.tv_nsec;
}

/* What was looked at after the snapshot was in place. */
static void
settle(struct trust *trust, const struct snapshot *snapshot, int64_t wall)
{
	const struct snapshot none = { { 0, 0 }, { 0, 0 } };

	trust->settled = wall - snapshot->changed.tv_sec >= SETTLED_S ?
	    *snapshot : none;
}

/*
 * Did somebody remove -wal or -shm while we had the file open?  Writers make
 * new ones then, and what they write is not seen through the old.  Nor does
 * it help to open the file again: SQLite goes on with an old -shm while any
 * thread of the process has it.  (Nobody's sqlite3 removes them before then.)
 */
static int
is_bereft(struct trust *trust)
{
	const struct identity none = { 0, 0 };
	int i;

	if (trust->is_bereft)
		trust->is_bereft = is_same(trust->file_is,
		    identify(trust->path));
	for (i = 0; i < BESIDE && trust->db != NULL; i++)
		if (!is_same(trust->beside_is[i], none) &&
		    !is_same(trust->beside_is[i],
		    identify(trust->beside[i])) &&
		    database_in_place(trust->db))
			trust->is_bereft = 1;
	return trust->is_bereft;
}

static int
enter(struct trust *trust, struct error *error)
{
	long version;
	int i;

	leave(trust);
	if (trust_place_check(trust->directory, error) == -1)
		return -1;
	if (database_open(trust->path, DATABASE_READ, &schema, &trust->db,
	    error) != DATABASE_OPENED)
		return -1;
	trust->file_is = identify(trust->path);
	for (i = 0; i < BESIDE; i++)
		trust->beside_is[i] = identify(trust->beside[i]);
	/* the version first: what is read after it is at least as new */
	if (read_version(trust, &version, error) == 0 &&
	    look_anew(trust, version, error) == 0)
		return 0;
	leave(trust);
	return -1;
}

static char *
join(const char *directory, const char *name)
{
	size_t size = strlen(directory) + strlen(name) + 1;
	char *path = malloc(size);

	if (path != NULL)
		(void)snprintf(path, size, "%s%s", directory, name);
	return path;
}

struct trust *
trust_open(const char *directory, const char *endpoint, struct error *error)
{
	struct trust *trust;

	trust = calloc(1, sizeof(*trust));
	if (trust == NULL)
		goto memory;
	trust->directory = strdup(directory);
	trust->endpoint = strdup(endpoint);
	trust->path = join(directory, "/trust.db");
	trust->beside[0] = join(directory, "/trust.db-wal");
	trust->beside[1] = join(directory, "/trust.db-shm");
	if (trust->directory == NULL || trust->endpoint == NULL ||
	    trust->path == NULL || trust->beside[0] == NULL ||
	    trust->beside[1] == NULL)
		goto memory;
	if (enter(trust, error) == -1) {
		trust_free(trust);
		return NULL;
	}
	return trust;
memory:
	error_set(error, "%s: out of memory", directory);
	trust_free(trust);
	return NULL;
}

void
trust_free(struct trust *trust)
{
	if (trust == NULL)
		return;
	leave(trust);
	free(trust->directory);
	free(trust->path);
	free(trust->beside[0]);
	free(trust->beside[1]);
	free(trust->endpoint);
	free(trust);
}

/* Has another connection written?  Then it must still be our endpoint's. */
static int
check_version(struct trust *trust, struct error *error)
{
	long version;

	if (read_version(trust, &version, error) == -1)
		return -1;
	return version == trust->version ? 0 :
	    look_anew(trust, version, error);
}

static int
check_place(struct trust *trust, struct error *error)
{
	if (trust->db == NULL || !database_in_place(trust->db))
		return enter(trust, error);
	if (trust_place_check(trust->directory, error) == -1)
		return -1;
	return database_look(trust->path, DATABASE_READ, &schema, error) ==
	    DATABASE_OPENED ? 0 : -1;
}

/* The place, at most once a second; that the open files are those at their
 * paths, each time (what is written into others would not be seen), by the
 * directory alone while nothing in it changed. */
static int
look_at_place(struct trust *trust, const struct moment *now,
    struct error *error)
{
	const struct snapshot snapshot = take_snapshot(trust->directory);
	struct error refusal = { "" };

	if (is_settled(trust, &snapshot) && now->boottime < trust->place_due &&
	    trust->place_due <= now->boottime + PLACE_PERIOD_MS)
		return 0;
	if (is_bereft(trust)) {
		leave(trust);
		error_set(error, "%s-wal or %s-shm was removed while in use, "
		    "and new revocations would not be seen: restart the "
		    "daemon", trust->path, trust->path);
		return -1;
	}
	if (now->boottime >= trust->place_due ||
	    trust->place_due > now->boottime + PLACE_PERIOD_MS ||
	    (trust->db != NULL && !database_in_place(trust->db))) {
		trust->place_due = now->boottime + PLACE_PERIOD_MS;
		error_clear(&trust->refusal);
		if (check_place(trust, &refusal) == -1) {
			leave(trust);
			trust->refusal = refusal;
		}
	}
	if (trust->db != NULL) {
		settle(trust, &snapshot, now->wall);
		return 0;
	}
	error_set(error, "%s", error_text(&trust->refusal));
	return -1;
}

/* Not to be used before the next look at its place. */
static int
refuse(struct trust *trust, const struct error *refusal, struct error *error)
{
	leave(trust);
	trust->refusal = *refusal;
	error_set(error, "%s", error_text(refusal));
	return -1;
}

int
trust_check(struct trust *trust, const struct moment *now,
    struct error *error)
{
	struct error refusal = { "" };

	if (look_at_place(trust, now, error) == -1)
		return -1;
	if (check_version(trust, &refusal) == -1)
		return refuse(trust, &refusal, error);
	return 0;
}

/* In one transaction, so that endpoint and rows are of one moment. */
static int
look_up(struct trust *trust, const struct facts *facts, const char *hash,
    const struct moment *now, enum reason *reason_out, struct error *error)
{
	int rc, ret = -1;

	rc = sqlite3_exec(trust->db, "BEGIN", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		goto failed;
	if (check_version(trust, error) == -1)
		goto done;
	rc = trust_lookup(trust->db, &trust->lookup_statement, facts, hash,
	    now->wall, reason_out);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(trust->db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		goto failed;
	ret = 0;
	goto done;
failed:
	(void)database_failed(trust->db, rc, trust->path, error);
done:
	return ret;
}

int
trust_revoked(struct trust *trust, const struct facts *facts,
    const char *hash, const struct moment *now, enum reason *reason_out,
    struct error *error)
{
	struct error refusal = { "" };
	enum reason reason;

	*reason_out = REASON_STATE_UNREADABLE;
	if (trust_check(trust, now, error) == -1)
		return -1;
	if (trust->is_empty) {
		*reason_out = REASON_GRANTED;
		return 0;
	}
	if (look_up(trust, facts, hash, now, &reason, &refusal) == -1)
		return refuse(trust, &refusal, error);
	*reason_out = reason;
	return reason != REASON_GRANTED;
}

int
trust_account(struct trust *trust, const char *user_id,
    const struct moment *now, char **account_out, struct error *error)
{
	struct error refusal = { "" };
	int rc;

	*account_out = NULL;
	if (trust_check(trust, now, error) == -1)
		return -1;
	rc = trust_lookup_account(trust->db, &trust->account_statement,
	    user_id, account_out);
	if (rc == SQLITE_OK)
		return *account_out != NULL;
	(void)database_failed(trust->db, rc, trust->path, &refusal);
	return refuse(trust, &refusal, error);
}
