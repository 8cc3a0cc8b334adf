#ifndef REPLY_H_
#define REPLY_H_

#include <stddef.h>

#include "gate/gate.h"

/*
 * The answer to a web server, composed whole before one byte is sent:
 * `Status:` is its first line and occurs once, the head ends in a blank line,
 * no value holds a control byte.  lighttpd lets a request pass whose answer
 * lacks any of this; nginx takes no head above 4 kB unless its buffers are
 * larger, Apache none above 8 kB.
 * Threads: no state; each with its own reply.
 */

#define REPLY_MAX 3500		/* bytes, head and body together */
#define REPLY_ID_SIZE 17	/* request id: 16 hex digits and NUL */

enum reply_role {
	REPLY_AUTHORIZER = 0,	/* lighttpd, Apache: Variable-NAME */
	REPLY_RESPONDER		/* nginx auth_request: X-Authgear-Name */
};

struct reply {
	enum reason reason;	/* of the answer as it is sent */
	int is_pass;		/* it lets through without any identity */
	unsigned int omitted;	/* of the identity, for want of room: IDENTITY_*
				   of identity.h */
	size_t len;
	char text[REPLY_MAX + 1];
};

/*
 * Compose the answer.  Where decision->may_pass is set it is 200 with
 * AUTHGEAR_DECISION=pass and no identity of any kind.
 * Roles, scope, amr or claims for which REPLY_MAX has no room are left out,
 *   each whole, and told: AUTHGEAR_USER_ROLES_OMITTED=1, of the others
 *   AUTHGEAR_OMITTED with their names.
 * X-Authgear-Keep, to AUTHORIZER AUTHGEAR_KEEP: decision->keep and keep_page,
 *   unless that is 0.
 * A grant that cannot be told (control bytes, a value that a server would
 *   change, no room for who it is) becomes the canned 500 with
 *   REASON_REPLY_UNSENDABLE: never cut, never empty.
 */
void reply_decision(struct reply *reply, enum reply_role role,
    const struct decision *decision, const char *request_id);

/*
 * A refusal without a decision.  REASON_GRANTED and reasons that cannot be
 * composed become the canned 500.  retry_after in seconds, for 503.
 */
void reply_refusal(struct reply *reply, enum reason reason, int retry_after,
    const char *request_id);

/* What was left out of it, for the log; nothing if it is whole. */
void reply_say_omitted(const struct reply *reply, struct error *detail);

/*
 * For a PAM module: as AUTHORIZER, and what a refusal means in one sentence
 * (X-Authgear-Meaning).  NOT_BLOCKED is 200 with that word as
 * AUTHGEAR_DECISION, and names nobody.
 */
void reply_ask(struct reply *reply, const struct decision *decision,
    const char *meaning, const char *request_id);

#endif /* !REPLY_H_ */
