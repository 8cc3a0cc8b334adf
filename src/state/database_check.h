#ifndef DATABASE_CHECK_H_
#define DATABASE_CHECK_H_

#include <stdint.h>

#include "state/database.h"

/* What a database file that is open says of itself.  Threads: one at a time
 * for a connection. */

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

/*
 * Is it ours and of a version that this release can use, by what its header
 * says?  DATABASE_ABSENT, without error: it is ours to be filled or migrated,
 * with the modes that may; otherwise the outcome and error.
 */
enum database_outcome database_check_head(struct sqlite3 *db,
    const char *path, enum database_mode mode,
    const struct database_schema *schema, struct error *error);

#endif /* !DATABASE_CHECK_H_ */
