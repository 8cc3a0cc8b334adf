/* Tasks: their beginning, their steps, their end. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/gate_private.h"

/* After state that could not be read, the timer looks again. */
#define RETRY_MS 1000

struct gate_task *
gate_task_new(const struct settings *settings, const struct moment *now)
{
	struct gate_task *task = calloc(1, sizeof(*task));

	if (task == NULL)
		return NULL;
	task->settings = settings;
	task->may_fetch = 1;
	task->token_authenticated_at = FACTS_NO_TIME;
	task->decision.age = -1;
	facts_init(&task->facts);
	status_session_init(&task->row);
	task->started = now->boottime;
	task->deadline = now->boottime +
	    (int64_t)settings->total_timeout * 1000;
	task->resume_at = now->boottime;
	task->ask_again = now->boottime;
	return task;
}

void
gate_task_free(struct gate_task *task)
{
	if (task == NULL)
		return;
	gate_lookup_release(task, NULL);
	jwt_clear(&task->jwt);
	credential_clear(&task->credential);
	facts_clear(&task->facts);
	status_session_clear(&task->row);
	free(task->remote_user);
	exchange_free(task->exchange);
	metadata_clear(&task->metadata);
	explicit_bzero(task, sizeof(*task));
	free(task);
}

static int
retry_after(const struct gate_task *task, const struct moment *now)
{
	int64_t wait = (task->ask_again - now->boottime + 999) / 1000;

	if (wait < 1)
		return 1;
	return wait > task->settings->keys_max_stale ?
	    task->settings->keys_max_stale : (int)wait;
}

int
gate_refuse(struct decision *decision, enum reason reason)
{
	decision->reason = reason;
	decision->verdict = reason_verdict(reason);
	decision->retry_after = decision->verdict == VERDICT_UNDECIDED;
	return -1;
}

enum gate_step
gate_task_end(struct gate_task *task, enum reason reason,
    const struct moment *now)
{
	struct decision *decision = &task->decision;

	decision->reason = reason;
	decision->verdict = reason_verdict(reason);
	if (decision->verdict == VERDICT_UNDECIDED)
		decision->retry_after = retry_after(task, now);
	task->phase = GATE_PHASE_DONE;
	return GATE_DONE;
}

enum gate_step
gate_task_no_state(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	return gate_task_end(task, status_is_busy(gate->status) ?
	    REASON_STATE_BUSY : REASON_STATE_UNREADABLE, now);
}

/* What the credential is by itself, and its row if that was read a moment
 * ago; -1 and why it is none. */
static int
look_at_credential(struct gate *gate, struct gate_task *task,
    const struct moment *now, enum reason *reason_out)
{
	struct decision *decision = &task->decision;

	decision->kind = task->credential.kind;
	memcpy(decision->credential_hash, task->credential.hash,
	    sizeof(decision->credential_hash));
	status_session_key(&task->credential, task->session_key);
	if (task->settings->validate != SETTINGS_VALIDATE_JWT &&
	    task->manner != GATE_MAY_NOT_ASK &&
	    gate_recent_recall(gate, task, now))
		return 0;
	switch (task->credential.kind) {
	case CREDENTIAL_JWT:
		return gate_token_parse(task, reason_out);
	case CREDENTIAL_OPAQUE_TOKEN:
	case CREDENTIAL_APP_SESSION:
	case CREDENTIAL_SESSION_COOKIE:
		*reason_out = REASON_NEEDS_RESOLVER;
		return task->settings->validate == SETTINGS_VALIDATE_JWT ?
		    -1 : 0;
	case CREDENTIAL_NONE:
		break;
	}
	*reason_out = REASON_NO_CREDENTIAL;
	return -1;
}

/* With validate = resolver the signature is Authgear's to check; what the
 * token says of itself must hold all the same. */
static enum gate_step
judge_by_resolver(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	enum reason reason;

	if (gate_token_read_claims(task, now, &reason) == -1)
		return gate_task_end(task, reason, now);
	if (task->facts.is_client) {
		error_set(&task->decision.detail, "a token of a machine, which "
		    "the resolver does not know; use validate = hybrid");
		return gate_task_end(task, REASON_WRONG_TYPE, now);
	}
	return gate_session_judge(gate, task, now);
}

static enum gate_step
judge(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	if (task->credential.kind != CREDENTIAL_JWT)
		return gate_session_judge(gate, task, now);
	if (task->settings->validate == SETTINGS_VALIDATE_RESOLVER)
		return judge_by_resolver(gate, task, now);
	return gate_token_judge(gate, task, now);
}

