#ifndef STATUS_LIST_H_
#define STATUS_LIST_H_

#include <stddef.h>
#include <stdint.h>

#include "facts/credential.h"
#include "ground/error.h"
#include "state/status_backoff.h"
#include "state/status_keys.h"
#include "state/status_session.h"

/*
 * The rows of status.db for an administrator, by the daemon's user.  Nothing
 * is changed by it: a file that is absent, damaged, of another release or
 * endpoint is an error, and stays as it is.
 *
 * Rows are read so many at a time, and nobody else waits between: what is
 * written meanwhile may or may not be among them.  Rows of before schema 3 are
 * none of them: they do not tell whose they are.
 *
 * Threads: one at a time.
 */

struct status_list;

/* How the rows are walked through. */
enum status_list_order {
	STATUS_LIST_OLDEST = 0,	/* by when their lookup began */
	STATUS_LIST_NEWEST,	/* likewise, backwards */
	STATUS_LIST_ANYHOW	/* as they lie in the file: soonest done */
};

/* NULL and error. */
struct status_list *status_list_open(const char *state,
    const char *endpoint, enum status_list_order order, struct error *error);
void status_list_free(struct status_list *list);

#define STATUS_LIST_ROWS 256

struct status_list_row {
	char hash[HASH_HEX_SIZE];	/* SHA-256 of the credential's text */
	enum credential_kind kind;
	int64_t boot;			/* the number of its boot: later ones
					   have higher ones */
	int64_t id;			/* tells apart what began at once */
	struct status_session session;	/* cleared by the caller */
};

/* The next ones: how many, 0 after the last, -1 and error.  One that makes no
 * sense is left out, so that there may be fewer in between. */
int status_list_next(struct status_list *list,
    struct status_list_row rows[STATUS_LIST_ROWS], struct error *error);

/* 1 if next() has no more. */
int status_list_is_over(const struct status_list *list);

/* How much there is, and how Authgear does: 0, or -1 and error. */
struct status_list_counts {
	int64_t schema;
	int64_t sessions;	/* as the daemon counts them */
	int64_t newest;		/* milliseconds since the last lookup began that
				   is kept, -1: none of this boot */
	int64_t helpers;	/* lookups of authgear-check under way */
	struct status_backoff backoff;	/* of the resolver; boottime */
};
int status_list_count(struct status_list *list, const struct moment *now,
    struct status_list_counts *counts, struct error *error);

/* Is the whole file sound?  0, -1 and error; `stop` as in
 * database_check_whole(). */
int status_list_verify(struct status_list *list, int (*stop)(void *context),
    void *context, struct error *error);

/* The stored key set: 1 and keys, which the caller clears; 0 if there is none,
 * -1 and error. */
int status_list_keys(struct status_list *list, struct status_keys *keys,
    struct error *error);

/* The one row whose hash begins so (16 digits); 1, 0 if there is none, -1 and
 * error: more than one, too.  One that makes no sense has its hash alone, and
 * CREDENTIAL_NONE.  Its session is cleared by the caller in each case. */
int status_list_find(struct status_list *list, const char *digits,
    struct status_list_row *row, struct error *error);

#endif /* !STATUS_LIST_H_ */
