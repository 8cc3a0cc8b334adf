#ifndef FCGI_ASK_QUESTION_H_
#define FCGI_ASK_QUESTION_H_

#include "fcgi/ask.h"
#include "gate/gate.h"

/*
 * Policy and credential of a module's question.
 * 0: decision->policy, and the credential, which is for that account (kind
 * NONE: it brought none).
 * -1: the whole of the decision, where no gate is needed: POLICY_UNKNOWN, or
 * as credential_from_password() refuses.
 * Threads: no state; any thread.
 */
int ask_question(const struct ask *ask, const struct settings *settings,
    struct credential *credential, struct decision *decision);

#endif /* !FCGI_ASK_QUESTION_H_ */
