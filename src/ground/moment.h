#ifndef MOMENT_H_
#define MOMENT_H_

#include <stdint.h>

#define MOMENT_BOOT_ID_SIZE 37	/* a UUID as text and NUL */

/*
 * When a decision is made; and the stamp of what is kept: the moment at which
 * its lookup or fetch began.
 *
 * Nothing from here to the gate has a clock: the face reads it (clock.h) and
 * passes it in.
 * `wall` is compared with what Authgear stamped (exp, nbf, iat, auth_time).
 * `boottime`, which no administrator can set, is for our own ages (TTLs,
 * leases, cooldowns, back-off).
 * No state: any thread.
 */
struct moment {
	int64_t wall;		/* CLOCK_REALTIME, whole seconds */
	int64_t boottime;	/* CLOCK_BOOTTIME, milliseconds */
	char boot_id[MOMENT_BOOT_ID_SIZE]; /* kernel's random boot_id */
};

/*
 * Threads and processes read the clock one after another, so a stamp may lie
 * a little ahead of `now`: up to one minute it is of just now, beyond it is
 * wrong and counts for nothing.  No lookup and no fetch takes that long.
 */
#define MOMENT_AHEAD_MS 60000

/* 1 if a time of this boot may have this boottime: it is neither negative nor
 * further ahead. */
int moment_is_credible(int64_t boottime, const struct moment *now);

/* Milliseconds of boottime from the stamp to now; -1 if they cannot be told:
 * the stamp is of another boot, or not credible. */
int64_t moment_age(const struct moment *stamp, const struct moment *now);

/* 1 if the stamp is known to be later than `other`, however much: of the same
 * boot.  Where they were read from a file it must be credible first: what
 * waited elsewhere, or on its way, may be older than MOMENT_AHEAD_MS. */
int moment_is_later(const struct moment *stamp, const struct moment *other);

#endif /* !MOMENT_H_ */
