#ifndef SCRATCH_H_
#define SCRATCH_H_

#include <stddef.h>

/* A fresh directory of a test's own and what is done to files below it. */

/* Ends the test with what errno says, unless it holds. */
void scratch_need(int holds, const char *what);

/* Makes it (0700) and answers its path, to be given to scratch_remove(). */
char *scratch_make(void);
void scratch_remove(char *directory);	/* with all below it; frees */

/* DIRECTORY/NAME, valid until the fourth call after this one. */
const char *scratch_path(const char *directory, const char *name);

void scratch_write(const char *path, const void *data, size_t len);
/* Overwrite `len` bytes at `offset` (never through an open database). */
void scratch_poke(const char *path, long offset, const void *data,
    size_t len);
long scratch_size(const char *path);	/* -1: there is none */
/* How many entries of the directory have this prefix. */
int scratch_count(const char *directory, const char *prefix);
/* Copy a file (0600). */
void scratch_copy(const char *from, const char *to);
/* trust.db of a recorded state directory (tests/recorded/state), as it lay
 * there, into a directory: of that schema, with this endpoint. */
void scratch_recorded_trust(int schema, const char *endpoint,
    const char *directory);
/* Run SQL on a database in a connection of its own. */
void scratch_sql(const char *path, const char *sql);
/* An empty database whose texts lie in UTF-16 (0600): to read one as UTF-8
 * needs memory. */
void scratch_wide(const char *path);
/* Hold a database as another writer does, until it is let go. */
struct sqlite3;
struct sqlite3 *scratch_block(const char *path);
void scratch_unblock(struct sqlite3 *db);

/* Before cmocka's skip(), which cannot tell: why, for tests/runner.py. */
void scratch_skips(const char *why);

#endif /* !SCRATCH_H_ */
