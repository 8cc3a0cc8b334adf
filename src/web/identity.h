#ifndef WEB_IDENTITY_H_
#define WEB_IDENTITY_H_

#include "gate/gate.h"

/*
 * What a grant tells of whom it lets in, as names and values: REMOTE_USER,
 * AUTHGEAR_DECISION, AUTHGEAR_POLICY, AUTHGEAR_USER_ID and so on, and
 * AUTHGEAR_CLAIM_* for the claims that the policy exports.  How they are sent
 * (variables, headers, an environment) is the face's.  No state: any thread.
 */

/*
 * Called for each; both are borrowed for the call.  A value is not empty, but
 * for AUTHGEAR_SESSION_AMR.  1: it is told; 0: there is no room for it; -1: it
 * cannot be told.
 */
typedef int identity_sink(void *context, const char *name, const char *value);

#define IDENTITY_VALUE_MAX 3500		/* bytes of a list or of a name */

/* What may be left out, whole, where there is no room for it. */
enum identity_part {
	IDENTITY_ROLES = 1,
	IDENTITY_SCOPE = 2,
	IDENTITY_AMR = 4,
	IDENTITY_CLAIMS = 8	/* one or more of them */
};

/*
 * 0 and what was left out, *omitted_out, or -1: it is no grant, or a value
 * cannot be told: empty, of words that would be read as others, or without
 * room for who it is.
 * In this order, so that what comes last gives way: who it is, scope, amr,
 * roles, each of the claims.
 * Roles: those that the policy's identity_roles lets be told; the others are
 * not left out but not meant.
 */
int identity_tell(const struct decision *decision, identity_sink *sink,
    void *context, unsigned int *omitted_out);

#define IDENTITY_WORDS_SIZE 32

/* "roles,scope,amr,claims", those of them that are in `parts`. */
void identity_words(unsigned int parts, char text[IDENTITY_WORDS_SIZE]);

#endif /* !WEB_IDENTITY_H_ */
