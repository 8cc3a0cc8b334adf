#ifndef TRUST_LOOKUP_H_
#define TRUST_LOOKUP_H_

#include <stdint.h>

#include "facts/facts.h"
#include "ground/reason.h"
#include "state/trust.h"

struct sqlite3;
struct sqlite3_stmt;

/* The revocations of an open trust.db; shared by trust*.c alone.  All answer
 * SQLITE_OK or what SQLite says; inside the caller's transaction.  Threads:
 * one at a time for a connection. */

/* Of whom it is asked, and when; all borrowed. */
struct trust_question {
	int64_t schema;		/* of the file (trust_schema.h) */
	const struct facts *facts;
	const char *hash;	/* as in revocation_hits() */
	int64_t wall;
	const struct trust_told *told;	/* NULL: nobody */
};

/* What they say. */
struct trust_finding {
	enum reason reason;	/* REASON_GRANTED if none hits */
	int64_t edge;		/* Unix seconds: when the next block that is
				   among them begins or ends;
				   REVOCATION_NO_TIME: never */
};

/*
 * What the revocations say to these facts.  A row that makes no sense is
 * SQLITE_CORRUPT.  `statement` is kept by the caller (NULL at first) for one
 * schema.
 */
int trust_lookup(struct sqlite3 *db, struct sqlite3_stmt **statement,
    const struct trust_question *question, struct trust_finding *finding);

/* Through the account map, one way or the other; *text_out: malloc'd, NULL if
 * there is no row of `key`.  `statement` is kept likewise, one a way. */
enum trust_map { TRUST_MAP_ACCOUNT = 0, TRUST_MAP_USER, TRUST_MAPS };
int trust_lookup_map(struct sqlite3 *db, struct sqlite3_stmt **statement,
    enum trust_map way, const char *key, char **text_out);

#endif /* !TRUST_LOOKUP_H_ */
