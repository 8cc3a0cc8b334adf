#ifndef TRUST_RESTORE_H_
#define TRUST_RESTORE_H_

#include "state/write/trust_backup.h"
#include "state/write/trust_writer.h"

struct sqlite3;

/*
 * What a backup says into an open trust.db, in a transaction of the caller's;
 * shared by trust*.c alone.  SQLITE_OK, or what SQLite says; SQLITE_MISMATCH:
 * a row of the backup makes no sense.
 * Each revocation that comes or goes has its row in the audit, the whole of it
 * another one and a new lineage.
 * Threads: one at a time for a connection.
 */
int trust_restore(struct sqlite3 *db, const struct trust_restore_wish *wish,
    const struct trust_note *note, int64_t wall,
    struct trust_restored *restored);

#endif /* !TRUST_RESTORE_H_ */
