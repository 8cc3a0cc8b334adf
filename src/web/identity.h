#ifndef WEB_IDENTITY_H_
#define WEB_IDENTITY_H_

#include "gate/gate.h"

/*
 * What a grant tells of whom it lets in, as names and values: REMOTE_USER,
 * AUTHGEAR_DECISION, AUTHGEAR_POLICY, AUTHGEAR_USER_ID and so on, and
 * AUTHGEAR_CLAIM_* for the claims that the policy exports.  How they are sent
 * (variables, headers, an environment) is the face's.  No state: any thread.
 */

/* Called for each; both are borrowed for the call.  A value is not empty, but
 * for AUTHGEAR_SESSION_AMR. */
typedef void identity_sink(void *context, const char *name,
    const char *value);

#define IDENTITY_VALUE_MAX 3500		/* bytes of a list or of a name */

/* 0, or -1 if it is no grant, or a value cannot be told: empty, too long, or
 * of words that would be read as others. */
int identity_tell(const struct decision *decision, identity_sink *sink,
    void *context);

#endif /* !WEB_IDENTITY_H_ */
