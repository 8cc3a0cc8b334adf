#ifndef TRUST_HEAD_H_
#define TRUST_HEAD_H_

#include <stdint.h>

#include "ground/error.h"
#include "state/trust_marks.h"

struct sqlite3;

/* What a trust.db says of itself; shared by trust*.c alone.  Threads: one at a
 * time for a connection. */
struct trust_head {
	int64_t schema;
	int has_endpoint;
	int is_foreign;		/* it is another endpoint's */
	int is_empty;		/* nothing is revoked */
	int64_t keys_due;	/* Unix seconds, 0: nobody asked for that */
	int has_lineage;	/* not before schema 3 */
	struct trust_lineage lineage; /* and its last change */
};

/*
 * Read it, all of one moment, and hold it against this release and the
 * endpoint.  SQLITE_OK and error (a schema that this release cannot read,
 * another endpoint's file, none's) or no error; or what SQLite says.
 */
int trust_head_read(struct sqlite3 *db, const char *path,
    const char *endpoint, struct trust_head *head, struct error *error);

/* The same of a file that nobody has opened yet, and that is not changed by
 * it: 0, -1 and error if it is another endpoint's, or there is no memory to
 * tell.  One that cannot be read is none's (the schema is 0): who opens it is
 * told why. */
int trust_head_look(const char *path, const char *endpoint,
    struct trust_head *head, struct error *error);

/* The file's own change of that number into *change (its tag and number): 1,
 * 0 if there is no row of it any more, or what SQLite says, negated. */
int trust_head_change(struct sqlite3 *db, int64_t number,
    struct trust_lineage *change);

/* What SQLite said, as a sentence with its cause and what to do; -1. */
int trust_head_failed(struct sqlite3 *db, int rc, const char *path,
    struct error *error);

#endif /* !TRUST_HEAD_H_ */
