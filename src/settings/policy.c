#include "settings/policy.h"

#include <stdlib.h>

void
policy_free(struct policy *policy)
{
	if (policy == NULL)
		return;
	free(policy->name);
	word_list_clear(&policy->audience);
	word_list_clear(&policy->clients);
	word_list_clear(&policy->require_role);
	word_list_clear(&policy->require_all_roles);
	word_list_clear(&policy->require_scope);
	free(policy->remote_user_claim);
	word_list_clear(&policy->export);
	free(policy->login_client);
	free(policy->login_return);
	free(policy);
}

int
policy_lets_pass(const struct policy *policy, int is_preflight)
{
	return policy->unauthenticated ||
	    (policy->cors_preflight && is_preflight);
}

int
policy_needs_claims(const struct policy *policy)
{
	return policy->has_audience || policy->clients.count > 0 ||
	    policy->require_scope.count > 0 ||
	    policy->remote_user == POLICY_REMOTE_USER_CLAIM;
}
