#ifndef PARKING_H_
#define PARKING_H_

#include <stdint.h>

#include "fcgi/parked.h"

/*
 * Lists of parked tasks: no clock, no lock.
 * Threads: one at a time for each list.
 */

/* A queue, first in, first out; {0} is empty. */
struct parking {
	struct parked *first;
	struct parked *last;
};

void parking_put(struct parking *parking, struct parked *parked);
struct parked *parking_take(struct parking *parking);	/* NULL: empty */
void parking_remove(struct parking *parking, struct parked *parked);

/* All of `from` behind those of `to`. */
void parking_move(struct parking *to, struct parking *from);

/* The earliest due, INT64_MAX if empty. */
int64_t parking_due(const struct parking *parking);

#endif /* !PARKING_H_ */
