#ifndef GATE_OUTAGE_H_
#define GATE_OUTAGE_H_

#include "gate/gate_private.h"

/* Authgear cannot be asked: it is down, or what answers in its place is
 * something else. */

/* A lookup failed for that reason, its exchange still there: Authgear is asked
 * less often. */
void gate_outage_begin(struct gate *gate, struct gate_task *task,
    enum reason reason, const struct moment *now);

/* It answered: no back-off any more. */
void gate_outage_over(struct gate *gate, const struct moment *now);

/* Nothing was learned of the session, for that reason: DONE, or in an outage
 * the last live answer, where it may serve. */
enum gate_stage gate_outage_judge(struct gate *gate, struct gate_task *task,
    enum reason reason, int is_outage, const struct moment *now);

#endif /* !GATE_OUTAGE_H_ */
