#ifndef PARKING_H_
#define PARKING_H_

#include <stddef.h>
#include <stdint.h>

#include "gate/gate.h"

/*
 * A task that waits for the network, and lists of them: no thread, no clock,
 * no lock.
 */

struct parked {
	struct parked *next;
	struct gate_task *task;
	void *request;		/* whom to wake; NULL: nobody */
	enum gate_step step;	/* why it waits */
	int is_refresh;		/* the keys timer's */
	int is_held;		/* the fetcher has it (fetcher.h) */
	int64_t due;		/* boottime to look again, for GATE_WAIT */
};

/* NULL: out of memory; the task is then still the caller's. */
struct parked *parked_new(struct gate_task *task, enum gate_step step,
    void *request);
void parked_free(struct parked *parked);	/* and its task */

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
