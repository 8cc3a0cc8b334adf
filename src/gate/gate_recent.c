/* Sessions in use: row and token as they were read a moment ago. */
#include "config.h"

#include <stdio.h>

#include "gate/gate_private.h"

/* Rules that ask for the token's claims as they stand in it. */
static int
needs_claims(const struct policy *policy)
{
	return policy->remote_user == POLICY_REMOTE_USER_CLAIM ||
	    policy->export.count > 0;
}

int
gate_recent_recall(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const int is_token = task->credential.kind == CREDENTIAL_JWT &&
	    !needs_claims(task->decision.policy);

	if (!recent_recall(gate->shared->recent, &task->credential, now,
	    &task->row, is_token ? &task->facts : NULL))
		return 0;
	task->has_row = 1;
	task->is_recalled = 1;
	if (!is_token)
		return 0;
	task->has_claims = 1;
	(void)snprintf(task->jwt.kid, sizeof(task->jwt.kid), "%s",
	    task->facts.key_id);
	return 1;
}

void
gate_recent_keep(struct gate *gate, const struct gate_task *task,
    const struct moment *now)
{
	if (task->is_recalled)
		return;
	recent_keep(gate->shared->recent, &task->credential,
	    task->recent_mark, &task->row, task->credential.kind ==
	    CREDENTIAL_JWT ? &task->facts : NULL, now);
}