enum gate_step
gate_start(struct gate *gate, const struct policy *policy,
    struct credential *credential, const struct gate_asker *asker,
    const struct moment *now, struct gate_task **task_out)
{
	struct gate_task *task = gate_task_new(gate->settings, now);
	enum reason reason;

	*task_out = task;
	if (task == NULL) {
		credential_clear(credential);
		return GATE_DONE;
	}
	task->credential = *credential;
	explicit_bzero(credential, sizeof(*credential));
	task->decision.policy = policy;
	task->manner = asker->manner;
	task->may_fetch = asker->manner != GATE_MAY_NOT_ASK;
	if (asker->address != NULL)
		(void)snprintf(task->client_address,
		    sizeof(task->client_address), "%s", asker->address);
	if (look_at_credential(gate, task, now, &reason) == -1)
		return gate_task_end(task, reason, now);
	return judge(gate, task, now);
}

/* The time of the task is over: undecided, whatever is known by now. */
static enum gate_step
give_up(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	enum reason reason = REASON_KEY_UNSETTLED;
	const struct key *key;
	int64_t until;

	if (task->phase == GATE_PHASE_SESSION ||
	    task->phase == GATE_PHASE_LOOKUP)
		return gate_lookup_give_up(gate, task, now);
	if (task->phase != GATE_PHASE_TOKEN) {
		gate_fetch_abandon(gate, task, now);
	} else if (keys_are_held(gate->keys, now)) {
		error_set(&task->decision.detail, "the lease of a fetch of "
		    "the keys could not be written");
		return gate_task_end(task, REASON_STATE_BUSY, now);
	} else if (!task->is_refresh)
		error_set(&task->decision.detail,
		    "another fetch of the keys took too long");
	if (task->is_refresh)
		return gate_task_end(task, REASON_KEYS_UNREACHABLE, now);
	switch (keys_find(gate->keys, task->jwt.kid, task->facts.issued_at, 0,
	    now, &key, &until, &task->decision.detail)) {
	case KEYS_STALE:
		reason = REASON_KEYS_UNREACHABLE;
		break;
	case KEYS_UNREADABLE:
		return gate_task_no_state(gate, task, now);
	case KEYS_KNOWN:
	case KEYS_DENIED:
	case KEYS_UNSETTLED:
	case KEYS_FETCH:
	case KEYS_WAIT:
	case KEYS_ASKED:
	default:
		break;
	}
	return gate_task_end(task, reason, now);
}

enum gate_step
gate_resume(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	if (task->phase == GATE_PHASE_DONE)
		return GATE_DONE;
	if (now->boottime >= task->deadline)
		return give_up(gate, task, now);
	if (task->phase == GATE_PHASE_SESSION)
		return gate_session_judge(gate, task, now);
	if (task->phase == GATE_PHASE_LOOKUP)
		return gate_lookup_answer(gate, task, now);
	if (task->phase != GATE_PHASE_TOKEN &&
	    gate_fetch_go_on(gate, task, now) == GATE_EXCHANGE)
		return GATE_EXCHANGE;
	if (task->is_refresh)
		return gate_task_end(task, REASON_KEYS_UNREACHABLE, now);
	/* what was read of the session before the wait is old */
	task->has_row = 0;
	return gate_token_judge(gate, task, now);
}

struct gate_task *
gate_refresh(struct gate *gate, const struct moment *now, int64_t *next_out)
{
	struct gate_task *task;
	int64_t until = now->boottime;

	*next_out = now->boottime + RETRY_MS;
	/* first the memory, then the lease */
	task = gate_task_new(gate->settings, now);
	if (task == NULL)
		return NULL;
	task->is_refresh = 1;
	task->deadline = now->boottime + keys_refresh_msecs(gate->settings);
	switch (keys_refresh(gate->keys, now, &until, NULL)) {
	case KEYS_FETCH:
		*next_out = now->boottime +
		    (int64_t)gate->settings->keys_cooldown * 1000;
		if (gate_fetch_begin(gate, task, now) == GATE_EXCHANGE)
			return task;
		break;
	case KEYS_KNOWN:
	case KEYS_WAIT:
		if (until > *next_out)
			*next_out = until;
		break;
	case KEYS_ASKED:
		*next_out = until;
		break;
	case KEYS_UNREADABLE:
	case KEYS_DENIED:
	case KEYS_UNSETTLED:
	case KEYS_STALE:
	default:
		break;
	}
	gate_task_free(task);
	return NULL;
}

struct exchange *
gate_task_exchange(struct gate_task *task)
{
	return task->exchange;
}

int64_t
gate_task_deadline(const struct gate_task *task)
{
	return task->deadline;
}

int64_t
gate_task_resume_at(const struct gate_task *task)
{
	return task->resume_at;
}

const struct decision *
gate_task_decision(const struct gate_task *task)
{
	return &task->decision;
}

const char *
gate_authorization_endpoint(struct gate *gate)
{
	return keys_authorization_endpoint(gate->keys);
}
