#ifndef GATE_KEEP_H_
#define GATE_KEEP_H_

#include <stdint.h>

#include "gate/gate_private.h"

/*
 * For how many seconds a grant may be given again to the very same credential
 * under the same policy without a question, by who sees revocations otherwise
 * (epoch.h of the faces): the least of
 * - three quarters of session_ttl from the lookup of the session, so that one
 *   that ended is seen within session_ttl in all, and a session in use is
 *   looked up ahead; where there is no session, session_ttl from now;
 * - while the keys that the token was verified by may serve (keys_max_stale);
 * - until the token expires, without the leeway;
 * - until the login is too old for max_authentication_age, likewise;
 * - until a block of this user or client begins or ends: `edge`, Unix
 *   seconds, REVOCATION_NO_TIME: none does;
 * each whole, so that it is over before, never after.
 * 0: of what serves in an outage, or of one of these that is over.
 * A grant depends on the policy and the credential's text alone, and on what
 * these moments and pages tell.  Threads: as the task.
 */
int gate_keep_seconds(const struct gate_task *task, int64_t edge,
    const struct moment *now);

#endif /* !GATE_KEEP_H_ */
