#ifndef WEB_QUESTION_H_
#define WEB_QUESTION_H_

#include "gate/gate.h"

/* What a web server hands over, and what it makes of the gate's question. */
struct web_question {
	const char *policy_name;	/* NULL or "": not named */
	int policy_name_twice;		/* the server sent it more than once */
	const char *authorization;	/* header values; NULL: absent */
	const char *cookie;
	const char *client_address;	/* IP, as text; NULL: not known */
	int is_preflight;		/* a CORS preflight request: OPTIONS
					   with Origin and
					   Access-Control-Request-Method */
};

/*
 * Policy and credential of a request.  No state: any thread.
 *
 * - 0: decision->policy and the credential, for gate_start().
 * - -1: the whole of the decision, no gate is needed: POLICY_MISSING,
 *   POLICY_UNKNOWN, or as web_credential_find() refuses.
 * - Without a credential it is NO_CREDENTIAL, and decision->may_pass where the
 *   policy lets a web server pass such a request on without any identity
 *   (unauthenticated, cors_preflight = pass); the verdict stays denied.
 */
int web_question_read(const struct web_question *question,
    const struct settings *settings, struct credential *credential,
    struct decision *decision);

#endif /* !WEB_QUESTION_H_ */
