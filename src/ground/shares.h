#ifndef SHARES_H_
#define SHARES_H_

#include <stddef.h>

/*
 * How much of something each client address holds, so that none takes it
 * all.  An address is its text: IPv4, also as mapped into IPv6; of IPv6 the
 * /64; whatever is no address (NULL too) shares one.  "UID/ADDRESS" is that of
 * a program of this machine that asks for a client of its own ("UID/": for one
 * without an address).  A table of fixed size:
 * where it has no room for one more, that address holds nothing and is not
 * limited either.  Not locked: the caller's lock holds it.
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
/* In which of so many sets of a table they belong. */
size_t shares_set(const unsigned char bytes[SHARES_ADDRESS], size_t sets);

#endif /* !SHARES_H_ */
