#ifndef GATE_FETCH_H_
#define GATE_FETCH_H_

#include "gate/gate_private.h"

/* The two exchanges of a key fetch under one lease, which must be ours: the
 * metadata, then the set that it names. */

/* Its first exchange.  0, or -1: out of memory, and the fetch is over. */
int gate_fetch_begin(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* An exchange came back: 1 and the next one, or 0: the fetch is over, well or
 * not (decision.detail). */
int gate_fetch_go_on(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* The time is over, and so is the fetch. */
void gate_fetch_abandon(struct gate *gate, struct gate_task *task,
    const struct moment *now);

#endif /* !GATE_FETCH_H_ */
