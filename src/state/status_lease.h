#ifndef STATUS_LEASE_H_
#define STATUS_LEASE_H_

#include <stdint.h>

#include "ground/error.h"
#include "ground/moment.h"
#include "state/status.h"

/*
 * A lease: at most one holder at a time, and at most one taking in each
 * `cooldown` of milliseconds from the start of the last taking, however many
 * processes.  A lease of another boot counts as never taken, and so does one
 * whose time is not credible (moment.h).
 *
 * Threads: as a struct status.
 */
enum status_lease {
	STATUS_LEASE_FAILED = 0,	/* state unreadable or busy */
	STATUS_LEASE_TAKEN,		/* ours: go */
	STATUS_LEASE_RUNNING,		/* another is at it until *until */
	STATUS_LEASE_COOLING,		/* not before *until */
	STATUS_LEASE_ASKED		/* it waits to be written: ask again at
					   *until */
};
#define STATUS_LEASE_ASK_MS 10

struct status_lease_wish {
	const char *name;
	int64_t running;	/* milliseconds: the holder may take at most */
	int64_t cooldown;	/* likewise */
};

/* *until_out is boottime; for TAKEN it is when `running` is over. */
enum status_lease status_lease_take(struct status *status,
    const struct status_lease_wish *asked, const struct moment *now,
    int64_t *until_out, struct error *error);

/* 1 if somebody asks for it and the file takes no write. */
int status_lease_waits(struct status *status, const char *name,
    const struct moment *now);

/* The holder is done (well or not): no longer running, still cooling. */
void status_lease_end(struct status *status, const char *name,
    const struct moment *now);

/* The holder could not do what it was for: not cooling either. */
void status_lease_give(struct status *status, const char *name,
    const struct moment *now);

#endif /* !STATUS_LEASE_H_ */
