#ifndef PLACES_H_
#define PLACES_H_

/*
 * Where requests may wait for the network.  Of a web server's, one client
 * address gets half of the places, so that whoever makes many wait (with
 * tokens of unknown keys, with sessions that must be looked up) leaves the
 * rest to others; behind a proxy that is not told apart all share that half.
 * Of a PAM module's, the uid that asks gets half, and that with the address
 * of its client a quarter.
 * Threads: one makes and frees them; the rest is for all.
 */

struct places;

enum places_kind {
	PLACES_ADDRESS = 0,	/* of a web server's client */
	PLACES_ASKER,		/* "UID/ADDRESS" (shares.h) */
	PLACES_UID,		/* "UID/" */
	PLACES_KINDS
};

/* What one request holds; {0} at first. */
struct place {
	char names[PLACES_KINDS][64];
	int is_taken[PLACES_KINDS];
};

/* `count`: how many requests may wait in all.  NULL: out of memory. */
struct places *places_new(unsigned int count);
void places_free(struct places *places);

/* NULL, or why it may not wait, for a person. */
const char *places_enter(struct places *places, const char *address,
    struct place *place);

/* The same for a module's; `share` is "UID/ADDRESS". */
const char *places_enter_asker(struct places *places, const char *share,
    struct place *place);

void places_leave(struct places *places, struct place *place);

#endif /* !PLACES_H_ */
