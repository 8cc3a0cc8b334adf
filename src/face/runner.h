#ifndef FACE_RUNNER_H_
#define FACE_RUNNER_H_

#include "gate/gate.h"

/*
 * A question to its end, for a program that has nothing else to do meanwhile:
 * perform, wait, resume.
 * Threads: one for each runner; it sleeps.
 */

struct runner {
	struct gate *gate;
	/* Fills in the exchange's answer, within so many milliseconds. */
	void (*perform)(void *context, struct exchange *exchange,
	    int64_t msecs);
	void *context;
	struct moment now;	/* of clock_now(); goes on with the clock */
	int64_t deadline;	/* boottime: nothing is waited for beyond */
};

/* On from a step of the task: 0 once it is DONE, -1 if the runner's deadline
 * came first (a task of the same deadline is DONE by then). */
int runner_run(struct runner *runner, struct gate_task *task,
    enum gate_step step);

#endif /* !FACE_RUNNER_H_ */
