#ifndef TRUST_PRUNE_H_
#define TRUST_PRUNE_H_

#include "state/write/trust_writer.h"

struct sqlite3;

/* What nobody needs any more, in an open trust.db; shared by trust*.c alone.
 * SQLITE_OK, or what SQLite says.  Threads: one at a time for a connection. */

/* How many rows those are; nothing is changed. */
int trust_prune_count(struct sqlite3 *db, const struct trust_prune_wish *wish,
    struct trust_pruned *pruned);

/* They are dropped, with a row in the audit if there are any; in a transaction
 * of the caller's. */
int trust_prune(struct sqlite3 *db, const struct trust_prune_wish *wish,
    const struct trust_note *note, int64_t wall, struct trust_pruned *pruned);

#endif /* !TRUST_PRUNE_H_ */
