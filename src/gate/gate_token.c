#include "config.h"

#include "gate/gate_token.h"

#include <stdio.h>
#include <string.h>

#include "facts/claims.h"
#include "gate/gate_row.h"
#include "gate/gate_task.h"

int
gate_token_read_claims(struct gate_task *task, const struct moment *now,
    enum reason *reason_out)
{
	struct gate_token *token = &task->token;

	if (!token->has_claims) {
		if (claims_read(token->jwt.claims, &task->facts,
		    reason_out, &task->decision.detail) == -1)
			return -1;
		token->jwt.claims = NULL;
		token->has_claims = 1;
		token->authenticated_at = task->facts.authenticated_at;
		task->facts.kind = CREDENTIAL_JWT;
		task->facts.key_id = strdup(token->jwt.kid);
		if (task->facts.key_id == NULL) {
			*reason_out = REASON_OUT_OF_MEMORY;
			return -1;
		}
	}
	if (claims_check(&task->facts, task->settings->endpoint, now,
	    task->settings->leeway, reason_out) == 0)
		return 0;
	if (*reason_out == REASON_WRONG_ISSUER)
		error_set(&task->decision.detail, "its iss is %.200s",
		    task->facts.issuer != NULL ? task->facts.issuer : "");
	return -1;
}

/* With validate = resolver the signature is Authgear's to check; what the
 * token says of itself must hold all the same. */
static enum gate_stage
judge_unverified(struct gate_task *task, const struct moment *now)
{
	enum reason reason;

	if (gate_token_read_claims(task, now, &reason) == -1)
		return gate_task_end(task, reason, now);
	if (task->facts.is_client) {
		error_set(&task->decision.detail, "of the client %.200s",
		    task->facts.client_id);
		return gate_task_end(task, REASON_MACHINE_TOKEN, now);
	}
	return GATE_STAGE_SESSION;
}

/* What was held of a session in use a moment ago: 1 if that spares taking the
 * JWT apart. */
static int
recall(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	struct gate_token *token = &task->token;

	if (task->settings->validate == SETTINGS_VALIDATE_JWT ||
	    task->manner == GATE_MAY_NOT_ASK ||
	    !gate_row_recall(gate, task, now))
		return 0;
	token->has_claims = 1;
	token->authenticated_at = task->facts.authenticated_at;
	(void)snprintf(token->jwt.kid, sizeof(token->jwt.kid), "%s",
	    task->facts.key_id);
	return 1;
}

/* Its signature is none of a key that may serve.  Is that because its key is
 * left out, or not known yet?  Only the keys can tell. */
static enum gate_stage
go_on_unsigned(struct gate_task *task, enum reason fault,
    const struct moment *now)
{
	if (task->token.jwt.claims == NULL ||
	    task->settings->validate == SETTINGS_VALIDATE_RESOLVER)
		return gate_task_end(task, fault, now);
	task->token.fault = fault;
	return GATE_STAGE_KEYS;
}

enum gate_stage
gate_token_stage(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const struct credential *credential = &task->credential;
	const enum settings_validate validate = task->settings->validate;
	enum reason reason;
	int is_read;

	if (credential->kind == CREDENTIAL_NONE)
		return gate_task_end(task, REASON_NO_CREDENTIAL, now);
	is_read = recall(gate, task, now);
	if (credential->kind != CREDENTIAL_JWT)
		return validate == SETTINGS_VALIDATE_JWT ?
		    gate_task_end(task, REASON_NEEDS_RESOLVER, now) :
		    GATE_STAGE_SESSION;
	if (!is_read && jwt_parse(&task->token.jwt, credential->text,
	    credential->len, &reason, &task->decision.detail) == -1)
		return go_on_unsigned(task, reason, now);
	return validate == SETTINGS_VALIDATE_RESOLVER ?
	    judge_unverified(task, now) : GATE_STAGE_KEYS;
}
