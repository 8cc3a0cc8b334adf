#ifndef GATE_LOOKUP_H_
#define GATE_LOOKUP_H_

#include "gate/gate_private.h"

/* The stage LOOKUP: the session, by what Authgear answers. */
enum gate_stage gate_lookup_stage(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* Once it was answered: what was kept of the session is soon too old, so it is
 * asked for ahead.  EXCHANGE, or DONE: there is no need, or no place. */
enum gate_stage gate_lookup_ahead(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* Place and turn are given back, if there are. */
void gate_lookup_release(struct gate_task *task);

#endif /* !GATE_LOOKUP_H_ */
