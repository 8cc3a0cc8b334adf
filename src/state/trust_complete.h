#ifndef TRUST_COMPLETE_H_
#define TRUST_COMPLETE_H_

#include "ground/error.h"

struct sqlite3;

/*
 * After a change of trust.db: from the log into the file, and the log
 * emptied.  Waits for a reader as long as the connection does; if that was in
 * vain `lacks` says so, who it was and what comes of it, else it is empty.
 * Shared by trust*.c alone.  Threads: one at a time for a connection.
 */
void trust_complete(struct sqlite3 *db, const char *path,
    struct error *lacks);

#endif /* !TRUST_COMPLETE_H_ */
