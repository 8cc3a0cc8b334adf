#ifndef DATABASE_H_
#define DATABASE_H_

#include <stdint.h>

#include "ground/error.h"

struct sqlite3;
struct sqlite3_stmt;

/*
 * Opening, checking and migrating our SQLite files (SQLite 3.40).  Only
 * database*.c, trust*.c and status*.c know SQLite.  A database file is never
 * opened but through SQLite: open and close of the file drop its locks.
 */

#define DATABASE_BUSY_MS 250	/* busy_timeout, inside every total_timeout */

enum database_mode {
	DATABASE_READ = 0,	/* read only; makes no file */
	DATABASE_WRITE,		/* must exist, in this release's schema */
	DATABASE_MIGRATE,	/* must exist, and is migrated */
	DATABASE_CREATE,	/* made with the schema's mode if absent, and
				   migrated */
	DATABASE_RENEW,		/* and a corrupt one is set aside first, as
				   PATH.corrupt-N, of which the newest is kept */
	DATABASE_RENEW_SOON	/* the same while a request waits for it */
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
	int is_checked;			/* whole, before a migration counts */
	int (*prepare)(struct sqlite3 *db); /* functions that migrations use,
					   or NULL: SQLITE_OK or an error */
};

/*
 * Open `path`: lstat for owner (the caller's uid, or root when reading), mode
 * and symlink; WAL with PERSIST_WAL; trusted_schema off, defensive,
 * temp_store memory, secure_delete on; no shared cache, no extension.  Header
 * and version are looked at, whatever the size; the whole content is checked
 * by whoever puts a file in place (is_checked) and by the daemon's upkeep.
 * PATH.lock (flock) is held only to make, migrate (one transaction) or set
 * aside, so that processes that start together do it once; waited for at most
 * 2 s (RENEW_SOON: DATABASE_BUSY_MS).  Where a file may be set aside, those
 * that open it share the lock for that moment, or go without it.  An empty file is DATABASE_CORRUPT but
 * for CREATE and RENEW, which may also find it damaged only later:
 * database_set_aside().  A connection serves one thread and never crosses a
 * fork.  On anything but DATABASE_OPENED *db_out is NULL and error says what
 * to do.
 */
enum database_outcome database_open(const char *path, enum database_mode mode,
    const struct database_schema *schema, struct sqlite3 **db_out,
    struct error *error);
void database_close(struct sqlite3 *db);

/*
 * A statement found it damaged: set aside, so that the next opening begins it
 * anew, if it is still at its path (another thread may have been faster).
 * The connection is then to be closed.  0, or -1 and error.
 */
int database_set_aside(const char *path, enum database_mode mode,
    struct sqlite3 *damaged, struct error *error);

/*
 * The whole content (integrity_check: an index without one of its rows too),
 * seconds for a large file: DATABASE_OPENED if it is sound, CORRUPT, FAILED.
 * `stop`, if there is one, is asked now and then on the caller's thread and
 * may do other work; once it answers 1 the check ends with FAILED.
 */
enum database_outcome database_check_whole(struct sqlite3 *db,
    const char *path, int (*stop)(void *context), void *context,
    struct error *error);

/* Is this user_version one that this release writes?  OPENED, NEWER, FAILED
 * (older), and the sentence. */
enum database_outcome database_check_version(int64_t version,
    const char *path, const struct database_schema *schema,
    struct error *error);

/* Owner, mode and kind of the file and of what SQLite keeps beside it, but for
 * the -shm: for a reader that does without.  DATABASE_OPENED if all is well. */
enum database_outcome database_look(const char *path,
    enum database_mode mode, const struct database_schema *schema,
    struct error *error);

/* What an SQLite result means, and the sentence for it: DATABASE_CORRUPT or
 * DATABASE_FAILED.  `db` may be NULL. */
enum database_outcome database_failed(struct sqlite3 *db, int rc,
    const char *path, struct error *error);

/* End a transaction: COMMIT, or ROLLBACK if `rc` says that a step failed.
 * SQLITE_OK, or what failed first, and its sentence. */
int database_finish(struct sqlite3 *db, int rc, const char *path,
    struct error *error);

/* 1 if the file at the path is still the one that is open (HAS_MOVED). */
int database_in_place(struct sqlite3 *db);

/*
 * PRAGMA data_version: changes when another connection has committed.
 * `statement` is kept by the caller between calls (NULL at first).  0 on
 * success, -1 on error.
 */
int database_data_version(struct sqlite3 *db, struct sqlite3_stmt **statement,
    long *version_out);

/* 1 for NFS, CIFS, FUSE and other file systems without safe locks, and for a
 * directory that cannot be looked at. */
int database_on_network(const char *directory);
int database_type_on_network(unsigned long type);	/* statfs(2) f_type */

#endif /* !DATABASE_H_ */
