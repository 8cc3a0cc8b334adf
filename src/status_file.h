#ifndef STATUS_FILE_H_
#define STATUS_FILE_H_

#include "error.h"

struct sqlite3;
struct sqlite3_stmt;

/* Shared by status*.c alone. */

struct status {
	char *path;
	char *endpoint;
	struct sqlite3 *db;		/* NULL until it can be opened again */
	struct sqlite3_stmt *version_statement;
	struct sqlite3_stmt *session_load;	/* NULL until they are used */
	struct sqlite3_stmt *session_store;
	struct sqlite3_stmt *backoff_load;
	long version;			/* data_version when last looked at */
	int damaged;			/* a statement found it corrupt */
	int is_opened;			/* it was open once: requests wait */
	int is_anew;			/* reopened, status_changed() not told */
};

/*
 * Make sure that `db` is the file which is at the path now: reopened if it
 * was replaced or found damaged.  1 if opened anew, 0 if not, -1 and error.
 */
int status_file_enter(struct status *status, struct error *error);

/* Say what an SQLite result means and remember damage; returns -1. */
int status_file_failed(struct status *status, int rc, struct error *error);

#endif /* !STATUS_FILE_H_ */
