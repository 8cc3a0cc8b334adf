#ifndef RESOLVER_H_
#define RESOLVER_H_

#include "facts/credential.h"
#include "facts/facts.h"
#include "ground/error.h"
#include "ground/exchange.h"

/*
 * Authgear's resolver: the request that asks about one credential, and what
 * its answer means.  Pure: the exchange is data.  No state: any thread.
 *
 * Contract (authgear-server at fa7a7d551dda, pkg/resolver): GET; 200 without
 * a body; X-Authgear-Session-Valid is `true` with the facts of the user,
 * `false`, or absent.  Anything else is not this contract.
 */

#define RESOLVER_MAX_BODY 4096	/* bytes read of an answer that has one */
#define RESOLVER_MAX_USER_ID 255	/* characters */
#define RESOLVER_MAX_WORD 100		/* characters of a role or an amr */
#define RESOLVER_MAX_WORDS 256		/* roles; amr */

/*
 * Ask `url` about the credential: a request built from nothing, of fixed
 * headers (the transport adds a fixed User-Agent).
 * NULL: out of memory, or CREDENTIAL_NONE.
 *
 * `endpoint`, an origin, is Host, X-Forwarded-Host and X-Forwarded-Proto.
 * Exactly one credential: in Authorization (access tokens), or in Cookie under
 * `cookie_prefix` and its name (app_session, session).
 */
struct exchange *resolver_ask(const char *url, const char *endpoint,
    const char *cookie_prefix, const struct credential *credential);

enum resolver_answer {
	RESOLVER_FAULT = 0,	/* answered, but not as the contract says (or
				   never sent): undecided */
	RESOLVER_LIVE,		/* `true`, and facts */
	RESOLVER_NOT_LIVE,	/* `false` */
	RESOLVER_ABSENT,	/* not told: nothing found, or Authgear's
				   database had a fault for a moment */
	RESOLVER_SERVER_ERROR,	/* 5xx: undecided; a 500 may be tried again */
	RESOLVER_UNREACHABLE,	/* timeout, no connection, TLS: undecided */
	RESOLVER_LOCAL_FAULT	/* it could not be asked from here: undecided,
				   and no outage */
};

/*
 * Read the answer.
 *
 * LIVE: fills in of `facts` (facts_init() done) user_id, roles and has_roles
 * (an absent header is "none"), is_anonymous, is_verified, can_reauthenticate
 * (FACT_ABSENT if not told), authenticated_at, amr and has_amr.
 * All else leaves `facts` empty and, but for NOT_LIVE and ABSENT, says why in
 * error (no credential in it).
 * FAULT: any status but 200 and 5xx; a body; a X-Authgear-* header twice; a
 * value that is not exactly `true` or `false`; `true` without a user id; ids,
 * roles, times that are malformed, or of which there are more than the limits
 * above, which error names; facts beside `false`.
 */
enum resolver_answer resolver_read(const struct exchange *exchange,
    struct facts *facts, struct error *error);

/* What is a FAULT: does Authgear's resolver say it all the same, of this one
 * session (200, no body, one Session-Valid of `true` or `false`)?  Then it is
 * no outage. */
int resolver_is_authgear(const struct exchange *exchange);

/* Milliseconds that a 429 or 503 asks to wait, at most RESOLVER_MAX_WAIT_MS;
 * 0: nothing.  `wall` is now, in Unix seconds. */
#define RESOLVER_MAX_WAIT_MS 60000
int64_t resolver_wait_ms(const struct exchange *exchange, int64_t wall);

#endif /* !RESOLVER_H_ */
