#ifndef PAM_ASK_H_
#define PAM_ASK_H_

#include "face/answer.h"
#include "pam/pam_options.h"

/*
 * One question to the daemon's socket (authgear-fcgi, serve=ask), within a
 * deadline.  No thread, no signal, no environment, no directory service; the
 * descriptor is closed again, the bytes of the credential are wiped.
 * Threads: no state; any thread of the host.
 */

enum ask_result {
	ASK_NO_MEMORY = 0,
	ASK_NO_LISTENER,	/* nothing there, or it refused */
	ASK_FOREIGN,		/* somebody else listens: never asked */
	ASK_BROKEN,		/* closed early, or no whole answer */
	ASK_LATE,
	ASK_ANSWERED
};

struct ask_question {
	const char *credential;		/* NULL: none, phase account only */
	const char *account;
	const char *phase;		/* "auth" or "account" */
	const char *service;		/* NULL: not known */
	const char *address;		/* of the client, an IP; or NULL */
};

/* An answer of phase account to a question without a credential: nothing is
 * known against this account.  It is no grant. */
#define ASK_NOT_BLOCKED "not-blocked"

/* `why` is one line for the log unless ASK_ANSWERED. */
enum ask_result ask(const struct pam_options *options,
    const struct ask_question *question, struct answer *answer, char *why,
    size_t size);

#endif /* !PAM_ASK_H_ */
