#ifndef LOOKUPS_TURN_H_
#define LOOKUPS_TURN_H_

#include <stdint.h>
#include <sys/queue.h>

#include "gate/shares.h"

/*
 * Where those stand that wait for a place of lookups.
 * Threads: one at a time; the lock of lookups.c holds it.
 */

/* {0} at first, then lookups.c's own, and not moved until it left. */
struct lookups_turn {
	TAILQ_ENTRY(lookups_turn) link;	/* with waits_in, if it waits */
	struct lookups_turns *waits_in;
	int rank;
	uint64_t ticket;		/* who came first; 0: none yet */
	struct shares_hold asked;	/* what it may ask in vain */
	struct shares_hold queued;	/* all that it lacks is a place */
	int is_near;			/* of those whose turn comes next */
	int is_counted;			/* in the rows, what it may ask is: */
	struct shares_who counted;	/* of whom */
};

/* That may go as soon as there is a place. */
TAILQ_HEAD(lookups_turns, lookups_turn);

/* How many of those that wait go before it, by its rank; *last_ticket is the
 * last one that somebody has. */
int lookups_turn_ahead(const struct lookups_turns *waiting,
    struct lookups_turn *turn, uint64_t *last_ticket);

/* It goes as soon as there is a place; one that is held back keeps nobody from
 * going, nor a place empty. */
void lookups_turn_queue(struct lookups_turns *waiting,
    struct lookups_turn *turn, int is_held_back, int is_near);

/* It waits no longer, if it did. */
void lookups_turn_leave(struct lookups_turn *turn);

#endif /* !LOOKUPS_TURN_H_ */
