/* What Authgear's resolver answered of a session. */
#include "config.h"

#include "gate/gate_answer.h"

#include <string.h>

#include "facts/resolver.h"
#include "gate/gate_outage.h"
#include "gate/gate_row.h"
#include "gate/gate_task.h"

/* "Absent" may be a fault of Authgear's database, and a 500 its lock. */
#define ABSENT_TRIES 2
#define ERROR_TRIES 2
#define RETRY_FIRST_MS 50
#define RETRY_JITTER_MS 200

/* A row is written for what is live; random tokens cost none. */
static void
keep(struct gate *gate, const struct gate_task *task, const struct moment *now)
{
	struct status_session session;

	status_session_init(&session);
	session.is_live = 1;
	session.facts = task->lookup.told;	/* borrowed */
	memcpy(session.verified_by, task->keys.verified_by,
	    sizeof(session.verified_by));
	session.started = task->lookup.started;
	status_sessions_store(gate->status, task->session_key, &session, now);
}

/* No row and no login may serve until it is answered otherwise. */
static void
doubt(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	status_sessions_doubt(gate->status, task->session_key,
	    &task->row.session, now);
	logins_forget(gate->shared->logins, task->session_key);
}

/* It is live, but another's: no row of it serves. */
static void
drop(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	status_sessions_drop(gate->status, task->session_key,
	    &task->row.session, now);
	logins_forget(gate->shared->logins, task->session_key);
}

static void
end_lookup(struct gate *gate, struct gate_task *task,
    enum lookups_result result, enum reason reason, const struct moment *now)
{
	recent_forget(gate->shared->recent, &task->credential);
	lookups_end(gate->shared->lookups, task->session_key, result, reason,
	    now);
	task->lookup.has_place = 0;
	gate_task_drop_exchange(task);
}

/* No back-off any more. */
static void
end_outage(struct gate *gate, const struct moment *now)
{
	(void)status_backoff_over(gate->status, now, NULL);
	logins_answered(gate->shared->logins);
}

static enum gate_stage
take_live(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	const struct gate_lookup *lookup = &task->lookup;
	const char *user_id = task->facts.user_id;
	const int is_other = task->credential.kind == CREDENTIAL_JWT &&
	    (user_id == NULL || strcmp(user_id, lookup->told.user_id) != 0);

	/* before the end, which says that nothing read until now counts */
	if (is_other)
		drop(gate, task, now);
	else
		keep(gate, task, now);
	end_outage(gate, now);
	end_lookup(gate, task, LOOKUPS_ENDED, REASON_GRANTED, now);
	if (is_other)
		error_set(&task->decision.detail, "the resolver says user %s",
		    lookup->told.user_id);
	/* a decision that nobody reads grants nothing */
	if (lookup->is_ahead)
		return gate_task_end(task, REASON_NOT_LIVE, now);
	return gate_task_judge(task, GATE_BASIS_LOOKUP,
	    now->boottime - lookup->started.boottime);
}

/* Whoever wrote the row, and whenever its lookup began. */
static enum gate_stage
take_not_live(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	status_sessions_end(gate->status, task->session_key,
	    &task->row.session, now);
	logins_forget(gate->shared->logins, task->session_key);
	end_outage(gate, now);
	end_lookup(gate, task, LOOKUPS_ENDED_NOT_LIVE, REASON_NOT_LIVE, now);
	return gate_task_refuse(task, REASON_NOT_LIVE);
}

/* Does it say something of Authgear that this exchange has failed? */
static int
had_chance(const struct gate_task *task, const struct moment *now)
{
	return task->lookup.error_count > 0 || !gate_task_is_late(task, now) ||
	    task->deadline - task->lookup.started.boottime >=
	    GATE_FAIR_CHANCE_MSECS;
}

