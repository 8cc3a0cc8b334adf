#ifndef PAM_ASK_H_
#define PAM_ASK_H_

#include "pam/ask_wire.h"

/*
 * One question to the daemon's socket (authgear-fcgi, serve=ask), within a
 * deadline.  No thread, no signal, no environment, no directory service; the
 * descriptor is closed again, the bytes of the credential are wiped.
 * Threads: no state; any thread of the host.
 */

/* An answer of phase account to a question without a credential: nothing is
 * known against this account.  It is no grant. */
#define ASK_NOT_BLOCKED "not-blocked"

/* Until `end` of ask_wire_now().  `why` is one line for the log unless
 * ASK_ANSWERED. */
enum ask_result ask(const struct pam_options *options,
    const struct ask_question *question, int64_t end, struct answer *answer,
    char *why, size_t size);

#endif /* !PAM_ASK_H_ */
