#include "config.h"

#include "gate/gate_account.h"

#include <stdlib.h>
#include <string.h>

#include "gate/gate_task.h"

/* A machine is blocked as the client that it is. */
static int
add_client(struct facts *facts, enum reason *reason_out)
{
	static const char machine[] = "client_id_";

	if (strncmp(facts->user_id, machine, sizeof(machine) - 1) != 0)
		return 1;
	facts->client_id = strdup(facts->user_id + sizeof(machine) - 1);
	*reason_out = REASON_OUT_OF_MEMORY;
	return facts->client_id == NULL ? -1 : 1;
}

/* Whose account it is, into the facts: 1, 0: nobody's, -1 and the reason. */
static int
find_user(struct gate *gate, struct gate_task *task, const char *account,
    const struct moment *now, enum reason *reason_out)
{
	struct facts *facts = &task->facts;
	int found = 1;

	switch (task->decision.policy->remote_user) {
	case POLICY_REMOTE_USER_MAP:
		*reason_out = REASON_STATE_UNREADABLE;
		found = trust_user(gate->trust, account, now, &facts->user_id,
		    &task->decision.detail);
		break;
	case POLICY_REMOTE_USER_SUB:
		*reason_out = REASON_OUT_OF_MEMORY;
		facts->user_id = strdup(account);
		found = facts->user_id == NULL ? -1 : 1;
		break;
	case POLICY_REMOTE_USER_CLAIM:
	default:
		*reason_out = REASON_USER_UNTRACEABLE;
		return -1;
	}
	return found == 1 ? add_client(facts, reason_out) : found;
}

static enum reason
judge_account(struct gate *gate, struct gate_task *task, const char *account,
    const struct moment *now)
{
	enum reason reason = REASON_NOT_BLOCKED, revoked;

	switch (find_user(gate, task, account, now, &reason)) {
	case 1:
		break;
	case 0:
		return REASON_NOT_BLOCKED;
	default:
		return reason;
	}
	/* no sign-out is of later than this login */
	task->facts.authenticated_at = INT64_MAX;
	task->facts.issued_at = INT64_MAX;
	switch (trust_revoked(gate->trust, &task->facts, "", now, &revoked,
	    &task->decision.detail)) {
	case 0:
		break;
	case 1:
		task->decision.facts = &task->facts;
		return revoked;
	default:
		return REASON_STATE_UNREADABLE;
	}
	task->decision.facts = &task->facts;
	return REASON_NOT_BLOCKED;
}

enum gate_step
gate_account_start(struct gate *gate, const struct policy *policy,
    const char *account, const struct moment *now,
    struct gate_task **task_out)
{
	struct gate_task *task = gate_task_new(gate->settings, now);

	*task_out = task;
	if (task == NULL)
		return GATE_DONE;
	task->manner = GATE_MAY_NOT_ASK;
	task->decision.policy = policy;
	task->stage = gate_task_end(task,
	    judge_account(gate, task, account, now), now);
	return GATE_DONE;
}
