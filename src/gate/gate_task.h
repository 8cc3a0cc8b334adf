#ifndef GATE_TASK_H_
#define GATE_TASK_H_

#include "gate/gate_private.h"

/* What every stage does to a task, and how a stage hands over. */

/* One that has not begun; NULL: out of memory. */
struct gate_task *gate_task_new(const struct settings *settings,
    const struct moment *now);

/* 1 once its time is over: nothing is asked any more. */
int gate_task_is_late(const struct gate_task *task, const struct moment *now);

/* The exchange that was out is over. */
void gate_task_drop_exchange(struct gate_task *task);

/* DONE, with this reason; who it is stays as decision.facts has it. */
enum gate_stage gate_task_end(struct gate_task *task, enum reason reason,
    const struct moment *now);

/* DONE: what was asked of status.db failed. */
enum gate_stage gate_task_end_without_state(struct gate *gate,
    struct gate_task *task, const struct moment *now);

/* WAIT until then, or the deadline. */
enum gate_stage gate_task_wait(struct gate_task *task, int64_t at);

/* VERDICT: refused, whatever the facts say; who it is may be told. */
enum gate_stage gate_task_refuse(struct gate_task *task, enum reason reason);

/* VERDICT: by the facts, with what the session adds to them. */
enum gate_stage gate_task_judge(struct gate_task *task, enum gate_basis basis,
    int64_t age);

/* Facts of a row that refuse are believed for this long, then asked for once
 * more, so that a new role or a new login works within it. */
#define GATE_FRESH_MSECS 5000

/* 1 on that second way: VERDICT has refused by the facts of a row. */
int gate_task_asks_anew(const struct gate_task *task);

/* What the administrator said of the credential: 1 and that reason in place of
 * the one there, 0 if nothing, -1 if it is not known. */
int gate_task_is_revoked(struct gate *gate, struct gate_task *task,
    const struct moment *now, enum reason *reason);

#endif /* !GATE_TASK_H_ */
