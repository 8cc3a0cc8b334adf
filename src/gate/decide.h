#ifndef DECIDE_H_
#define DECIDE_H_

#include "facts/facts.h"
#include "ground/moment.h"
#include "ground/reason.h"
#include "settings/policy.h"

/*
 * The policy applied to facts, on every request, never cached.
 *
 * Threads: any; pure.
 * Rules, the first that fails is the reason: audience (WRONG_AUDIENCE),
 *   clients (CLIENT_NOT_ALLOWED; an M2M token passes only a policy that names
 *   its client), anonymous_users, verified_only, require_role and
 *   require_all_roles (ROLE_MISSING), require_scope, max_authentication_age,
 *   remote_user (a user whom the account map gives nothing: WRONG_ACCOUNT).
 *   GRANTED if every one holds.
 * A fact that is absent never satisfies a rule: NOT_EVALUABLE.  Only
 *   anonymous_users does not ask an M2M token, which has no user to be
 *   anonymous, nor the default audience (without has_audience) an opaque token
 *   or cookie, of which the resolver tells none.
 * `leeway` (seconds) softens max_authentication_age against clocks that
 *   differ; an auth_time later than now + leeway fails it.
 */
enum reason decide(const struct facts *facts, const struct policy *policy,
    const struct moment *now, int leeway);

/* The rules by themselves, in that order, for who tells which of them holds;
 * require_role is require_all_roles too. */
enum decide_rule {
	DECIDE_AUDIENCE = 0,
	DECIDE_CLIENTS,
	DECIDE_ANONYMOUS_USERS,
	DECIDE_VERIFIED_ONLY,
	DECIDE_REQUIRE_ROLE,
	DECIDE_REQUIRE_SCOPE,
	DECIDE_MAX_AUTHENTICATION_AGE,
	DECIDE_REMOTE_USER,
	DECIDE_RULES
};
enum reason decide_rule(enum decide_rule rule, const struct facts *facts,
    const struct policy *policy, const struct moment *now, int leeway);
const char *decide_rule_name(enum decide_rule rule);	/* its setting */

/* Those of the rules that a JWT alone decides (audience, clients,
 * require_scope), whatever its session is. */
enum reason decide_token(const struct facts *facts,
    const struct policy *policy);

/*
 * The name for REMOTE_USER by the policy: `sub` or the claim's text (a
 * non-empty string claim only).  malloc'd; NULL with *reason_out
 * NOT_EVALUABLE or OUT_OF_MEMORY (GRANTED otherwise).
 */
char *decide_remote_user(const struct facts *facts,
    const struct policy *policy, enum reason *reason_out);

#endif /* !DECIDE_H_ */
