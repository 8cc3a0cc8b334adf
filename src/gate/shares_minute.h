#ifndef SHARES_MINUTE_H_
#define SHARES_MINUTE_H_

#include <stdint.h>

/*
 * What happened in the last minute: each counts for 60 s at least and 70 s at
 * most.
 *
 * Times: milliseconds, not negative, that never go back.
 * Threads: one at a time; the lock of shares.c holds it.
 */

#define SHARES_MINUTE_SLOTS 7

struct shares_minute {		/* {0} at first */
	int64_t slot;		/* the latest one, of ten seconds */
	int counts[SHARES_MINUTE_SLOTS]; /* by slot, modulo */
};

void shares_minute_add(struct shares_minute *minute, int64_t now);

int shares_minute_sum(const struct shares_minute *minute, int64_t now);

/* When the first of them counts no longer; -1: there is none. */
int64_t shares_minute_frees(const struct shares_minute *minute, int64_t now);

#endif /* !SHARES_MINUTE_H_ */
