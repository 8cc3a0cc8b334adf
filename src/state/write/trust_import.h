#ifndef TRUST_IMPORT_H_
#define TRUST_IMPORT_H_

#include <stdint.h>

#include "ground/error.h"
#include "state/write/trust_list.h"
#include "state/write/trust_writer.h"

struct sqlite3;

/*
 * What another host's trust.db says, one by one, into this one.
 * Threads: one at a time for a source and a connection.
 */

/* A revocation, whose number counts for nothing, or an account; borrowed
 * until the next one. */
struct trust_item {
	int is_account;
	struct trust_list_row row;
	struct trust_list_account account;
};

/* 1 and the next one; 0 after the last; -1 and error. */
struct trust_source {
	int (*next)(void *context, struct trust_item *item,
	    struct error *error);
	void *context;
};

/*
 * 0 if such a one can be: a revocation that makes sense, or an account that
 * could be given, with texts as trust_writer.h wants them.  What is over
 * already is no fault of it.  -1 and error.
 */
int trust_import_check(const struct trust_item *item, struct error *error);

/*
 * All of a source, in a transaction of the caller's, merged (trust_merge.h),
 * with a last row in the audit if anything was new.  SQLITE_OK, or what SQLite
 * says; SQLITE_ABORT and error: the source failed, or one of it cannot be.
 */
int trust_import(struct sqlite3 *db, const struct trust_source *source,
    const struct trust_note *note, int64_t wall,
    struct trust_restored *restored, struct error *error);

#endif /* !TRUST_IMPORT_H_ */
