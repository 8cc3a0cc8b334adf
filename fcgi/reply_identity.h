#ifndef REPLY_IDENTITY_H_
#define REPLY_IDENTITY_H_

#include "fcgi/reply_draft.h"

/*
 * What lets through, head and all: who it is, or that nobody is named.  A
 * decision that is not what its function says leaves the draft failed.
 * Threads: no state; each with its own draft.
 */

/* `keep`: for how many seconds, as far as whoever asks is told; 0: not. */
void reply_identity_granted(struct reply_draft *draft,
    const struct decision *decision, int keep);

/* No credential, and none is needed: nothing that names anybody. */
void reply_identity_pass(struct reply_draft *draft,
    const struct decision *decision);

/* A user of whom only blocks were asked: nobody is named. */
void reply_identity_not_blocked(struct reply_draft *draft,
    const struct decision *decision);

#endif /* !REPLY_IDENTITY_H_ */
