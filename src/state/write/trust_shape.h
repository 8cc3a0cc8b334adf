#ifndef TRUST_SHAPE_H_
#define TRUST_SHAPE_H_

#include "ground/error.h"

struct sqlite3;

/*
 * Are the tables of an open trust.db those that this release makes, with their
 * columns and rules, and is there nothing else (a view in the place of one, a
 * trigger)?  What ANALYZE leaves is no difference.  0, or -1 and error, which
 * begins with `name`.  Shared by trust*.c alone.
 * Threads: one at a time for a connection.
 */
int trust_shape_check(struct sqlite3 *db, const char *name,
    struct error *error);

#endif /* !TRUST_SHAPE_H_ */
