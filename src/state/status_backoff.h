#ifndef STATUS_BACKOFF_H_
#define STATUS_BACKOFF_H_

#include <stdint.h>

#include "ground/error.h"
#include "ground/moment.h"
#include "state/status.h"

/*
 * Back-off of the resolver, shared by the processes of a uid.
 *
 * Threads: as a struct status.
 */

struct status_backoff {
	int failures;		/* in a row; 0: none */
	int64_t until;		/* boottime: nothing is asked before; 0 or
				   past: go */
	int64_t told_until;	/* the same, as Authgear told: it is the end of
				   `until` at least, and no answer ends it */
	int64_t mark;		/* of the one session that all the failures are
				   of, and that alone waits; 0: of several */
	int is_fault;		/* the last one was an answer of something else
				   than the resolver, not none at all */
};

/* A row of another boot, or whose time is not credible, counts for nothing.
 * 0, or -1 and error (what this process said itself counts even then). */
int status_backoff_load(struct status *status, const struct moment *now,
    struct status_backoff *backoff, struct error *error);

/* What a session is known by here; never 0. */
int64_t status_backoff_mark(const char *key);

/* 1 if the session of this mark is not to be asked for now. */
int status_backoff_holds(const struct status_backoff *backoff, int64_t mark,
    const struct moment *now);

/* A lookup failed; nothing is asked for STATUS_BACKOFF_FIRST_MS doubled with
 * each failure after the second in a row, up to STATUS_BACKOFF_MAX_MS, of
 * which `jitter` (0 to 255) takes away up to half; for `told` milliseconds in
 * any case, at most STATUS_BACKOFF_TOLD_MS.  *after is what holds now.  Where
 * the file cannot be read, what this process knows counts. */
#define STATUS_BACKOFF_FIRST_MS 250
#define STATUS_BACKOFF_MAX_MS 8000
#define STATUS_BACKOFF_TOLD_MS 60000
struct status_failure {
	unsigned char jitter;
	int is_fault;
	int64_t told;		/* 0: nothing was */
	int64_t mark;
};
void status_backoff_failed(struct status *status, const struct moment *now,
    const struct status_failure *failure, struct status_backoff *after);

/* A lookup was answered: no back-off, but what was told: that lookup began
 * before.  Writes only if there was one. */
void status_backoff_over(struct status *status, const struct moment *now);

#endif /* !STATUS_BACKOFF_H_ */
