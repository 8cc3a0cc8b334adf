#ifndef DATABASE_H_
#define DATABASE_H_

#include "ground/error.h"

struct sqlite3;

/*
 * Opening, making and migrating our SQLite files (SQLite 3.40), which nobody
 * but src/state knows.
 *
 * - A database file is never opened but through SQLite, or without a look into
 *   it (O_PATH): close(2) of any other descriptor drops SQLite's locks.
 * - Threads: one at a time for a connection, which never crosses a fork.
 */

#define DATABASE_BUSY_MS 250	/* busy_timeout, inside every total_timeout */

enum database_mode {
	DATABASE_READ = 0,	/* must exist, in this release's schema; SQLite
				   may make its -shm */
	DATABASE_WRITE,		/* must exist, in this release's schema */
	DATABASE_MIGRATE,	/* must exist, and is migrated */
	DATABASE_CREATE,	/* made if absent or empty, and migrated */
	DATABASE_RENEW,		/* and a corrupt one is set aside first, as
				   PATH.corrupt-N, the newest of them alone */
	DATABASE_RENEW_SOON	/* the same while a request waits for it */
};

enum database_outcome {
	DATABASE_OPENED = 0,
	DATABASE_ABSENT,	/* no such file, or replaced meanwhile */
	DATABASE_UNSAFE,	/* symlink, not a file, wrong owner or mode */
	DATABASE_CORRUPT,	/* not SQLite, not ours, or damaged */
	DATABASE_NEWER,		/* user_version of a later release */
	DATABASE_NO_MEMORY,	/* says nothing of the file */
	DATABASE_FAILED		/* anything else: busy, I/O, an earlier
				   release's where it is not migrated */
};

/* What a file must be. */
struct database_schema {
	int version;			/* user_version of this release */
	int application_id;		/* "AGtr", "AGst" as a number */
	const char *const *migrations;	/* [i] takes version i to i + 1 */
	int full_sync;			/* synchronous=FULL, else NORMAL */
	unsigned int mode;		/* permissions of one that is made, and
					   the most that one may have */
	int is_checked;			/* whole, before and after migrating */
	int (*prepare)(struct sqlite3 *db); /* functions that migrations use,
					   or NULL: SQLITE_OK or an error */
	const char *migrated_by;	/* what to do with an earlier one;
					   NULL: init */
};

/*
 * Open `path`.  On anything but DATABASE_OPENED *db_out is NULL and error says
 * what to do.
 *
 * - The file and its -wal, -journal and -shm are the caller's (or root's, to
 *   READ), no symlinks, and of no more permissions than the schema's.
 * - Its header tells that it is ours and of which version; what is in it is
 *   checked when it is migrated (is_checked), and by the daemon's upkeep.
 * - It is in WAL mode, with a -wal that stays (but for READ); defensive,
 *   without trusted schema, triggers, views, shared cache or extensions;
 *   temp_store in memory, secure_delete on.
 * - An empty file is DATABASE_CORRUPT but for CREATE and the two RENEW.
 * - PATH.lock (flock) is held to make, migrate (one transaction) and set aside
 *   alone, so that processes which start together do it once; it is waited
 *   for 2 s at most (RENEW_SOON: DATABASE_BUSY_MS).
 * - Where it may be set aside, who opens it shares the lock for that moment,
 *   or goes without it after a tenth of a second.
 */
enum database_outcome database_open(const char *path, enum database_mode mode,
    const struct database_schema *schema, struct sqlite3 **db_out,
    struct error *error);
void database_close(struct sqlite3 *db);

/*
 * What is open turned out to be damaged, or another's: set aside, so that the
 * next opening begins it anew, if it is still at its path (another thread may
 * have been faster).  The connection is then to be closed.  0, or -1 and
 * error.
 */
int database_set_aside(const char *path, enum database_mode mode,
    struct sqlite3 *damaged, struct error *error);

/* Owner, mode and kind of the file and of what SQLite keeps beside it, but for
 * the -shm: for a reader that does without.  DATABASE_OPENED if all is well. */
enum database_outcome database_look(const char *path,
    enum database_mode mode, const struct database_schema *schema,
    struct error *error);

#endif /* !DATABASE_H_ */
