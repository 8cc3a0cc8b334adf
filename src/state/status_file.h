#ifndef STATUS_FILE_H_
#define STATUS_FILE_H_

#include "ground/error.h"
#include "ground/moment.h"
#include "state/sql.h"
#include "state/status.h"

struct sqlite3;
struct sqlite3_stmt;

/* The file of a struct status.  Shared by status*.c alone.  Threads: one at a
 * time for a struct status. */

enum status_statement {
	STATUS_VERSION = 0,	/* data_version; prepared by database.c */
	STATUS_SCHEMA_VERSION,
	STATUS_SESSION_LOAD,
	STATUS_SESSION_STORE,
	STATUS_SESSION_BEFORE,
	STATUS_BOOT_LOAD,
	STATUS_BACKOFF_LOAD,
	STATUS_LEASE_LOAD,
	STATUS_STATEMENTS
};

/* One boot and its number in the file. */
struct status_boot {
	int64_t number;		/* 0: none */
	char boot_id[MOMENT_BOOT_ID_SIZE];
};

struct status {
	char *path;
	char *endpoint;
	struct status_pending *pending;
	int owns_pending;
	struct sqlite3 *db;		/* NULL until it can be opened again */
	/* NULL until used */
	struct sqlite3_stmt *statements[STATUS_STATEMENTS];
	long version;			/* data_version when last looked at */
	long schema_at;			/* when its schema was */
	uint64_t keys_number;		/* of the keys that wait, likewise */
	struct status_boot boot;	/* the last one that was looked up */
	int has_before;			/* rows of schema 2 may be there */
	int is_checked;			/* whole, since it was opened */
	int is_counted;			/* its rows, likewise */
	int is_damaged;			/* a statement found it corrupt */
	int is_busy;			/* why the last call failed */
	int is_starved;			/* the same */
	int is_opened;			/* it was open once: requests wait */
	int is_anew;			/* so that status_changed() tells */
	int is_owned;			/* the endpoint stands in the file */
	int log_pages;			/* of the -wal, after the last commit */
};

/*
 * Make sure that `db` is the file which is at the path now, and of our schema:
 * reopened if it was replaced.  1 if opened anew, 0 if not, -1 and error.
 */
int status_file_enter(struct status *status, struct error *error);

/* SQLITE_OK if no later release migrated it since it was opened; SQLITE_SCHEMA
 * if one did, or what failed; and error. */
int status_file_is_ours(struct status *status, struct error *error);

/* The file is closed; the next enter opens it again. */
void status_file_leave(struct status *status);

/* Say what an SQLite result means and remember damage; returns -1. */
int status_file_failed(struct status *status, int rc, struct error *error);

/* sql_step() of a statement that is prepared once. */
int status_file_step(struct status *status, enum status_statement which,
    const char *sql, const struct sql_value *values, size_t count);
/* Ready for its next use: SQLITE_OK, or the rc if that is no answer. */
int status_file_reset(struct status *status, enum status_statement which,
    int rc);

#endif /* !STATUS_FILE_H_ */