static void
begin_outage(struct gate *gate, const struct gate_task *task,
    const struct moment *now)
{
	const char *key = task->session_key;
	const struct status_failure failure = {
		.jitter = (unsigned char)(key[0] * 31 + key[1] +
		    now->boottime),
	};
	struct status_backoff after;

	(void)status_backoff_failed(gate->status, now, &failure, &after,
	    NULL);
	if (task->manner == GATE_LOGIN)
		logins_waited(gate->shared->logins,
		    task->lookup.started.boottime, now);
}

enum gate_stage
gate_answer_fail(struct gate *gate, struct gate_task *task,
    enum reason reason, const struct moment *now)
{
	/* Authgear said something that a stale answer must not cover */
	if (task->lookup.absent_count > 0) {
		reason = REASON_RESOLVER_FAULT;
	} else if (reason == REASON_RESOLVER_UNREACHABLE &&
	    !had_chance(task, now)) {
		reason = REASON_BUSY;
		error_set(&task->decision.detail, "its lookup began too late "
		    "for an answer (max_lookups)");
	}
	if (reason == REASON_RESOLVER_UNREACHABLE)
		begin_outage(gate, task, now);
	/* for want of time of its own it tells those who wait nothing */
	end_lookup(gate, task, reason == REASON_BUSY ? LOOKUPS_ENDED :
	    LOOKUPS_ENDED_FAILED, reason, now);
	if (task->lookup.is_ahead)
		return gate_task_end(task, reason, now);
	/* another process may have been luckier */
	(void)gate_row_load(gate, task);
	return gate_outage_judge(gate, task, reason, now);
}

/* When an exchange is tried again: Authgear's fault should be over. */
static int64_t
retry_at(const struct gate_task *task, const struct moment *now)
{
	const int64_t jitter = ((unsigned char)task->session_key[2] * 37 +
	    now->boottime) % RETRY_JITTER_MS;

	return now->boottime + RETRY_FIRST_MS + jitter;
}

/* 1: the exchange is tried again; 0: there is no time for it. */
static int
try_again(struct gate_task *task, const struct moment *now)
{
	const int64_t at = retry_at(task, now);

	if (at + GATE_CHANCE_MSECS > task->deadline)
		return 0;
	error_clear(&task->decision.detail);
	gate_task_drop_exchange(task);
	(void)gate_task_wait(task, at);
	return 1;
}

static enum gate_stage
take_absent(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const int is_good = task->row.seen == GATE_ROW_LIVE ||
	    task->keys.verified_by[0] != '\0';

	if (!is_good || ++task->lookup.absent_count >= ABSENT_TRIES)
		return take_not_live(gate, task, now);
	/* whoever asks meanwhile gets no stale answer either */
	doubt(gate, task, now);
	recent_forget(gate->shared->recent, &task->credential);
	return try_again(task, now) ? GATE_STAGE_WAIT :
	    gate_answer_fail(gate, task, REASON_RESOLVER_FAULT, now);
}

static enum gate_stage
take_error(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	if (task->exchange->status == 500 &&
	    ++task->lookup.error_count < ERROR_TRIES &&
	    try_again(task, now))
		return GATE_STAGE_WAIT;
	return gate_answer_fail(gate, task, REASON_RESOLVER_UNREACHABLE, now);
}

enum gate_stage
gate_answer_read(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	struct facts *told = &task->lookup.told;

	facts_clear(told);
	switch (resolver_read(task->exchange, told, &task->decision.detail)) {
	case RESOLVER_LIVE:
		return take_live(gate, task, now);
	case RESOLVER_NOT_LIVE:
		return take_not_live(gate, task, now);
	case RESOLVER_ABSENT:
		return take_absent(gate, task, now);
	case RESOLVER_SERVER_ERROR:
		return take_error(gate, task, now);
	case RESOLVER_UNREACHABLE:
		return gate_answer_fail(gate, task,
		    REASON_RESOLVER_UNREACHABLE, now);
	case RESOLVER_FAULT:
	default:
		return gate_answer_fail(gate, task, REASON_RESOLVER_FAULT,
		    now);
	}
}
