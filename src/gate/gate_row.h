#ifndef GATE_ROW_H_
#define GATE_ROW_H_

#include "facts/key.h"
#include "gate/gate_private.h"

/* What status.db says of a task's session. */

/* What was kept of it a moment ago into the task: 1 if that holds the facts of
 * the token too. */
int gate_row_recall(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* For gate_row_recall(), the first time that it is judged: the row as loaded,
 * and the facts of the token while they are the token's alone. */
void gate_row_keep(struct gate *gate, const struct gate_task *task,
    const struct moment *now);

/* The row into the task: 1, 0 if there is none, -1. */
int gate_row_load(struct gate *gate, struct gate_task *task);

/* The row to be judged now: the one there, loaded if need be; likewise. */
int gate_row_take(struct gate *gate, struct gate_task *task);

/* It waits: what was read before is too old to be taken. */
void gate_row_wait(struct gate_task *task);

/* Milliseconds since its lookup began; -1 if that is not known, an answer that
 * came later may be missing, or is to be asked for again. */
int64_t gate_row_age(const struct gate *gate, const struct gate_task *task,
    const struct moment *now);

/* Likewise, in an outage: the answer that is to be asked for again may have
 * been the beginning of that. */
int64_t gate_row_stale_age(const struct gate *gate,
    const struct gate_task *task, const struct moment *now);

/* 1 if it says that this very token was verified with this key before.  What
 * it says else is judged later. */
int gate_row_vouches(struct gate *gate, struct gate_task *task,
    const struct key *key);

/* Was this process told "not live" after the lookup of the row began?  Another
 * one, whose answer was still on its way, may have written it since. */
int gate_row_is_contradicted(struct gate *gate, struct gate_task *task,
    const struct moment *now);

#endif /* !GATE_ROW_H_ */
