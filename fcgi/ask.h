#ifndef FCGI_ASK_H_
#define FCGI_ASK_H_

#include "ground/error.h"
#include "ground/reason.h"

/*
 * What a PAM module asks at a listener that serves `ask`: a FastCGI AUTHORIZER
 * request whose parameters are its own.  HTTP_* is not read there, and
 * AUTHGEAR_CREDENTIAL nowhere else.
 * Threads: no state; any thread.
 */

#define ASK_ACCOUNT_MAX 255	/* bytes */
#define ASK_SERVICE_MAX 64

struct ask {
	const char *policy;
	const char *credential;	/* NULL: none, in phase account only */
	const char *account;
	int is_account;		/* phase account: nobody is asked on */
	char service[ASK_SERVICE_MAX + 1];	/* for the log; may be "" */
	char address[64];	/* of the client, an IP address, or "" */
};

/*
 * Read the parameters, which are borrowed.
 * Refused: AUTHGEAR_ASK that is not 1; a parameter twice; no policy; no
 * account, or one over ASK_ACCOUNT_MAX; another phase than auth and account;
 * phase auth without a credential; REMOTE_ADDR that is no IP address.
 * *reason_out is MALFORMED for phase auth without a credential, else
 * REPLY_UNSENDABLE.
 * 0, or -1 and error.
 */
int ask_read(struct ask *ask, char *const *params, enum reason *reason_out,
    struct error *error);

#endif /* !FCGI_ASK_H_ */
