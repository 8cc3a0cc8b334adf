/* From what a web server hands over to policy and credential. */
#include "web/web_question.h"

#include <string.h>

#include "web/web_credential.h"

static int
find_policy(const struct web_question *question,
    const struct settings *settings, struct decision *decision)
{
	int is_unknown = 0;

	if (question->policy_name_twice) {
		error_set(&decision->detail,
		    "the web server sends AUTHGEAR_POLICY twice");
		return gate_refuse(decision, REASON_POLICY_UNKNOWN);
	}
	decision->policy = settings_policy(settings, question->policy_name,
	    &is_unknown);
	if (decision->policy != NULL)
		return 0;
	if (!is_unknown)
		return gate_refuse(decision, REASON_POLICY_MISSING);
	error_set(&decision->detail, "the web server names the policy %.64s",
	    question->policy_name);
	return gate_refuse(decision, REASON_POLICY_UNKNOWN);
}

int
web_question_read(const struct web_question *question,
    const struct settings *settings, struct credential *credential,
    struct decision *decision)
{
	struct web_credential_rules rules = {
		.max_credential = (size_t)settings->max_credential,
		.cookie_prefix = settings->cookie_prefix,
	};
	enum reason reason;

	memset(credential, 0, sizeof(*credential));
	memset(decision, 0, sizeof(*decision));
	decision->age = -1;
	if (find_policy(question, settings, decision) == -1)
		return -1;
	rules.accept_basic = decision->policy->accept_basic;
	if (web_credential_find(credential, &rules, question->authorization,
	    question->cookie, &reason, &decision->detail) == 0 &&
	    credential->kind != CREDENTIAL_NONE)
		return 0;
	memcpy(decision->credential_hash, credential->hash,
	    sizeof(decision->credential_hash));
	decision->may_pass = reason == REASON_NO_CREDENTIAL &&
	    policy_lets_pass(decision->policy, question->is_preflight);
	credential_clear(credential);
	return gate_refuse(decision, reason);
}
