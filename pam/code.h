#ifndef PAM_CODE_H_
#define PAM_CODE_H_

#include <stddef.h>

#include "pam/ask.h"

/*
 * From what the daemon answered to a PAM code.  The answer is trusted no
 * further than it must be: granted only on status 200, the decision "granted"
 * and a REMOTE_USER that is the account asked for, byte for byte.
 * Threads: no state; any thread of the host.
 */

/*
 * PAM_SUCCESS, PAM_AUTH_ERR, PAM_PERM_DENIED (phase account alone),
 * PAM_AUTHINFO_UNAVAIL, PAM_SERVICE_ERR or PAM_BUF_ERR.  PAM_IGNORE stands
 * for "not-blocked", and only where the question had no credential.  `why`
 * keeps the cause for the log: ask()'s, or the answer's.
 */
int code_judge(enum ask_result result, const struct ask_question *question,
    const struct answer *answer, char *why, size_t size);

/* "granted", "refused" or "undecided": for the log. */
const char *code_word(int code);

#endif /* !PAM_CODE_H_ */
