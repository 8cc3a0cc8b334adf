#ifndef DATABASE_FILE_H_
#define DATABASE_FILE_H_

#include "ground/error.h"

/* What database.c does to files without SQLite.  Threads: no state, any thread;
 * a lock is its descriptor's. */

/*
 * Make an empty file with these permissions from its first moment; one that
 * is there already stays.  0, or -1 and error.
 */
int database_file_make(const char *path, unsigned int mode,
    struct error *error);

/*
 * Hold PATH.lock, so that making, migrating and setting aside happen once
 * however many processes start.  Waits at most `wait` milliseconds.  A
 * descriptor, to be closed by the caller, or -1 and error.
 */
int database_file_lock(const char *path, int wait, struct error *error);

/*
 * Hold it with others that open the file, so that nobody sets it aside under
 * them: what SQLite keeps beside it goes by name and would be that of its
 * successor.  Waits a moment.  A descriptor, or -1: go without.
 */
int database_file_share(const char *path);

/*
 * Rename the damaged file to PATH.corrupt-N, N one more than the last, and
 * remove earlier ones and the -wal and -shm.  Under the lock.  0, or -1 and
 * error.
 */
int database_file_set_aside(const char *path, struct error *error);

#endif /* !DATABASE_FILE_H_ */
