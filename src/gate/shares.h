#ifndef SHARES_H_
#define SHARES_H_

#include <stdint.h>

#include "gate/shares_who.h"
#include "ground/moment.h"

/*
 * What one asker holds of what all share, so that what one costs is not paid
 * by another: one table for a process.
 *
 * Rule: one may take one more while what it holds * divisor is less than what
 *   nobody holds * weight.  So one alone gets a part of all, many together
 *   never get all, and who holds nothing gets the last one.  Weights: a /56 2,
 *   a /48 3, an address 1; a uid the divisor.
 * Lookups in vain, of credentials never seen before: lookup_rate in any
 *   minute, half of them (the smaller one) of addresses that somebody vouches
 *   for (divisor 1, by address and uid alone), half of all (divisor 5; such an
 *   address as well, once its own half is used up).  One holds those that wait
 *   or run, and those of the last minute that did not end live.  The uid of
 *   root is no level of them.
 * Seats, where requests wait: divisor 1, of programs 3.
 * Places of lookups: one has at most half while somebody else is queued.
 * Vouching: a credential vouches for the address that it was live from last,
 *   for an hour, if that address did not bring more lookups in vain than live
 *   ones within a minute.
 * Times: boottime; one that is 0 is not known.
 * May be used by all threads.
 */

struct shares;
struct shares_part;

/* What was taken, until it is given back; {0}: nothing.  shares*.c alone look
 * inside. */
struct shares_hold {
	struct shares_part *parts[SHARES_LEVELS];
	size_t count;
	unsigned int things;
};

/* NULL: out of memory. */
struct shares *shares_new(int lookup_rate);
void shares_free(struct shares *shares);

enum shares_limit {
	SHARES_TAKEN = 0,	/* no limit: it was taken */
	SHARES_LIMIT_ALL,	/* nothing is left for anybody */
	SHARES_LIMIT_UID,	/* the asker has its part */
	SHARES_LIMIT_NETWORK,	/* its /48 or /56 */
	SHARES_LIMIT_ADDRESS	/* its address */
};

struct shares_refusal {
	enum shares_limit limit;
	int64_t until;		/* when something gets free, as far as is known
				   now: a second or more from now */
	int is_alone;		/* all of it is held by this one address */
};

/* One of so many seats; the hold is empty before.  If not TAKEN *refusal says
 * why. */
enum shares_limit shares_take_seat(struct shares *shares,
    const struct shares_who *who, int seats, struct shares_hold *hold,
    struct shares_refusal *refusal);

/* Likewise the right to ask once of a credential never seen before. */
enum shares_limit shares_take_lookup(struct shares *shares,
    const struct shares_who *who, const struct moment *now,
    struct shares_hold *hold, struct shares_refusal *refusal);

/* What was taken and not used; an empty hold too. */
void shares_give(struct shares *shares, struct shares_hold *hold);

/* In which turn one that waits goes, from 0: first those that somebody vouches
 * for, then who holds less, in powers of two. */
#define SHARES_RANKS 32
int shares_rank(struct shares *shares, const struct shares_who *who);

/* Likewise of known ones, by what runs and waits alone. */
int shares_rank_known(struct shares *shares, const struct shares_who *who);

/* 1 if this asker has half of so many places for its kind of credential, and
 * somebody else is queued for one. */
int shares_is_held_back(struct shares *shares, const struct shares_who *who,
    int is_known, int places);

/* It runs. */
void shares_run(struct shares *shares, const struct shares_who *who,
    int is_known, struct shares_hold *hold);

/* It is queued: a known one, an unknown one that any place would do for, or
 * one that needs one of those that unknown ones have. */
void shares_queue(struct shares *shares, const struct shares_who *who,
    int is_known, int has_room, struct shares_hold *hold);

/* How a lookup of that credential (status_session_key()) ended, and what was
 * held for it. */
struct shares_ending {
	const struct shares_who *who;
	const char *key;
	int is_live;
	struct shares_hold *running;
	struct shares_hold *asked;	/* what was asked in vain, if it was */
	size_t asked_count;
};
void shares_end(struct shares *shares, const struct shares_ending *ending,
    const struct moment *now);

/* 1 if all that is queued for places is of this one client address. */
int shares_is_queued_alone(struct shares *shares,
    const struct shares_who *who);

#endif /* !SHARES_H_ */
