#ifndef DATABASE_ERROR_H_
#define DATABASE_ERROR_H_

#include "ground/error.h"
#include "state/database.h"

/* For src/state alone.  Threads: one at a time for a connection. */

/* What an SQLite result means, and the sentence for it: DATABASE_CORRUPT or
 * DATABASE_FAILED.  `db` may be NULL; else it was the last thing it did. */
enum database_outcome database_error_tell(struct sqlite3 *db, int rc,
    const char *path, struct error *error);

/* 1 if the file system has no room: of blocks, or of inodes where it counts
 * them. */
int database_error_is_full(const char *path);

#endif /* !DATABASE_ERROR_H_ */
