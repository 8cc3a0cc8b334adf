#ifndef TRUST_MAP_H_
#define TRUST_MAP_H_

#include "state/write/trust_writer.h"

struct sqlite3;

/*
 * Many accounts of the map, in a transaction of the caller's; shared by
 * trust*.c alone.  Users may change accounts among each other.  SQLITE_OK, or
 * what SQLite says; SQLITE_ABORT and error, which names the line: somebody
 * else has the account.
 * Threads: one at a time for a connection.
 */
int trust_map_set(struct sqlite3 *db, struct trust_mapping *mapping,
    const struct trust_note *note, int64_t wall, struct error *error);

#endif /* !TRUST_MAP_H_ */
