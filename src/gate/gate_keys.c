#include "config.h"

#include "gate/gate_keys.h"

#include <string.h>

#include "facts/key.h"
#include "gate/decide.h"
#include "gate/gate_fetch.h"
#include "gate/gate_row.h"
#include "gate/gate_task.h"
#include "gate/gate_token.h"

/* How often a waiting task looks whether the other fetch has ended. */
#define WAIT_MS 50

/* The signature fits, as was found now or of this very text before. */
static enum gate_stage
judge_verified(struct gate_task *task, const struct key *key,
    const struct moment *now)
{
	enum reason reason;

	memcpy(task->keys.verified_by, key_thumbprint(key),
	    sizeof(task->keys.verified_by));
	if (gate_token_read_claims(task, now, &reason) == -1)
		return gate_task_end(task, reason, now);
	/* what the token alone decides never costs Authgear a question */
	if (task->settings->validate == SETTINGS_VALIDATE_JWT ||
	    task->facts.is_client ||
	    decide_token(&task->facts, task->decision.policy) !=
	    REASON_GRANTED)
		return gate_task_judge(task, GATE_BASIS_TOKEN, 0);
	return GATE_STAGE_SESSION;
}

/* Not by this key; by one of its kid that is left out? */
static enum gate_stage
end_unverified(struct gate *gate, struct gate_task *task, enum reason reason,
    const struct moment *now)
{
	if (keys_explain(gate->keys, task->token.jwt.kid,
	    &task->decision.detail))
		reason = REASON_KEY_UNUSABLE;
	return gate_task_end(task, reason, now);
}

static enum gate_stage
verify(struct gate *gate, struct gate_task *task,
    const struct keys_found *found, const struct moment *now)
{
	const struct key *key = found->key;
	struct jwt *jwt = &task->token.jwt;
	enum reason reason;

	task->keys.serve_until = found->serves_until;
	if (task->settings->validate == SETTINGS_VALIDATE_HYBRID &&
	    gate_row_vouches(gate, task, key))
		return judge_verified(task, key, now);
	/* recalled, but verified by another key of that name */
	if (jwt->signing_input == NULL && jwt_parse(jwt,
	    task->credential.text, task->credential.len, &reason,
	    &task->decision.detail) == -1)
		return gate_task_end(task, reason, now);
	if (jwt->signature_len == 0)
		return end_unverified(gate, task, task->token.fault, now);
	if (jwt->signature_len < key_signature_length(key))
		return end_unverified(gate, task, REASON_TRUNCATED, now);
	switch (key_verifies(key, jwt->signing_input, jwt->signing_input_len,
	    jwt->signature, jwt->signature_len)) {
	case 1:
		return judge_verified(task, key, now);
	case 0:
		return end_unverified(gate, task, REASON_BAD_SIGNATURE, now);
	default:
		return gate_task_end(task, REASON_OUT_OF_MEMORY, now);
	}
}

static enum gate_stage
wait_for_other(struct gate_task *task, int64_t until, const struct moment *now)
{
	int64_t at = now->boottime + WAIT_MS;

	task->ask_again = until;
	if (at > until && until > now->boottime)
		at = until;
	return gate_task_wait(task, at);
}

static enum gate_stage
begin_fetch(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	if (gate_fetch_begin(gate, task, now) == -1)
		return gate_task_end(task, REASON_OUT_OF_MEMORY, now);
	return GATE_STAGE_EXCHANGE;
}

/* The key cannot be had now: undecided. */
static enum gate_stage
do_without(struct gate_task *task, enum reason reason, int64_t until,
    const struct moment *now)
{
	if (task->manner == GATE_MAY_NOT_ASK) {
		error_set(&task->decision.detail,
		    "the token's key is not known here");
		reason = REASON_NOT_ASKED;
	}
	if (task->keys.fault != REASON_GRANTED)
		reason = task->keys.fault;
	if (until > task->ask_again)
		task->ask_again = until;
	return gate_task_end(task, reason, now);
}

