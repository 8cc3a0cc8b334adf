#ifndef SHARES_H_
#define SHARES_H_

/*
 * How much of something each client address holds, so that none takes it all.
 *
 * Addresses are text.  IPv4, also as mapped into IPv6: each is one.
 * Of IPv6 the /64 is one.
 * Whatever is no address (NULL too) is one, together.
 * "UID/ADDRESS" is that of a program of this machine that asks for a client
 * of its own; "UID/": for one without an address.
 * Size: about 2,000 addresses.  One for which there is no room holds nothing,
 * and is not limited either.
 * Threads: one at a time; the caller's lock holds it.
 */

struct shares;

struct shares *shares_new(void);	/* NULL: out of memory */
void shares_free(struct shares *shares);

/* One more; 1, or 0 if there was no room (nothing to give back then). */
int shares_take(struct shares *shares, const char *address);
/* What was taken, once for each. */
void shares_give(struct shares *shares, const char *address);

/* What this address holds, and all together. */
int shares_of(const struct shares *shares, const char *address);
int shares_all(const struct shares *shares);

#define SHARES_ADDRESS 16	/* bytes */

/* The bytes that stand for an address, and for no other; 16 zeros for what is
 * none. */
void shares_address(const char *text, unsigned char bytes[SHARES_ADDRESS]);

#endif /* !SHARES_H_ */
