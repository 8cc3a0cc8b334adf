#ifndef SHARES_PART_H_
#define SHARES_PART_H_

#include "gate/shares.h"
#include "gate/shares_minute.h"
#include "ground/fixed_table.h"
#include "state/status_session.h"

/*
 * The rows of the table of shares: what one key holds (shares.h).
 *
 * A row is made when something is taken; of a full set the one that holds
 * nothing, counts nothing and is the oldest gives way, those that somebody
 * vouches for last.
 * Times: those of shares.c, which never go back.
 * Threads: one at a time; the lock of shares.c holds it.
 */

enum shares_thing {
	SHARES_OPEN = 0,	/* to be asked in vain: of the part of all */
	SHARES_VOUCHED,		/* likewise: of those that are vouched for */
	SHARES_SEAT,
	SHARES_RUNNING_KNOWN,
	SHARES_RUNNING_UNKNOWN,
	SHARES_QUEUED,		/* for any place */
	SHARES_QUEUED_UNKNOWN,	/* for one of those of unknown credentials */
	SHARES_THINGS
};
#define SHARES_CLASSES 2	/* OPEN and VOUCHED: what is held of them and
				   ends in vain counts for a minute */

struct shares_counts {
	int held[SHARES_THINGS];
	struct shares_minute vain[SHARES_CLASSES];
	struct shares_minute good;
};

struct shares_part {
	struct shares_counts counts;
	int64_t touched;
	char voucher[STATUS_KEY_SIZE];	/* the credential that vouched last */
};

/* NULL: out of memory. */
struct fixed_table *shares_part_table(int lookup_rate);

/* The row of a key; NULL: it holds nothing. */
struct shares_part *shares_part_find(struct fixed_table *parts,
    const struct shares_key *key);

/* What may still be asked in vain, and was within a minute: of one class, or
 * of both. */
int shares_part_used_of(const struct shares_counts *counts,
    enum shares_thing class, int64_t now);
int shares_part_used(const struct shares_counts *counts, int64_t now);

/* What was asked in vain within a minute. */
int shares_part_vain(const struct shares_counts *counts, int64_t now);

/*
 * One of each of the things (a bit mask) for the keys of these levels (one
 * too) and for `all`; the hold must be empty.  0, or -1: there is no room for
 * a row, and nothing was taken.  Where is_strict is 0 what has no row holds
 * nothing.
 */
struct shares_taking {
	const struct shares_who *who;
	unsigned int levels;
	unsigned int things;
	int is_strict;
	int64_t now;
};
int shares_part_take(struct fixed_table *parts, struct shares_counts *all,
    const struct shares_taking *taking, struct shares_hold *hold);

/* What was taken, if anything; with is_vain it counts for a minute. */
void shares_part_give(struct shares_counts *all, struct shares_hold *hold,
    int is_vain, int64_t now);

#endif /* !SHARES_PART_H_ */
