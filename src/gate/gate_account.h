#ifndef GATE_ACCOUNT_H_
#define GATE_ACCOUNT_H_

#include "gate/gate.h"

/*
 * The other question, of an account whose login brought no credential to us:
 * is its user blocked?
 * By remote_user of the policy: `sub` is the account, `map` is read the other
 *   way (an account of nobody is not blocked), from a claim there is no way
 *   back: USER_UNTRACEABLE.
 * Always DONE: NOT_BLOCKED, which is no grant, USER_BLOCKED, CLIENT_REVOKED,
 *   or undecided.  *task_out as with gate_start().
 * Threads: that of the gate.
 */
enum gate_step gate_account_start(struct gate *gate,
    const struct policy *policy, const char *account,
    const struct moment *now, struct gate_task **task_out);

#endif /* !GATE_ACCOUNT_H_ */