/* What no key was found for may ask for one, if nothing else refuses it. */
static enum gate_stage
ask_for_key(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	struct error *detail = &task->decision.detail;
	struct keys_wish wish = { .kid = task->token.jwt.kid };
	struct keys_found found;
	enum reason reason;

	if (gate_token_read_claims(task, now, &reason) == -1)
		return gate_task_end(task, reason, now);
	wish.issued_at = task->facts.issued_at;
	wish.may_fetch = !task->keys.has_fetched &&
	    task->manner != GATE_MAY_NOT_ASK;
	if (wish.may_fetch && trust_check(gate->trust, now, detail) == -1)
		return gate_task_end(task, REASON_STATE_UNREADABLE, now);
	switch (keys_find(gate->keys, &wish, now, &found, detail)) {
	case KEYS_KNOWN:
		return verify(gate, task, &found, now);
	case KEYS_DENIED:
		return gate_task_end(task, REASON_UNKNOWN_KEY, now);
	case KEYS_FETCH:
		return begin_fetch(gate, task, now);
	case KEYS_WAIT:
	case KEYS_ASKED:
		return wait_for_other(task, found.until, now);
	case KEYS_UNSETTLED:
		return do_without(task, REASON_KEY_UNSETTLED, found.until,
		    now);
	case KEYS_UNUSABLE:
		(void)keys_explain(gate->keys, wish.kid, detail);
		return do_without(task, REASON_KEY_UNUSABLE, found.until,
		    now);
	case KEYS_FAULT:
		error_set(detail, "the keys are due, and could not be fetched "
		    "for want of something here");
		return gate_task_end(task, task->keys.fault !=
		    REASON_GRANTED ? task->keys.fault : REASON_LOCAL_FAULT,
		    now);
	case KEYS_STALE:
		(void)keys_explain(gate->keys, NULL, detail);
		return do_without(task, REASON_KEYS_UNREACHABLE, found.until,
		    now);
	case KEYS_UNREADABLE:
	default:
		return gate_task_end_without_state(gate, task, now);
	}
}

static enum gate_stage
look(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	const struct keys_wish wish = { .kid = task->token.jwt.kid };
	struct keys_found found;

	switch (keys_find(gate->keys, &wish, now, &found,
	    &task->decision.detail)) {
	case KEYS_KNOWN:
		return verify(gate, task, &found, now);
	case KEYS_UNREADABLE:
		return gate_task_end_without_state(gate, task, now);
	case KEYS_DENIED:
	case KEYS_UNSETTLED:
	case KEYS_UNUSABLE:
	case KEYS_STALE:
	case KEYS_FAULT:
	case KEYS_FETCH:
	case KEYS_WAIT:
	case KEYS_ASKED:
	default:
		return ask_for_key(gate, task, now);
	}
}

/* The time is over: undecided, whatever is known by now. */
static enum gate_stage
end_late(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	const struct keys_wish wish = {
		.kid = task->token.jwt.kid,
		.issued_at = task->facts.issued_at,
	};
	struct error *detail = &task->decision.detail;
	struct keys_found found;

	switch (keys_find(gate->keys, &wish, now, &found, detail)) {
	case KEYS_STALE:
		(void)keys_explain(gate->keys, NULL, detail);
		return gate_task_end(task, REASON_KEYS_UNREACHABLE, now);
	case KEYS_UNUSABLE:
		(void)keys_explain(gate->keys, wish.kid, detail);
		return gate_task_end(task, REASON_KEY_UNUSABLE, now);
	case KEYS_UNREADABLE:
		return gate_task_end_without_state(gate, task, now);
	case KEYS_KNOWN:
	case KEYS_DENIED:
	case KEYS_UNSETTLED:
	case KEYS_FAULT:
	case KEYS_FETCH:
	case KEYS_WAIT:
	case KEYS_ASKED:
	default:
		return gate_task_end(task, REASON_KEY_UNSETTLED, now);
	}
}

/* It waited for the fetch of another all the time. */
static enum gate_stage
end_waiting(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	struct error *detail = &task->decision.detail;

	if (keys_are_held(gate->keys, now)) {
		error_set(detail, "the lease of a fetch of the keys could not "
		    "be written");
		return gate_task_end(task, REASON_STATE_BUSY, now);
	}
	error_set(detail, "another fetch of the keys took too long");
	return end_late(gate, task, now);
}

/* An exchange of its own fetch came back, or the deadline did. */
static enum gate_stage
go_on(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	const int is_late = gate_task_is_late(task, now);

	if (is_late)
		gate_fetch_abandon(gate, task, now);
	else if (gate_fetch_go_on(gate, task, now) == 1)
		return GATE_STAGE_EXCHANGE;
	if (task->credential.kind == CREDENTIAL_NONE)
		return gate_task_end(task, task->keys.fault !=
		    REASON_GRANTED ? task->keys.fault :
		    REASON_KEYS_UNREACHABLE, now);
	return is_late ? end_late(gate, task, now) : look(gate, task, now);
}

enum gate_stage
gate_keys_stage(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	if (task->exchange != NULL)
		return go_on(gate, task, now);
	if (gate_task_is_late(task, now))
		return end_waiting(gate, task, now);
	return look(gate, task, now);
}
