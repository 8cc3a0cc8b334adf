#ifndef TRUST_KNOW_H_
#define TRUST_KNOW_H_

#include "state/database_view.h"
#include "state/trust.h"
#include "state/trust_lookup.h"
#include "state/trust_shared.h"

/* What trust.db says, read anew whenever it changed.  Shared by trust.c and
 * trust_know.c alone.  Threads: one at a time. */

struct sqlite3_stmt;

/* How often reading is begun anew because a writer came in between: each time
 * a writer must meet the microseconds of it; a long log counts for as many
 * as it takes longer (database_view_cost()). */
#define TRUST_ATTEMPTS 1000

struct trust {
	char *directory;
	char *path;
	char *endpoint;
	struct trust_shared *shared;
	int owns_shared;
	int is_alone;			/* nobody else knows how far the file
					   was seen */
	struct status *status;		/* does; borrowed, or NULL */
	struct database_view *view;	/* NULL: to be opened */
	struct sqlite3_stmt *lookup_statement;
	struct sqlite3_stmt *map_statements[TRUST_MAPS];
	int is_known;			/* what follows, of the last take */
	int64_t schema;
	int is_empty;			/* nothing is revoked */
	int64_t keys_due;
	int64_t place_due;		/* boottime of the next look */
	uint64_t readings;		/* how often it came to be known */
	int64_t edge;			/* of the last revocations looked at */
};

/*
 * 0 if the file may be believed and what it says is known, -1 and error;
 * *attempts are shared by all steps of a question, TRUST_ATTEMPTS at first.
 */
int trust_know(struct trust *trust, int *attempts, struct error *error);

/* Close it; it is opened again when it is asked next. */
void trust_know_leave(struct trust *trust);

#endif /* !TRUST_KNOW_H_ */
