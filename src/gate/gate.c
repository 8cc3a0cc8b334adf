/* The order of the stages; questions from their beginning to their end. */
#include "config.h"

#include "gate/gate.h"

#include <stdlib.h>
#include <string.h>

#include "gate/gate_fetch.h"
#include "gate/gate_keys.h"
#include "gate/gate_lookup.h"
#include "gate/gate_row.h"
#include "gate/gate_session.h"
#include "gate/gate_shared.h"
#include "gate/gate_task.h"
#include "gate/gate_token.h"
#include "gate/gate_verdict.h"

/* After state that could not be read, the timer looks again. */
#define RETRY_MS 1000

struct gate *
gate_new(const struct settings *settings, struct gate_shared *shared,
    struct error *error)
{
	struct gate *gate = calloc(1, sizeof(*gate));

	if (gate == NULL)
		goto no_memory;
	gate->settings = settings;
	gate->owns_shared = shared == NULL;
	gate->shared = shared != NULL ? shared : gate_shared_new(settings);
	if (gate->shared == NULL)
		goto no_memory;
	gate->trust = trust_open_shared(settings->state, settings->endpoint,
	    gate->shared->trust, error);
	if (gate->trust == NULL)
		goto failed;
	gate->status = gate_shared_open(gate->shared, settings, error);
	if (gate->status == NULL)
		goto failed;
	trust_use_status(gate->trust, gate->status);
	gate->keys = keys_new(settings, gate->status);
	if (gate->keys == NULL)
		goto no_memory;
	keys_tell(gate->keys, gate->shared->keys_told);
	keys_share(gate->keys, &gate->shared->keys_fault);
	return gate;
no_memory:
	error_set(error, "out of memory");
failed:
	gate_free(gate);
	return NULL;
}

void
gate_free(struct gate *gate)
{
	if (gate == NULL)
		return;
	keys_free(gate->keys);
	trust_free(gate->trust);
	status_free(gate->status);
	if (gate->owns_shared)
		gate_shared_free(gate->shared);
	free(gate);
}

static enum gate_stage
pass(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	switch (task->stage) {
	case GATE_STAGE_TOKEN:
		return gate_token_stage(gate, task, now);
	case GATE_STAGE_KEYS:
		return gate_keys_stage(gate, task, now);
	case GATE_STAGE_SESSION:
		return gate_session_stage(gate, task, now);
	case GATE_STAGE_LOOKUP:
		return gate_lookup_stage(gate, task, now);
	case GATE_STAGE_VERDICT:
		return gate_verdict_stage(gate, task, now);
	case GATE_STAGE_DONE:
	case GATE_STAGE_EXCHANGE:
	case GATE_STAGE_WAIT:
	default:
		return GATE_STAGE_DONE;
	}
}

/*
 * TOKEN -> KEYS -> SESSION -> LOOKUP -> VERDICT, with what is not needed left
 * out.  Facts of a row that refuse are asked for once more: VERDICT -> SESSION.
 * Who waited for a place looks again at what is known: LOOKUP -> SESSION, in
 * gate_resume().
 */
static enum gate_step
run(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	enum gate_stage next;

	while ((next = pass(gate, task, now)) != GATE_STAGE_DONE) {
		if (next == GATE_STAGE_EXCHANGE)
			return GATE_EXCHANGE;
		if (next == GATE_STAGE_WAIT)
			return GATE_WAIT;
		task->stage = next;
	}
	task->last_stage = task->stage;
	task->stage = GATE_STAGE_DONE;
	return GATE_DONE;
}

enum gate_step
gate_start(struct gate *gate, const struct policy *policy,
    struct credential *credential, const struct gate_asker *asker,
    const struct moment *now, struct gate_task **task_out)
{
	struct gate_task *task = gate_task_new(gate->settings, now);
	struct decision *decision;

	*task_out = task;
	if (task == NULL) {
		credential_clear(credential);
		return GATE_DONE;
	}
	task->credential = *credential;
	explicit_bzero(credential, sizeof(*credential));
	status_session_key(&task->credential, task->session_key);
	task->manner = asker->manner;
	if (asker->deadline != 0 && asker->deadline < task->deadline)
		task->deadline = asker->deadline;
	if (asker->is_program)
		shares_who_program(&task->who, asker->uid, asker->address);
	else
		shares_who_client(&task->who, asker->address);
	decision = &task->decision;
	decision->policy = policy;
	decision->kind = task->credential.kind;
	memcpy(decision->credential_hash, task->credential.hash,
	    sizeof(decision->credential_hash));
	return run(gate, task, now);
}

enum gate_step
gate_resume(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	gate_row_wait(task);
	/* its turn may have come, or another one was told */
	if (task->stage == GATE_STAGE_LOOKUP && !task->lookup.has_place)
		task->stage = GATE_STAGE_SESSION;
	return run(gate, task, now);
}

enum gate_step
gate_go_on(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	if (task->stage != GATE_STAGE_DONE ||
	    gate_lookup_ahead(gate, task, now) != GATE_STAGE_EXCHANGE)
		return GATE_DONE;
	task->stage = GATE_STAGE_LOOKUP;
	return GATE_EXCHANGE;
}

void
gate_task_free(struct gate_task *task)
{
	if (task == NULL)
		return;
	gate_lookup_release(task);
	jwt_clear(&task->token.jwt);
	credential_clear(&task->credential);
	facts_clear(&task->facts);
	facts_clear(&task->lookup.told);
	status_session_clear(&task->row.session);
	free(task->verdict.remote_user);
	exchange_free(task->exchange);
	metadata_clear(&task->keys.metadata);
	explicit_bzero(task, sizeof(*task));
	free(task);
}

int
gate_refresh_is_asked(struct gate *gate, const struct moment *now)
{
	/* what cannot be read is told where it is decided by */
	if (trust_check(gate->trust, now, NULL) == -1 ||
	    trust_keys_due(gate->trust) == gate->keys_asked)
		return 0;
	gate->keys_asked = trust_keys_due(gate->trust);
	keys_ask(gate->keys, gate->keys_asked);
	return 1;
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
	task->stage = GATE_STAGE_KEYS;
	task->deadline = now->boottime + keys_refresh_msecs(gate->settings);
	(void)gate_refresh_is_asked(gate, now);
	switch (keys_refresh(gate->keys, now, &until, NULL)) {
	case KEYS_FETCH:
		*next_out = now->boottime +
		    (int64_t)gate->settings->keys_cooldown * 1000;
		if (gate_fetch_begin(gate, task, now) == 0)
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
	case KEYS_UNUSABLE:
	case KEYS_FAULT:
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

int
gate_refuse(struct decision *decision, enum reason reason)
{
	decision->reason = reason;
	decision->verdict = reason_verdict(reason);
	decision->retry_after = decision->verdict == VERDICT_UNDECIDED;
	return -1;
}
