#ifndef PLACES_H_
#define PLACES_H_

#include "fcgi/seats.h"

/*
 * Where requests may wait for the network: of a web server's by client
 * address; of a PAM module's by the uid that asks, and by that and the address
 * of its client.
 * Threads: one makes and clears it; the rest is for all.
 */
struct places {
	struct seats *addresses;
	struct seats *askers;	/* uid and address */
	struct seats *uids;
};

/* `count`: how many requests may wait in all.  0, or -1: out of memory (clear
 * them all the same). */
int places_init(struct places *places, unsigned int count);
void places_clear(struct places *places);

/* What one request holds; {0} at first. */
struct place {
	struct seat address, asker, uid;
};

/*
 * NULL, or why it may not wait, for a person.  `share` of a module is
 * "UID/ADDRESS" (shares.h).
 */
const char *places_enter(struct places *places, const char *address,
    struct place *place);
const char *places_enter_asker(struct places *places, const char *share,
    struct place *place);
void places_leave(struct places *places, struct place *place);

#endif /* !PLACES_H_ */
