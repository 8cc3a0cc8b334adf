#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gate/decide.h"
#include "ground/json.h"

/* What rules are applied to. */
struct question {
	const struct facts *facts;
	const struct policy *policy;
	const struct moment *now;
	int leeway;
};

static enum reason
check_audience(const struct question *question)
{
	const struct facts *facts = question->facts;
	const struct policy *policy = question->policy;


	/* who asks the resolver of the project has its default audience */
	if (facts->audience.count == 0)
		return policy->has_audience || facts->kind == CREDENTIAL_JWT ?
		    REASON_NOT_EVALUABLE : REASON_GRANTED;
	if (!word_list_meets(&policy->audience, &facts->audience))
		return REASON_WRONG_AUDIENCE;
	return REASON_GRANTED;
}

static enum reason
check_client(const struct question *question)
{
	const struct facts *facts = question->facts;
	const struct policy *policy = question->policy;

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
check_anonymous(const struct question *question)
{
	const struct facts *facts = question->facts;

	if (question->policy->anonymous_users)
		return REASON_GRANTED;
	if (facts->is_anonymous == FACT_YES)
		return REASON_ANONYMOUS_USER;
	return facts->is_anonymous == FACT_NO || facts->is_client ?
	    REASON_GRANTED : REASON_NOT_EVALUABLE;
}

static enum reason
check_verified(const struct question *question)
{
	const struct facts *facts = question->facts;

	if (!question->policy->verified_only)
		return REASON_GRANTED;
	if (facts->is_verified == FACT_NO)
		return REASON_UNVERIFIED_USER;
	return facts->is_verified == FACT_YES ? REASON_GRANTED :
	    REASON_NOT_EVALUABLE;
}

static enum reason
check_roles(const struct question *question)
{
	const struct facts *facts = question->facts;
	const struct policy *policy = question->policy;

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
check_scopes(const struct question *question)
{
	const struct facts *facts = question->facts;
	const struct policy *policy = question->policy;

	if (policy->require_scope.count == 0)
		return REASON_GRANTED;
	if (!facts->has_scopes)
		return REASON_NOT_EVALUABLE;
	if (!word_list_covers(&facts->scopes, &policy->require_scope))
		return REASON_SCOPE_MISSING;
	return REASON_GRANTED;
}

static enum reason
check_age(const struct question *question)
{
	const struct facts *facts = question->facts;
	const struct policy *policy = question->policy;
	const struct moment *now = question->now;
	const int leeway = question->leeway;

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

static enum reason
check_name(const struct question *question)
{
	const struct policy *policy = question->policy;

	if (remote_user(question->facts, policy) != NULL)
		return REASON_GRANTED;
	return policy->remote_user == POLICY_REMOTE_USER_MAP ?
	    REASON_WRONG_ACCOUNT : REASON_NOT_EVALUABLE;
}

/* In the order in which they are applied. */
static const struct {
	const char *name;
	int is_of_token;	/* a JWT alone decides it */
	enum reason (*check)(const struct question *question);
} rules[] = {
	[DECIDE_AUDIENCE] = { "audience", 1, check_audience },
	[DECIDE_CLIENTS] = { "clients", 1, check_client },
	[DECIDE_ANONYMOUS_USERS] = { "anonymous_users", 0, check_anonymous },
	[DECIDE_VERIFIED_ONLY] = { "verified_only", 0, check_verified },
	[DECIDE_REQUIRE_ROLE] = { "require_role", 0, check_roles },
	[DECIDE_REQUIRE_SCOPE] = { "require_scope", 1, check_scopes },
	[DECIDE_MAX_AUTHENTICATION_AGE] = { "max_authentication_age", 0,
	    check_age },
	[DECIDE_REMOTE_USER] = { "remote_user", 0, check_name }
};

enum reason
decide_token(const struct facts *facts, const struct policy *policy)
{
	const struct question question = { facts, policy, NULL, 0 };
	enum reason reason = REASON_GRANTED;
	size_t i;

	for (i = 0; i < DECIDE_RULES && reason == REASON_GRANTED; i++)
		if (rules[i].is_of_token)
			reason = rules[i].check(&question);
	return reason;
}

enum reason
decide(const struct facts *facts, const struct policy *policy,
    const struct moment *now, int leeway)
{
	const struct question question = { facts, policy, now, leeway };
	enum reason reason = REASON_GRANTED;
	size_t i;

	for (i = 0; i < DECIDE_RULES && reason == REASON_GRANTED; i++)
		reason = rules[i].check(&question);
	return reason;
}

enum reason
decide_rule(enum decide_rule rule, const struct facts *facts,
    const struct policy *policy, const struct moment *now, int leeway)
{
	const struct question question = { facts, policy, now, leeway };

	return rules[rule].check(&question);
}

const char *
decide_rule_name(enum decide_rule rule)
{
	return rules[rule].name;
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
