#ifndef GATE_TOKEN_H_
#define GATE_TOKEN_H_

#include "gate/gate_private.h"

/* The stage TOKEN: what the credential says of itself without a key. */
enum gate_stage gate_token_stage(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* The claims as facts, issuer and times held; unverified still where no key
 * was found.  0, or -1 and why. */
int gate_token_read_claims(struct gate_task *task, const struct moment *now,
    enum reason *reason_out);

#endif /* !GATE_TOKEN_H_ */
