/* What a JWT is worth: key, signature, claims, times, policy. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "facts/claims.h"
#include "facts/key.h"
#include "gate/decide.h"
#include "gate/gate_private.h"

/* How often a waiting task looks whether the other fetch has ended. */
#define WAIT_MS 50

int
gate_token_parse(struct gate_task *task, enum reason *reason_out)
{
	return jwt_parse(&task->jwt, task->credential.text,
	    task->credential.len, reason_out);
}

int
gate_token_read_claims(struct gate_task *task, const struct moment *now,
    enum reason *reason_out)
{
	if (!task->has_claims) {
		if (claims_read(task->jwt.claims, &task->facts,
		    reason_out) == -1)
			return -1;
		task->jwt.claims = NULL;
		task->has_claims = 1;
		task->facts.kind = CREDENTIAL_JWT;
		task->facts.key_id = strdup(task->jwt.kid);
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

/* Cached facts refuse: they are asked for once more, if they can be. */
static enum gate_step
look_again(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	free(task->remote_user);
	task->remote_user = NULL;
	if (task->is_stale)
		return gate_task_end(task, REASON_RESOLVER_UNREACHABLE, now);
	task->must_refresh = 1;
	return gate_session_judge(gate, task, now);
}

int
gate_token_revoked(struct gate *gate, struct gate_task *task,
    const struct moment *now, enum reason *reason)
{
	enum reason revoked;
	const int hit = trust_revoked(gate->trust, &task->facts,
	    task->credential.hash, now, &revoked, &task->decision.detail);

	if (hit == 1)
		*reason = revoked;
	return hit;
}

enum gate_step
gate_policy_apply(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	struct decision *decision = &task->decision;
	enum reason reason;

	task->facts.kind = task->credential.kind;
	/* time went by while it waited for the resolver */
	if (task->credential.kind == CREDENTIAL_JWT &&
	    gate_token_read_claims(task, now, &reason) == -1)
		return gate_task_end(task, reason, now);
	if (decision->policy->remote_user == POLICY_REMOTE_USER_MAP &&
	    task->facts.account == NULL && trust_account(gate->trust,
	    task->facts.user_id, now, &task->facts.account,
	    &decision->detail) == -1)
		return gate_task_end(task, REASON_STATE_UNREADABLE, now);
	reason = decide(&task->facts, decision->policy, now,
	    task->settings->leeway);
	if (reason == REASON_GRANTED)
		task->remote_user = decide_remote_user(&task->facts,
		    decision->policy, &reason);
	if (reason == REASON_OUT_OF_MEMORY)
		return gate_task_end(task, reason, now);
	/* a name that came beside the token must be that of its user */
	if (reason == REASON_GRANTED && task->credential.account != NULL &&
	    strcmp(task->credential.account, task->remote_user) != 0)
		reason = REASON_WRONG_ACCOUNT;
	if (gate_token_revoked(gate, task, now, &reason) == -1)
		return gate_task_end(task, REASON_STATE_UNREADABLE, now);
	if (gate_session_may_refresh(task, reason))
		return look_again(gate, task, now);
	if (task->is_session && !task->is_fresh)
		decision->age = (int)(task->session_age / 1000);
	/* whoever holds a stolen key writes what he likes */
	if (reason != REASON_KEY_REVOKED)
		decision->facts = &task->facts;
	if (reason == REASON_GRANTED) {
		decision->remote_user = task->remote_user;
		gate_account_keep(gate, task, now);
	}
	return gate_task_end(task, reason, now);
}

/* The signature fits, as was found now or of this very text before. */
static enum gate_step
judge_verified(struct gate *gate, struct gate_task *task,
    const struct key *key, const struct moment *now)
{
	enum reason reason;

	memcpy(task->verified_by, key_thumbprint(key),
	    sizeof(task->verified_by));
	if (gate_token_read_claims(task, now, &reason) == -1)
		return gate_task_end(task, reason, now);
	task->is_verified = 1;
	task->is_known = 1;
	/* what the token alone decides never costs Authgear a question */
	if (task->settings->validate == SETTINGS_VALIDATE_JWT ||
	    task->facts.is_client ||
	    decide_token(&task->facts, task->decision.policy) !=
	    REASON_GRANTED)
		return gate_policy_apply(gate, task, now);
	return gate_session_judge(gate, task, now);
}

static enum gate_step
verify(struct gate *gate, struct gate_task *task, const struct key *key,
    const struct moment *now)
{
	const struct jwt *jwt = &task->jwt;
	enum reason reason;

	if (task->settings->validate == SETTINGS_VALIDATE_HYBRID &&
	    gate_session_vouches(gate, task, key))
		return judge_verified(gate, task, key, now);
	/* recalled, but verified by another key of that name */
	if (jwt->signing_input == NULL &&
	    gate_token_parse(task, &reason) == -1)
		return gate_task_end(task, reason, now);
	if (jwt->signature_len < key_signature_length(key))
		return gate_task_end(task, REASON_TRUNCATED, now);
	switch (key_verifies(key, jwt->signing_input, jwt->signing_input_len,
	    jwt->signature, jwt->signature_len)) {
	case 1:
		break;
	case 0:
		return gate_task_end(task, REASON_BAD_SIGNATURE, now);
	default:
		return gate_task_end(task, REASON_OUT_OF_MEMORY, now);
	}
	return judge_verified(gate, task, key, now);
}

static enum gate_step
wait_for_other(struct gate_task *task, int64_t until, const struct moment *now)
{
	int64_t at = now->boottime + WAIT_MS;

	task->ask_again = until;
	if (at > until && until > now->boottime)
		at = until;
	task->resume_at = at < task->deadline ? at : task->deadline;
	task->phase = GATE_PHASE_TOKEN;
	return GATE_WAIT;
}

/* What no key was found for may ask for one, if nothing else refuses it. */
static enum gate_step
ask_for_key(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	struct error *detail = &task->decision.detail;
	const struct key *key;
	enum reason reason;
	int64_t until;

	if (gate_token_read_claims(task, now, &reason) == -1)
		return gate_task_end(task, reason, now);
	if (task->may_fetch && trust_check(gate->trust, now, detail) == -1)
		return gate_task_end(task, REASON_STATE_UNREADABLE, now);
	switch (keys_find(gate->keys, task->jwt.kid, task->facts.issued_at,
	    task->may_fetch, now, &key, &until, detail)) {
	case KEYS_KNOWN:
		return verify(gate, task, key, now);
	case KEYS_DENIED:
		return gate_task_end(task, REASON_UNKNOWN_KEY, now);
	case KEYS_FETCH:
		if (gate_fetch_begin(gate, task, now) == GATE_EXCHANGE)
			return GATE_EXCHANGE;
		return gate_task_end(task, REASON_OUT_OF_MEMORY, now);
	case KEYS_WAIT:
	case KEYS_ASKED:
		return wait_for_other(task, until, now);
	case KEYS_UNSETTLED:
		reason = REASON_KEY_UNSETTLED;
		break;
	case KEYS_STALE:
		reason = REASON_KEYS_UNREACHABLE;
		break;
	case KEYS_UNREADABLE:
	default:
		return gate_task_no_state(gate, task, now);
	}
	if (task->manner == GATE_MAY_NOT_ASK) {
		error_set(detail, "the token's key is not known here");
		reason = REASON_NOT_ASKED;
	}
	if (until > task->ask_again)
		task->ask_again = until;
	return gate_task_end(task, reason, now);
}

enum gate_step
gate_token_judge(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const struct key *key;
	int64_t until;

	switch (keys_find(gate->keys, task->jwt.kid, 0, 0, now, &key, &until,
	    &task->decision.detail)) {
	case KEYS_KNOWN:
		return verify(gate, task, key, now);
	case KEYS_UNREADABLE:
		return gate_task_no_state(gate, task, now);
	case KEYS_DENIED:
	case KEYS_UNSETTLED:
	case KEYS_STALE:
	case KEYS_FETCH:
	case KEYS_WAIT:
	case KEYS_ASKED:
	default:
		return ask_for_key(gate, task, now);
	}
}
