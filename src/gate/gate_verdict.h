#ifndef GATE_VERDICT_H_
#define GATE_VERDICT_H_

#include "gate/gate_private.h"

/* The stage VERDICT: the facts, by the policy and by what the administrator
 * said. */
enum gate_stage gate_verdict_stage(struct gate *gate, struct gate_task *task,
    const struct moment *now);

#endif /* !GATE_VERDICT_H_ */
