#ifndef GATE_ANSWER_H_
#define GATE_ANSWER_H_

#include "gate/gate_private.h"

/* With less than this left nothing is asked. */
#define GATE_CHANCE_MSECS 100
/* An exchange cut short by our own deadline, or a wait for another's, says
 * nothing of Authgear before this. */
#define GATE_FAIR_CHANCE_MSECS 500

/* The exchange of a lookup came back, or the deadline did: what it says, or
 * WAIT to be asked once more. */
enum gate_stage gate_answer_read(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* It brought nothing to go by, for that reason. */
enum gate_stage gate_answer_fail(struct gate *gate, struct gate_task *task,
    enum reason reason, const struct moment *now);

#endif /* !GATE_ANSWER_H_ */
