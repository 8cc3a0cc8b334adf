#include "status.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "database.h"
#include "status_file.h"

/* Times are Unix seconds (wall) or milliseconds of that boot (boottime). */
static const char *const migrations[] = {
	"CREATE TABLE issuer ("
	" endpoint TEXT NOT NULL PRIMARY KEY,"
	" jwks_uri TEXT NOT NULL,"
	" authorization_endpoint TEXT,"
	" jwks BLOB NOT NULL,"
	" started_wall INTEGER NOT NULL,"
	" started_boottime INTEGER NOT NULL,"
	" boot_id TEXT NOT NULL) STRICT;"
	"CREATE TABLE lease ("
	" endpoint TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" boot_id TEXT NOT NULL,"
	" taken INTEGER NOT NULL,"
	" running_until INTEGER NOT NULL,"
	" PRIMARY KEY (endpoint, name)) STRICT, WITHOUT ROWID;",
	/* the endpoint is hashed into the key of a session */
	"CREATE TABLE session ("
	" key TEXT NOT NULL UNIQUE,"
	" is_live INTEGER NOT NULL,"
	" started_wall INTEGER NOT NULL,"
	" started_boottime INTEGER NOT NULL,"
	" boot_id TEXT NOT NULL,"
	" user_id TEXT,"
	" roles TEXT,"
	" amr TEXT,"
	" anonymous INTEGER,"
	" verified INTEGER,"
	" can_reauthenticate INTEGER,"
	" authenticated_at INTEGER,"
	" verified_by TEXT) STRICT;"
	"CREATE INDEX session_started ON session (started_wall);"
	"CREATE TABLE backoff ("
	" endpoint TEXT NOT NULL PRIMARY KEY,"
	" boot_id TEXT NOT NULL,"
	" failures INTEGER NOT NULL,"
	" until INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
};

static const struct database_schema schema = {
	.version = 2,
	.application_id = 0x41477374,	/* "AGst" */
	.migrations = migrations,
	.full_sync = 0,
	.mode = 0600
};

static void
leave(struct status *status)
{
	(void)sqlite3_finalize(status->version_statement);
	status->version_statement = NULL;
	(void)sqlite3_finalize(status->session_load);
	status->session_load = NULL;
	(void)sqlite3_finalize(status->session_store);
	status->session_store = NULL;
	(void)sqlite3_finalize(status->backoff_load);
	status->backoff_load = NULL;
	database_close(status->db);
	status->db = NULL;
}

/* Who can put files into the directory can put keys into the daemon, however
 * well the file itself is looked at. */
static int
check_directory(const char *path, struct error *error)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];
	struct stat st;

	(void)snprintf(directory, sizeof(directory), "%.*s",
	    slash == NULL ? 1 : (int)(slash - path),
	    slash == NULL ? "." : path);
	if (lstat(directory, &st) == -1) {
		error_set(error, "%s: %s", directory, strerror(errno));
		return -1;
	}
	if (!S_ISDIR(st.st_mode)) {
		error_set(error, "%s is a symbolic link or no directory: remove "
		    "it, then run 'authgear-cache init'", directory);
		return -1;
	}
	/* Giving it to the caller would shut out whom it was made for. */
	if (st.st_uid != geteuid()) {
		error_set(error, "%s was made for uid %lu, and this runs as "
		    "uid %lu: run the daemon as that user, or set 'state' to "
		    "a directory of its own", directory,
		    (unsigned long)st.st_uid, (unsigned long)geteuid());
		return -1;
	}
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		error_set(error, "%s can be written by others: run 'chmod 0700 "
		    "%s'", directory, directory);
		return -1;
	}
	return 0;
}

int
status_file_enter(struct status *status, struct error *error)
{
	const enum database_mode mode = status->is_opened ?
	    DATABASE_RENEW_SOON : DATABASE_RENEW;

	if (status->db != NULL && !status->damaged &&
	    database_in_place(status->db))
		return 0;
	if (check_directory(status->path, error) == -1)
		return -1;
	if (status->db != NULL && status->damaged && database_set_aside(
	    status->path, mode, status->db, error) == -1)
		return -1;
	leave(status);
	if (database_open(status->path, mode, &schema, &status->db, error) !=
	    DATABASE_OPENED)
		return -1;
	status->damaged = 0;
	status->is_anew = status->is_opened;
	if (database_data_version(status->db, &status->version_statement,
	    &status->version) == -1) {
		error_set(error, "%s: %s", status->path,
		    sqlite3_errmsg(status->db));
		leave(status);
		return -1;
	}
	status->is_opened = 1;
	return 1;
}

int
status_file_failed(struct status *status, int rc, struct error *error)
{
	if (database_failed(status->db, rc, status->path, error) ==
	    DATABASE_CORRUPT)
		status->damaged = 1;
	return -1;
}

struct status *
status_open(const char *path, const char *endpoint, struct error *error)
{
	struct status *status;

	status = calloc(1, sizeof(*status));
	if (status == NULL)
		goto memory;
	status->path = strdup(path);
	status->endpoint = strdup(endpoint);
	if (status->path == NULL || status->endpoint == NULL)
		goto memory;
	if (status_file_enter(status, error) == -1) {
		status_free(status);
		return NULL;
	}
	return status;
memory:
	error_set(error, "%s: out of memory", path);
	status_free(status);
	return NULL;
}

