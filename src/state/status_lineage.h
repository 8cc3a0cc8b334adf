#ifndef STATUS_LINEAGE_H_
#define STATUS_LINEAGE_H_

#include "state/status.h"
#include "state/trust_marks.h"

/*
 * How far trust.db was seen, as it is kept in status.db: one row a lineage,
 * in the order in which they came.
 *
 * The table belongs to schema 3 of status.db, whose migration says this text.
 * A file that has none yet gets it with the first row, so that neither waits
 * for the other.
 *
 * Threads: one at a time for the status; the marks have a lock of their own.
 */
#define STATUS_LINEAGE_TABLE \
	"CREATE TABLE IF NOT EXISTS lineage (" \
	" place INTEGER PRIMARY KEY," \
	" id BLOB NOT NULL UNIQUE," \
	" number INTEGER NOT NULL," \
	" tag BLOB NOT NULL) STRICT;"

/* What is there into the marks.  0, or -1 and error (state that cannot be
 * read: what the process holds stays). */
int status_lineage_load(struct status *status, struct trust_marks *marks,
    struct error *error);

/*
 * What the marks hold and is not written (`always`: all of it, should the
 * file have lost it), on disk when it returns: another process that holds the
 * file is waited for as long as a mark may be (trust_marks.h).  A number
 * never becomes lower.  The marks are told how it went.  0, or -1.
 */
int status_lineage_store(struct status *status, struct trust_marks *marks,
    int always);

/* 1 if the file lacks a lineage that the marks hold, 0 if not, -1. */
int status_lineage_is_lost(struct status *status, struct trust_marks *marks);

#endif /* !STATUS_LINEAGE_H_ */
