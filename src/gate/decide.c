#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gate/decide.h"
#include "ground/json.h"

static enum reason
check_audience(const struct facts *facts, const struct policy *policy)
{
	/* who asks the resolver of the project has its default audience */
	if (facts->audience.count == 0)
		return policy->has_audience || facts->kind == CREDENTIAL_JWT ?
		    REASON_NOT_EVALUABLE : REASON_GRANTED;
	if (!word_list_meets(&policy->audience, &facts->audience))
		return REASON_WRONG_AUDIENCE;
	return REASON_GRANTED;
}

static enum reason
check_client(const struct facts *facts, const struct policy *policy)
{
	if (policy->clients.count == 0)
		return facts->is_client ? REASON_CLIENT_NOT_ALLOWED :
		    REASON_GRANTED;
	if (facts->client_id == NULL)
		return REASON_NOT_EVALUABLE;
	if (!word_list_has(&policy->clients, facts->client_id))
		return REASON_CLIENT_NOT_ALLOWED;
	return REASON_GRANTED;
}

static enum reason
check_user(const struct facts *facts, const struct policy *policy)
{
	if (!policy->anonymous_users) {
		if (facts->is_anonymous == FACT_YES)
			return REASON_ANONYMOUS_USER;
		if (facts->is_anonymous != FACT_NO && !facts->is_client)
			return REASON_NOT_EVALUABLE;
	}
	if (policy->verified_only) {
		if (facts->is_verified == FACT_NO)
			return REASON_UNVERIFIED_USER;
		if (facts->is_verified != FACT_YES)
			return REASON_NOT_EVALUABLE;
	}
	return REASON_GRANTED;
}

static enum reason
check_roles(const struct facts *facts, const struct policy *policy)
{
	if (policy->require_role.count == 0 &&
	    policy->require_all_roles.count == 0)
		return REASON_GRANTED;
	if (!facts->has_roles)
		return REASON_NOT_EVALUABLE;
	if (policy->require_role.count > 0 &&
	    !word_list_meets(&policy->require_role, &facts->roles))
		return REASON_ROLE_MISSING;
	if (!word_list_covers(&facts->roles, &policy->require_all_roles))
		return REASON_ROLE_MISSING;
	return REASON_GRANTED;
}

static enum reason
check_scopes(const struct facts *facts, const struct policy *policy)
{
	if (policy->require_scope.count == 0)
		return REASON_GRANTED;
	if (!facts->has_scopes)
		return REASON_NOT_EVALUABLE;
	if (!word_list_covers(&facts->scopes, &policy->require_scope))
		return REASON_SCOPE_MISSING;
	return REASON_GRANTED;
}

static enum reason
check_age(const struct facts *facts, const struct policy *policy,
    const struct moment *now, int leeway)
{
	if (policy->max_authentication_age == 0)
		return REASON_GRANTED;
	if (facts->authenticated_at < 0)
		return REASON_NOT_EVALUABLE;
	if (facts->authenticated_at > now->wall + leeway)
		return REASON_AUTHENTICATION_TOO_OLD;
	if (now->wall - facts->authenticated_at >
	    (int64_t)policy->max_authentication_age + leeway)
		return REASON_AUTHENTICATION_TOO_OLD;
	return REASON_GRANTED;
}

/* Borrowed from the facts; NULL if the policy's name is not there. */
static const char *
remote_user(const struct facts *facts, const struct policy *policy)
{
	const char *name = NULL;

	switch (policy->remote_user) {
	case POLICY_REMOTE_USER_SUB:
		name = facts->user_id;
		break;
	case POLICY_REMOTE_USER_MAP:
		name = facts->account;
		break;
	case POLICY_REMOTE_USER_CLAIM:
		if (facts->claims == NULL ||
		    policy->remote_user_claim == NULL ||
		    json_find_string(facts->claims, policy->remote_user_claim,
		    &name) != JSON_FOUND)
			return NULL;
		break;
	}
	return name != NULL && name[0] != '\0' ? name : NULL;
}

enum reason
decide_token(const struct facts *facts, const struct policy *policy)
{
	enum reason reason;

	if ((reason = check_audience(facts, policy)) == REASON_GRANTED &&
	    (reason = check_client(facts, policy)) == REASON_GRANTED)
		reason = check_scopes(facts, policy);
	return reason;
}

enum reason
decide(const struct facts *facts, const struct policy *policy,
    const struct moment *now, int leeway)
{
	enum reason reason;

	if ((reason = check_audience(facts, policy)) != REASON_GRANTED ||
	    (reason = check_client(facts, policy)) != REASON_GRANTED ||
	    (reason = check_user(facts, policy)) != REASON_GRANTED ||
	    (reason = check_roles(facts, policy)) != REASON_GRANTED ||
	    (reason = check_scopes(facts, policy)) != REASON_GRANTED ||
	    (reason = check_age(facts, policy, now, leeway)) != REASON_GRANTED)
		return reason;
	if (remote_user(facts, policy) != NULL)
		return REASON_GRANTED;
	return policy->remote_user == POLICY_REMOTE_USER_MAP ?
	    REASON_WRONG_ACCOUNT : REASON_NOT_EVALUABLE;
}

char *
decide_remote_user(const struct facts *facts, const struct policy *policy,
    enum reason *reason_out)
{
	const char *name = remote_user(facts, policy);
	char *copy;

	*reason_out = REASON_NOT_EVALUABLE;
	if (name == NULL)
		return NULL;
	*reason_out = REASON_OUT_OF_MEMORY;
	copy = strdup(name);
	if (copy != NULL)
		*reason_out = REASON_GRANTED;
	return copy;
}
