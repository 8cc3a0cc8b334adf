#ifndef MOMENT_H_
#define MOMENT_H_

#include <stdint.h>

#define MOMENT_BOOT_ID_SIZE 37	/* a UUID as text and NUL */

/*
 * When a decision is made.  Floors 0 to 3 have no clock: the face reads it
 * (transport/clock.h) and passes it in.  What Authgear stamped (exp, nbf,
 * iat, auth_time) is compared with `wall`; our own ages (TTLs, leases,
 * cooldowns, back-off) use `boottime`, which no administrator can set.
 */
struct moment {
	int64_t wall;		/* CLOCK_REALTIME, whole seconds */
	int64_t boottime;	/* CLOCK_BOOTTIME, milliseconds */
	char boot_id[MOMENT_BOOT_ID_SIZE]; /* kernel's random boot_id */
};

#endif /* !MOMENT_H_ */
