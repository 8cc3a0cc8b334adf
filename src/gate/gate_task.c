/* Tasks: their beginning, what all stages do to them, their end. */
#include "config.h"

#include "gate/gate_task.h"

#include <stdlib.h>

struct gate_task *
gate_task_new(const struct settings *settings, const struct moment *now)
{
	struct gate_task *task = calloc(1, sizeof(*task));

	if (task == NULL)
		return NULL;
	task->settings = settings;
	task->decision.age = -1;
	facts_init(&task->facts);
	facts_init(&task->lookup.told);
	status_session_init(&task->row.session);
	task->token.authenticated_at = FACTS_NO_TIME;
	task->lookup.follows_since = -1;
	task->begun = now->boottime;
	task->deadline = now->boottime +
	    (int64_t)settings->total_timeout * 1000;
	task->resume_at = now->boottime;
	task->ask_again = now->boottime;
	task->verdict.refusal = REASON_GRANTED;
	task->keys.fault = REASON_GRANTED;
	return task;
}

int
gate_task_is_late(const struct gate_task *task, const struct moment *now)
{
	return now->boottime >= task->deadline;
}

void
gate_task_drop_exchange(struct gate_task *task)
{
	exchange_free(task->exchange);
	task->exchange = NULL;
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

enum gate_stage
gate_task_end(struct gate_task *task, enum reason reason,
    const struct moment *now)
{
	struct decision *decision = &task->decision;

	decision->reason = reason;
	decision->verdict = reason_verdict(reason);
	if (decision->verdict == VERDICT_UNDECIDED)
		decision->retry_after = retry_after(task, now);
	return GATE_STAGE_DONE;
}

enum gate_stage
gate_task_end_without_state(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	return gate_task_end(task, status_is_busy(gate->status) ?
	    REASON_STATE_BUSY : REASON_STATE_UNREADABLE, now);
}

enum gate_stage
gate_task_wait(struct gate_task *task, int64_t at)
{
	task->resume_at = at < task->deadline ? at : task->deadline;
	return GATE_STAGE_WAIT;
}

enum gate_stage
gate_task_refuse(struct gate_task *task, enum reason reason)
{
	task->verdict.refusal = reason;
	return GATE_STAGE_VERDICT;
}

enum gate_stage
gate_task_judge(struct gate_task *task, enum gate_basis basis, int64_t age)
{
	task->verdict.basis = basis;
	task->verdict.age = age;
	return GATE_STAGE_VERDICT;
}

int
gate_task_asks_anew(const struct gate_task *task)
{
	return task->verdict.basis == GATE_BASIS_ROW;
}

int
gate_task_is_revoked(struct gate *gate, struct gate_task *task,
    const struct moment *now, enum reason *reason)
{
	enum reason revoked;
	const int hit = trust_revoked(gate->trust, &task->facts,
	    task->credential.hash, now, &revoked, &task->decision.detail);

	if (hit == 1)
		*reason = revoked;
	return hit;
}
