#ifndef DATABASE_CONNECTION_H_
#define DATABASE_CONNECTION_H_

#include "ground/error.h"
#include "state/database.h"

struct sqlite3_stmt;

/* What database.c and database_view.c give a connection, and what all ask of
 * it.  For src/state alone.  Threads: one at a time for a connection. */

/* Milliseconds that another process may be waited for while it is opened. */
int database_connection_patience(enum database_mode mode);

/* What every connection of ours is given before its first statement;
 * SQLITE_OK, or what SQLite says. */
int database_connection_configure(struct sqlite3 *db,
    enum database_mode mode, const struct database_schema *schema);

/* And once it was looked at: what it may wait, what it may hold. */
void database_connection_settle(struct sqlite3 *db);

/* 1 if the file at the path is still the one that is open (HAS_MOVED). */
int database_connection_in_place(struct sqlite3 *db);

/*
 * PRAGMA data_version: changes when another connection has committed.
 * `statement` is kept by the caller between calls (NULL at first).  A result
 * of SQLite.
 */
int database_connection_version(struct sqlite3 *db,
    struct sqlite3_stmt **statement, long *version_out);

/* End a transaction: COMMIT, or ROLLBACK if `rc` says that a step failed.
 * SQLITE_OK, or what failed first, and its sentence. */
int database_connection_finish(struct sqlite3 *db, int rc, const char *path,
    struct error *error);

#endif /* !DATABASE_CONNECTION_H_ */
