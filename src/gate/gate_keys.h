#ifndef GATE_KEYS_H_
#define GATE_KEYS_H_

#include "gate/gate_private.h"

/* The stage KEYS: the key of a JWT, and by it the token.  Fetches the set where
 * it must. */
enum gate_stage gate_keys_stage(struct gate *gate, struct gate_task *task,
    const struct moment *now);

#endif /* !GATE_KEYS_H_ */
