#include "config.h"

#include "gate/gate_token.h"

#include "gate/gate_row.h"
#include "gate/gate_task.h"

/* With validate = resolver the signature is Authgear's to check; what the
 * token says of itself must hold all the same. */
static enum gate_stage
judge_unverified(struct gate_task *task, const struct moment *now)
{
	enum reason reason;

	if (gate_task_read_claims(task, now, &reason) == -1)
		return gate_task_end(task, reason, now);
	if (task->facts.is_client) {
		error_set(&task->decision.detail, "a token of a machine, which "
		    "the resolver does not know; use validate = hybrid");
		return gate_task_end(task, REASON_WRONG_TYPE, now);
	}
	return GATE_STAGE_SESSION;
}

enum gate_stage
gate_token_stage(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const struct credential *credential = &task->credential;
	const enum settings_validate validate = task->settings->validate;
	enum reason reason;
	int is_recalled;

	if (credential->kind == CREDENTIAL_NONE)
		return gate_task_end(task, REASON_NO_CREDENTIAL, now);
	is_recalled = validate != SETTINGS_VALIDATE_JWT &&
	    task->manner != GATE_MAY_NOT_ASK &&
	    gate_row_recall(gate, task, now);
	if (credential->kind != CREDENTIAL_JWT)
		return validate == SETTINGS_VALIDATE_JWT ?
		    gate_task_end(task, REASON_NEEDS_RESOLVER, now) :
		    GATE_STAGE_SESSION;
	if (!is_recalled && jwt_parse(&task->token.jwt, credential->text,
	    credential->len, &reason) == -1)
		return gate_task_end(task, reason, now);
	return validate == SETTINGS_VALIDATE_RESOLVER ?
	    judge_unverified(task, now) : GATE_STAGE_KEYS;
}
