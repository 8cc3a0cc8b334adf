#include "config.h"

#include "fcgi/ask_question.h"

#include <string.h>

int
ask_question(const struct ask *ask, const struct settings *settings,
    struct credential *credential, struct decision *decision)
{
	enum reason reason = REASON_OUT_OF_MEMORY;
	int is_unknown, ret;

	memset(credential, 0, sizeof(*credential));
	memset(decision, 0, sizeof(*decision));
	decision->age = -1;
	decision->policy = settings_policy(settings, ask->policy,
	    &is_unknown);
	if (decision->policy == NULL) {
		error_set(&decision->detail, "policy=%.64s", ask->policy);
		return gate_refuse(decision, REASON_POLICY_UNKNOWN);
	}
	if (ask->credential == NULL)
		return 0;
	ret = credential_from_password(credential, ask->credential,
	    strlen(ask->credential), (size_t)settings->max_credential,
	    &reason, &decision->detail);
	if (ret == 0 && (credential->account = strdup(ask->account)) != NULL)
		return 0;
	if (ret == 0)
		reason = REASON_OUT_OF_MEMORY;
	memcpy(decision->credential_hash, credential->hash,
	    sizeof(decision->credential_hash));
	credential_clear(credential);
	return gate_refuse(decision, reason);
}
