#ifndef GATE_SESSION_H_
#define GATE_SESSION_H_

#include "gate/gate_private.h"

/* The stage SESSION: the session, by what is known of it here. */
enum gate_stage gate_session_stage(struct gate *gate, struct gate_task *task,
    const struct moment *now);

#endif /* !GATE_SESSION_H_ */