void
status_free(struct status *status)
{
	if (status == NULL)
		return;
	leave(status);
	free(status->path);
	free(status->endpoint);
	free(status);
}

int
status_changed(struct status *status, struct error *error)
{
	long version;

	if (status_file_enter(status, error) == -1)
		return -1;
	if (status->is_anew) {
		status->is_anew = 0;
		return 1;
	}
	if (database_data_version(status->db, &status->version_statement,
	    &version) == -1)
		return status_file_failed(status,
		    sqlite3_extended_errcode(status->db), error);
	if (version == status->version)
		return 0;
	status->version = version;
	return 1;
}

void
status_keys_clear(struct status_keys *keys)
{
	if (keys == NULL)
		return;
	free(keys->jwks_uri);
	free(keys->authorization_endpoint);
	free(keys->jwks);
	memset(keys, 0, sizeof(*keys));
}

static char *
copy_column(struct sqlite3_stmt *statement, int column, size_t *len_out)
{
	const void *data = sqlite3_column_blob(statement, column);
	size_t len = (size_t)sqlite3_column_bytes(statement, column);
	char *copy;

	copy = malloc(len + 1);
	if (copy == NULL)
		return NULL;
	if (len > 0)
		memcpy(copy, data, len);
	copy[len] = '\0';
	if (len_out != NULL)
		*len_out = len;
	return copy;
}

static int
read_keys(struct sqlite3_stmt *statement, struct status_keys *keys)
{
	const unsigned char *boot_id;

	keys->jwks_uri = copy_column(statement, 0, NULL);
	keys->jwks = copy_column(statement, 2, &keys->jwks_len);
	if (sqlite3_column_type(statement, 1) != SQLITE_NULL) {
		keys->authorization_endpoint = copy_column(statement, 1, NULL);
		if (keys->authorization_endpoint == NULL)
			return -1;
	}
	keys->started.wall = sqlite3_column_int64(statement, 3);
	keys->started.boottime = sqlite3_column_int64(statement, 4);
	boot_id = sqlite3_column_text(statement, 5);
	if (keys->jwks_uri == NULL || keys->jwks == NULL || boot_id == NULL)
		return -1;
	strncpy(keys->started.boot_id, (const char *)boot_id,
	    sizeof(keys->started.boot_id) - 1);
	return 0;
}

int
status_keys_load(struct status *status, struct status_keys *keys,
    struct error *error)
{
	static const char sql[] = "SELECT jwks_uri, authorization_endpoint, "
	    "jwks, started_wall, started_boottime, boot_id "
	    "FROM issuer WHERE endpoint = ?1";
	struct sqlite3_stmt *statement = NULL;
	int rc, ret = -1;

	memset(keys, 0, sizeof(*keys));
	if (status_file_enter(status, error) == -1)
		return -1;
	rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 1, status->endpoint, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_DONE) {
		ret = 0;
		goto done;
	}
	if (rc != SQLITE_ROW) {
		(void)status_file_failed(status, rc, error);
		goto done;
	}
	if (read_keys(statement, keys) == -1) {
		error_set(error, "%s: out of memory", status->path);
		status_keys_clear(keys);
		goto done;
	}
	ret = 1;
done:
	(void)sqlite3_finalize(statement);
	return ret;
}

static int
bind_keys(struct sqlite3_stmt *statement, const char *endpoint,
    const struct status_keys *keys)
{
	const char *texts[3];
	int rc = SQLITE_OK, i;

	texts[0] = endpoint;
	texts[1] = keys->jwks_uri;
	texts[2] = keys->authorization_endpoint;
	for (i = 0; i < 3 && rc == SQLITE_OK; i++)
		rc = sqlite3_bind_text(statement, i + 1, texts[i], -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob64(statement, 4, keys->jwks,
		    keys->jwks_len, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 5, keys->started.wall);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 6, keys->started.boottime);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 7, keys->started.boot_id, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 8,
		    moment_latest(&keys->started));
	return rc;
}

int
status_keys_store(struct status *status, const struct status_keys *keys,
    struct error *error)
{
	static const char sql[] = "INSERT INTO issuer (endpoint, jwks_uri, "
	    "authorization_endpoint, jwks, started_wall, started_boottime, "
	    "boot_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
	    "ON CONFLICT (endpoint) DO UPDATE SET "
	    "jwks_uri = excluded.jwks_uri, authorization_endpoint = "
	    "excluded.authorization_endpoint, jwks = excluded.jwks, "
	    "started_wall = excluded.started_wall, started_boottime = "
	    "excluded.started_boottime, boot_id = excluded.boot_id "
	    "WHERE issuer.boot_id <> excluded.boot_id "
	    "OR issuer.started_boottime <= excluded.started_boottime "
	    "OR issuer.started_boottime > ?8";
	struct sqlite3_stmt *statement = NULL;
	int rc, ret = -1;

	if (status_file_enter(status, error) == -1)
		return -1;
	rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = bind_keys(statement, status->endpoint, keys);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc != SQLITE_DONE) {
		(void)status_file_failed(status, rc, error);
		goto done;
	}
	ret = 0;
done:
	(void)sqlite3_finalize(statement);
	return ret;
}
