#ifndef DATABASE_H_
#define DATABASE_H_

#include "error.h"

struct sqlite3;
struct sqlite3_stmt;

/*
 * Opening, checking and migrating our SQLite files (SQLite 3.40).  Only
 * database.c, trust.c and status.c know SQLite.  A database file is never
 * opened but through SQLite: open and close of the file drop its locks.
 */

#define DATABASE_BUSY_MS 250	/* busy_timeout, inside every total_timeout */

enum database_mode {
	DATABASE_READ = 0,	/* read only; makes no file */
	DATABASE_WRITE,		/* must exist */
	DATABASE_CREATE		/* made with mode 0600 (status) / 0640 (trust) */
};

enum database_outcome {
	DATABASE_OPENED = 0,
	DATABASE_ABSENT,	/* no such file */
	DATABASE_UNSAFE,	/* symlink, not a file, wrong owner or mode */
	DATABASE_CORRUPT,	/* not SQLite, or damaged */
	DATABASE_NEWER,		/* user_version of a later release */
	DATABASE_FAILED		/* anything else: busy, memory, I/O */
};

/* What a file must be. */
struct database_schema {
	int version;			/* user_version of this release */
	int application_id;		/* "AGtr", "AGst" as a number */
	const char *const *migrations;	/* [i] takes version i to i + 1 */
	int full_sync;			/* synchronous=FULL, else NORMAL */
	unsigned int mode;		/* permissions of a created file */
};

/*
 * Open `path` by the design's rules: lstat for owner (the caller's uid, or
 * root when reading), mode and symlink; WAL with PERSIST_WAL;
 * trusted_schema off, defensive, temp_store memory, secure_delete on;
 * migration in one transaction; no shared cache, no extension.  On anything
 * but DATABASE_OPENED *db_out is NULL and error says what to do.
 */
enum database_outcome database_open(const char *path, enum database_mode mode,
    const struct database_schema *schema, struct sqlite3 **db_out,
    struct error *error);
void database_close(struct sqlite3 *db);

/* 1 if the file at the path is still the one that is open (HAS_MOVED). */
int database_in_place(struct sqlite3 *db);

/*
 * PRAGMA data_version: changes when another connection has committed.
 * `statement` is kept by the caller between calls (NULL at first).  0 on
 * success, -1 on error.
 */
int database_data_version(struct sqlite3 *db, struct sqlite3_stmt **statement,
    long *version_out);

/* 1 for NFS, CIFS, FUSE and other file systems without safe locks. */
int database_on_network(const char *directory);

#endif /* !DATABASE_H_ */
