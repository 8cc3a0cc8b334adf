#ifndef REPLY_CHALLENGE_H_
#define REPLY_CHALLENGE_H_

#include "fcgi/reply_draft.h"

/*
 * Refusals, and what they ask of the client (RFC 6750 section 3; RFC 9470 for
 * max_age).  `policy` NULL: none is known.
 * Threads: no state; each with its own draft.
 */

/* WWW-Authenticate, if the reason has one. */
void reply_challenge_add(struct reply_draft *draft, enum reason reason,
    const struct policy *policy);

/* The whole refusal, with `more` header lines, "" for none.  A reason that
 * refuses nobody leaves the draft failed. */
void reply_challenge_refusal(struct reply_draft *draft, enum reason reason,
    const struct policy *policy, int retry_after, const char *more);

#endif /* !REPLY_CHALLENGE_H_ */
