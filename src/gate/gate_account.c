/* The questions that follow a login, and may ask nobody: what the credential
 * is worth by what is known here, and whether an account's user is blocked. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gate/gate_private.h"

void
gate_account_keep(struct gate *gate, const struct gate_task *task,
    const struct moment *now)
{
	struct status_session row;

	if (task->manner != GATE_LOGIN || !task->is_session)
		return;
	/* the answer as it is kept, or one that came since */
	status_session_init(&row);
	if (status_session_load(gate->status, task->session_key, &row,
	    NULL) == 1 && row.is_live && !row.is_doubted)
		logins_keep(gate->shared->logins, task->session_key, &row,
		    now);
	status_session_clear(&row);
}

/* The answer that the login got becomes the row, where none is later; 0: the
 * login was too long ago, or elsewhere. */
static int
recall(struct gate *gate, struct gate_task *task, int64_t age,
    const struct moment *now)
{
	struct status_session login;

	if (!logins_recall(gate->shared->logins, task->session_key, now,
	    &login))
		return 0;
	if (task->was_found && age >= 0 &&
	    task->row.started.boottime >= login.started.boottime) {
		status_session_clear(&login);
		return 1;
	}
	status_session_clear(&task->row);
	task->row = login;
	return 1;
}

enum gate_step
gate_account_judge(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const struct settings *settings = task->settings;
	const int64_t age = gate_session_age(gate, task, now);
	int64_t ttl = (int64_t)settings->session_ttl * 1000;
	int is_login;

	if (task->row.is_doubted)
		return gate_lookup(gate, task, now);
	is_login = recall(gate, task, age, now);
	if (!is_login && !task->was_found)
		return gate_lookup(gate, task, now);
	if (!task->row.is_live)
		ttl = (int64_t)settings->absent_ttl * 1000;
	if (!is_login && (age < 0 || age >= ttl))
		return gate_lookup(gate, task, now);
	if (!task->row.is_live || gate_session_is_contradicted(gate, task,
	    now))
		return gate_session_refuse(gate, task, REASON_NOT_LIVE, now);
	task->session_age = gate_session_age(gate, task, now);
	if (task->session_age < 0)
		return gate_lookup(gate, task, now);
	return gate_session_apply(gate, task, &task->row.facts, now);
}

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
gate_start_account(struct gate *gate, const struct policy *policy,
    const char *account, const struct moment *now,
    struct gate_task **task_out)
{
	struct gate_task *task = gate_task_new(gate->settings, now);

	*task_out = task;
	if (task == NULL)
		return GATE_DONE;
	task->manner = GATE_MAY_NOT_ASK;
	task->decision.policy = policy;
	return gate_task_end(task, judge_account(gate, task, account, now),
	    now);
}
