#ifndef DATABASE_VIEW_H_
#define DATABASE_VIEW_H_

#include <stdint.h>

#include "state/database.h"

/*
 * A file in WAL mode as another user's process reads it: in place, without
 * the -shm.  SQLite's index of the -wal is recovered into memory of this
 * process, as it would be after a crash, so that
 *
 *  - no writer, however it ended, leaves anything that a reader needs;
 *  - no reader, stopped wherever it is, holds up a writer or its checkpoint;
 *  - a -wal that is missing, empty or noise is one without a commit in it
 *    (the caller must know whether that can be).
 *
 * Nothing but the reader's own look keeps pages from changing while they are
 * read.  So: take, read, and believe what was read if the view still holds;
 * else begin anew.  A change is seen by what the files are (inode, size,
 * times, owner, mode) and by what stands at their beginnings and behind the
 * last commit.  A writer that puts page 1 into each of its transactions and
 * checkpoints it (trust_writer) is seen without regard to the file system's
 * clock; others by its ticks.
 *
 * Threads: one at a time; each opens its own.
 */

struct database_view;

/* Which file it is: another one has another. */
struct database_identity {
	uint64_t device;
	uint64_t inode;
};

/* Owner, mode and symlinks as database_open(DATABASE_READ), and that the
 * application is the schema's; not its version.  OPENED, or *view_out is
 * NULL and error. */
enum database_outcome database_view_open(const char *path,
    const struct database_schema *schema, struct database_view **view_out,
    struct error *error);
void database_view_close(struct database_view *view);

enum database_view_state {
	DATABASE_VIEW_SAME = 0,	/* what was read since the last take holds */
	DATABASE_VIEW_CHANGED,	/* read anew; statements stay prepared */
	DATABASE_VIEW_MOVED	/* another file, owner or mode: close, open */
};

/* The files as they are now. */
enum database_view_state database_view_take(struct database_view *view);

/* What a take that found it changed costs: 1, and 1 more for each megabyte of
 * the log. */
int database_view_cost(const struct database_view *view);

/* 1 if nothing that was read since the last take was overwritten meanwhile:
 * it is what the file was at the time of the take. */
int database_view_holds(struct database_view *view);

/* 0 if the -wal is not this file's (database_log.h): what is read may lack
 * rows. */
int database_view_fits(const struct database_view *view);

/* Of the view; for reading between take and holds. */
struct sqlite3 *database_view_db(struct database_view *view);

struct database_identity database_view_identity(
    const struct database_view *view);

#endif /* !DATABASE_VIEW_H_ */
