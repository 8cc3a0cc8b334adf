/* The file itself: opened, checked, opened again where it was replaced. */
#include "config.h"

#include "state/status_file.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "state/database.h"
#include "state/database_check.h"
#include "state/database_connection.h"
#include "state/database_error.h"
#include "state/sql.h"
#include "state/sql_column.h"
#include "state/status_schema.h"

void
status_file_leave(struct status *status)
{
	size_t i;

	for (i = 0; i < STATUS_STATEMENTS; i++) {
		(void)sqlite3_finalize(status->statements[i]);
		status->statements[i] = NULL;
	}
	memset(&status->boot, 0, sizeof(status->boot));
	status->log_pages = 0;
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
		error_set(error, "%s: %s%s", directory, strerror(errno),
		    errno == ENOENT ? "; run 'authgear-cache init --user "
		    "NAME' with the daemon's user" : "");
		return -1;
	}
	if (!S_ISDIR(st.st_mode)) {
		error_set(error, "%s is a symbolic link or no directory: "
		    "remove it, then run 'authgear-cache init'", directory);
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

/* Whose the file is: 1 ours, 0 nobody's yet, -1 another endpoint's, -2 and
 * error. */
static int
find_owner(struct status *status, struct error *error)
{
	struct sqlite3_stmt *statement = NULL;
	const char *endpoint = NULL;
	int rc, ret = 0;

	rc = sql_step(status->db, "SELECT endpoint FROM about", NULL, 0,
	    &statement);
	if (rc == SQLITE_ROW)
		rc = sql_column_text(statement, 0, &endpoint);
	if (rc != SQLITE_OK && rc != SQLITE_DONE)
		ret = status_file_failed(status, rc, error) - 1;
	else if (endpoint != NULL)
		ret = strcmp(endpoint, status->endpoint) == 0 ? 1 : -1;
	(void)sqlite3_finalize(statement);
	return ret;
}

/* Not where that cannot be told: who looks for one is told so. */
static int
lacks_before(struct status *status)
{
	int64_t ignored;
	int found;

	return sql_find(status->db, "SELECT 1 FROM session_before LIMIT 1",
	    NULL, 0, &found, &ignored) == SQLITE_OK && !found;
}

static enum database_mode
mode_of(const struct status *status)
{
	return status->is_opened ? DATABASE_RENEW_SOON : DATABASE_RENEW;
}

/* What another endpoint's users are known by must not serve this one's. */
static int
set_aside(struct status *status, struct error *error)
{
	const int ret = database_set_aside(status->path, mode_of(status),
	    status->db, error);

	status_file_leave(status);
	return ret;
}

static int
open_file(struct status *status, struct error *error)
{
	const enum database_outcome outcome = database_open(status->path,
	    mode_of(status), &status_schema, &status->db, error);

	status->is_starved = outcome == DATABASE_NO_MEMORY;
	return outcome == DATABASE_OPENED ? 0 : -1;
}

/* Opened, and of no other endpoint. */
static int
open_own(struct status *status, struct error *error)
{
	int owner;

	if (open_file(status, error) == -1)
		return -1;
	owner = find_owner(status, error);
	if (owner == -1 && (set_aside(status, error) == -1 ||
	    open_file(status, error) == -1))
		return -1;
	if (owner == -1)
		owner = find_owner(status, error);
	status->is_owned = owner == 1;
	status->has_before = !lacks_before(status);
	return owner >= 0 ? 0 : -1;
}

/* What is taken away while it is opened is there anew at the second time. */
static int
open_new(struct status *status, struct error *error)
{
	if (open_own(status, NULL) == 0)
		return 0;
	status_file_leave(status);
	return open_own(status, error);
}

/* Who decides writes nothing back into the file from its log. */
static int
count_pages(void *context, struct sqlite3 *db, const char *name, int pages)
{
	struct status *status = context;

	(void)db;
	(void)name;
	status->log_pages = pages;
	return SQLITE_OK;
}

int
status_file_is_ours(struct status *status, struct error *error)
{
	long version;
	int64_t schema = 0;
	int rc;

	rc = database_connection_version(status->db,
	    &status->statements[STATUS_VERSION], &version);
	if (rc == SQLITE_OK && version == status->schema_at)
		return SQLITE_OK;
	if (rc != SQLITE_OK)
		goto failed;
	rc = status_file_step(status, STATUS_SCHEMA_VERSION,
	    "PRAGMA user_version", NULL, 0);
	if (rc == SQLITE_ROW)
		schema = sqlite3_column_int64(
		    status->statements[STATUS_SCHEMA_VERSION], 0);
	rc = status_file_reset(status, STATUS_SCHEMA_VERSION, rc);
	if (rc != SQLITE_OK)
		goto failed;
	if (database_check_version(schema, status->path, &status_schema,
	    error) != DATABASE_OPENED)
		return SQLITE_SCHEMA;
	status->schema_at = version;
	return SQLITE_OK;
failed:
	(void)status_file_failed(status, rc, error);
	return rc;
}

int
status_file_enter(struct status *status, struct error *error)
{
	int rc;

	status->is_busy = status->is_starved = 0;
	if (status->db != NULL && !status->is_damaged &&
	    database_connection_in_place(status->db))
		return status_file_is_ours(status, error) == SQLITE_OK ?
		    0 : -1;
	if (check_directory(status->path, error) == -1)
		return -1;
	if (status->db != NULL && status->is_damaged && database_set_aside(
	    status->path, mode_of(status), status->db, error) == -1)
		return -1;
	status->is_damaged = status->is_checked = status->is_counted = 0;
	status_file_leave(status);
	if (open_new(status, error) == -1)
		goto failed;
	rc = database_connection_version(status->db,
	    &status->statements[STATUS_VERSION], &status->version);
	if (rc != SQLITE_OK) {
		(void)status_file_failed(status, rc, error);
		goto failed;
	}
	status->schema_at = status->version;
	(void)sqlite3_wal_hook(status->db, count_pages, status);
	status->is_anew = status->is_opened;
	status->is_opened = 1;
	return 1;
failed:
	status_file_leave(status);
	return -1;
}

int
status_file_failed(struct status *status, int rc, struct error *error)
{
	const int code = rc & 0xff;

	status->is_busy = code == SQLITE_BUSY || code == SQLITE_LOCKED ||
	    code == SQLITE_PROTOCOL;
	status->is_starved = code == SQLITE_NOMEM;
	if (database_error_tell(status->db, rc, status->path, error) ==
	    DATABASE_CORRUPT)
		status->is_damaged = 1;
	return -1;
}

int
status_file_step(struct status *status, enum status_statement which,
    const char *sql, const struct sql_value *values, size_t count)
{
	return sql_step(status->db, sql, values, count,
	    &status->statements[which]);
}

int
status_file_reset(struct status *status, enum status_statement which, int rc)
{
	sql_reset(status->statements[which]);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}
