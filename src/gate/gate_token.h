#ifndef GATE_TOKEN_H_
#define GATE_TOKEN_H_

#include "gate/gate_private.h"

/* The stage TOKEN: what the credential says of itself without a key. */
enum gate_stage gate_token_stage(struct gate *gate, struct gate_task *task,
    const struct moment *now);

#endif /* !GATE_TOKEN_H_ */
