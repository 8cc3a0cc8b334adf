#ifndef PARKED_H_
#define PARKED_H_

#include <stdint.h>
#include <sys/queue.h>

#include "gate/gate.h"

/*
 * A task that waits for the network.
 * Threads: one at a time; while it is held, the fetcher's.
 */

struct parked {
	TAILQ_ENTRY(parked) link;
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

TAILQ_HEAD(parked_list, parked);

#endif /* !PARKED_H_ */
