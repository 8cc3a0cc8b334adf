#ifndef SHARES_WHO_H_
#define SHARES_WHO_H_

#include <stddef.h>

/*
 * Whose shares something takes (shares.h): one asker at each of its levels.
 *
 * IPv4, also as mapped or translated into IPv6 (address.h): the address.  IPv6:
 * its /48, /56 and /64.
 * What is no IP address is an address of its own, by its text; NULL is "".
 * A program of this machine that asks for its clients (PAM) is told by its
 * uid: that is its widest level, and its addresses are nobody else's.
 * No state: any thread.
 */

enum shares_level {		/* from the widest to the narrowest */
	SHARES_LEVEL_UID = 0,
	SHARES_LEVEL_48,
	SHARES_LEVEL_56,
	SHARES_LEVEL_ADDRESS
};
#define SHARES_LEVELS 4

#define SHARES_KEY_SIZE 38

struct shares_key {
	enum shares_level level;
	size_t len;
	unsigned char bytes[SHARES_KEY_SIZE];
};

struct shares_who {
	int is_program;
	long uid;		/* of a program */
	struct shares_key keys[SHARES_LEVELS];	/* the widest first */
	size_t count;		/* the last one is the address */
};

/* Of a web server's client; or of a program's. */
void shares_who_client(struct shares_who *who, const char *address);
void shares_who_program(struct shares_who *who, long uid,
    const char *address);

#endif /* !SHARES_WHO_H_ */
