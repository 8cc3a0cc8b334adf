#ifndef GATE_OUTAGE_H_
#define GATE_OUTAGE_H_

#include "gate/gate_private.h"

/* Authgear could not be asked, for that reason: the last live answer, where it
 * may serve, or DONE. */
enum gate_stage gate_outage_judge(struct gate *gate, struct gate_task *task,
    enum reason reason, const struct moment *now);

#endif /* !GATE_OUTAGE_H_ */
