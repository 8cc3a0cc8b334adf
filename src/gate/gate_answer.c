/* What Authgear's resolver answered of a session. */
#include "config.h"

#include "gate/gate_answer.h"

#include <string.h>

#include "facts/resolver.h"
#include "gate/gate_outage.h"
#include "gate/gate_row.h"
#include "gate/gate_task.h"

/* "Absent" may be a fault of Authgear's database, and a 500 its lock. */
#define ABSENT_APART_MS 100
#define ERROR_TRIES 2
#define ABSENT_JITTER_MS 100
#define ERROR_FIRST_MS 50
#define ERROR_JITTER_MS 200

/* A timer may fire a little before the deadline. */
#define CUT_MS 20

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

/* It is live, but another's: no row of it serves, in an outage neither. */
static void
drop(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	status_sessions_drop(gate->status, task->session_key,
	    &task->row.session, now);
	logins_forget(gate->shared->logins, task->session_key);
	error_set(&task->decision.detail, "the resolver says user %s",
	    task->lookup.told.user_id);
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
	gate_outage_over(gate, now);
	end_lookup(gate, task, LOOKUPS_ENDED_LIVE, REASON_GRANTED, now);
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
	/* random tokens cost no row */
	if (task->keys.verified_by[0] != '\0')
		status_sessions_rule_out(gate->status, task->session_key, now);
	else
		status_sessions_end(gate->status, task->session_key,
		    &task->row.session, now);
	logins_forget(gate->shared->logins, task->session_key);
	gate_outage_over(gate, now);
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

/*
 * Does it answer this one credential alone?  Authgear of one session; or
 * something in front of it that dislikes the text (4xx, but for 429), which
 * anybody can send: of what the resolver never said to be live it must keep
 * nobody else waiting.
 */
static int
is_of_one(const struct gate_task *task)
{
	const struct exchange *exchange = task->exchange;

	if (exchange == NULL || exchange->outcome != EXCHANGE_ANSWERED)
		return 0;
	return resolver_is_authgear(exchange) || (exchange->status >= 400 &&
	    exchange->status <= 499 && exchange->status != 429 &&
	    task->row.seen != GATE_ROW_LIVE);
}

/* May it be the doing of whoever is answered, who held this process up? */
static int
may_be_held_up(const struct gate *gate, const struct gate_task *task)
{
	return gate->shared->is_held_up && (task->exchange == NULL ||
	    task->exchange->outcome != EXCHANGE_ANSWERED);
}

/* What that is to others with this credential; *reason may become another. */
static enum lookups_result
weigh(const struct gate *gate, struct gate_task *task, enum reason *reason,
    const struct moment *now)
{
	const int is_unreachable = *reason == REASON_RESOLVER_UNREACHABLE;

	/* asked again it was too slow, but it did say something */
	if (is_unreachable && task->lookup.absent_count > 0 &&
	    now->boottime + CUT_MS >= task->deadline)
		*reason = REASON_SESSION_UNSETTLED;
	if (*reason == REASON_SESSION_UNSETTLED)
		return LOOKUPS_ENDED_UNSURE;
	if (is_unreachable && !had_chance(task, now)) {
		*reason = REASON_BUSY;
		error_set(&task->decision.detail, "its lookup began too late "
		    "for an answer (max_lookups)");
		/* for want of time of its own: it tells others nothing */
		return LOOKUPS_ENDED;
	}
	if (may_be_held_up(gate, task))
		return LOOKUPS_ENDED;
	if (*reason != REASON_RESOLVER_FAULT || !is_of_one(task))
		return LOOKUPS_ENDED_FAILED;
	return resolver_is_authgear(task->exchange) ? LOOKUPS_ENDED_UNSURE :
	    LOOKUPS_ENDED_REJECTED;
}

enum gate_stage
gate_answer_fail(struct gate *gate, struct gate_task *task,
    enum reason reason, const struct moment *now)
{
	const enum lookups_result result = weigh(gate, task, &reason, now);

	if (result == LOOKUPS_ENDED_FAILED)
		gate_outage_begin(gate, task, reason, now);
	end_lookup(gate, task, result, reason, now);
	if (task->lookup.is_ahead)
		return gate_task_end(task, reason, now);
	/* another process may have been luckier */
	(void)gate_row_load(gate, task);
	return gate_outage_judge(gate, task, reason,
	    result == LOOKUPS_ENDED_FAILED, now);
}

static int64_t
jitter(const struct gate_task *task, int64_t range, const struct moment *now)
{
	return ((unsigned char)task->session_key[2] * 37 + now->boottime) %
	    range;
}

/* 1: the exchange is tried again; 0: there is no time for as long an answer as
 * the last one, or too much is asked in vain already. */
static int
try_again(struct gate *gate, struct gate_task *task, int64_t wait,
    const struct moment *now)
{
	const int64_t at = now->boottime + wait;
	int64_t chance = now->boottime - task->lookup.started.boottime;

	if (chance < GATE_CHANCE_MSECS)
		chance = GATE_CHANCE_MSECS;
	if (at + chance > task->deadline || !lookups_again(
	    gate->shared->lookups, task->session_key, now))
		return 0;
	error_clear(&task->decision.detail);
	gate_task_drop_exchange(task);
	(void)gate_task_wait(task, at);
	return 1;
}

/* May an answer of then and the one of now be taken together? */
static int
is_apart(const struct gate_task *task, int64_t then, const struct moment *now)
{
	return then >= 0 && now->boottime - then >= ABSENT_APART_MS &&
	    task->lookup.started.boottime - then <=
	    lookups_twice_msecs(task->settings);
}

/* Was "absent" said before, to whomever here or in another process, and
 * nothing else since? */
static int
is_second(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	const struct status_session *row = &task->row.session;
	int64_t first = lookups_absent_at(gate->shared->lookups,
	    task->session_key, task->lookup.started.boottime);

	if (gate_row_load(gate, task) != 1 || !row->is_live ||
	    moment_age(&row->started, now) == -1)
		return is_apart(task, first, now);
	if (row->started.boottime > first)
		first = -1;
	return is_apart(task, first, now) || (row->doubted_at != 0 &&
	    is_apart(task, row->doubted_at, now));
}

/* The first of two: no row and no login may serve until it is known, but the
 * row in an outage, unless there was a doubt before, too long ago to count.  A
 * first one that still counts keeps its time. */
static void
doubt(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	const struct status_session *row = &task->row.session;
	const int64_t first = row->doubted_at;

	lookups_absent(gate->shared->lookups, task->session_key, now);
	if (!row->is_live || first == 0 || first > now->boottime ||
	    now->boottime - first > lookups_twice_msecs(task->settings))
		status_sessions_doubt(gate->status, task->session_key, row,
		    now);
	logins_forget(gate->shared->logins, task->session_key);
	recent_forget(gate->shared->recent, &task->credential);
}

/* May it be a session?  Others may have been told so while this was asked; and
 * what cannot be read now may be known. */
static int
is_good(struct gate *gate, struct gate_task *task)
{
	const struct status_session *row = &task->row.session;

	if (task->row.seen == GATE_ROW_LIVE ||
	    task->keys.verified_by[0] != '\0')
		return 1;
	switch (gate_row_load(gate, task)) {
	case 0:
		return 0;
	case 1:
		return row->is_live || row->doubted_at != 0;
	default:
		return 1;
	}
}

/* Of what nobody here ever was told to be live: a random token, most likely.
 * Who was told so meanwhile asks again. */
static enum gate_stage
take_unknown(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	doubt(gate, task, now);
	gate_outage_over(gate, now);
	end_lookup(gate, task, LOOKUPS_ENDED_ABSENT, REASON_NOT_LIVE, now);
	return gate_task_refuse(task, REASON_NOT_LIVE);
}

static enum gate_stage
take_absent(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	task->lookup.absent_count++;
	if (!is_good(gate, task))
		return take_unknown(gate, task, now);
	if (is_second(gate, task, now))
		return take_not_live(gate, task, now);
	doubt(gate, task, now);
	return try_again(gate, task, ABSENT_APART_MS + jitter(task,
	    ABSENT_JITTER_MS, now), now) ? GATE_STAGE_WAIT :
	    gate_answer_fail(gate, task, REASON_SESSION_UNSETTLED, now);
}

static enum gate_stage
take_error(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	if (task->exchange->status == 500 &&
	    ++task->lookup.error_count < ERROR_TRIES &&
	    try_again(gate, task, ERROR_FIRST_MS + jitter(task, ERROR_JITTER_MS,
	    now), now))
		return GATE_STAGE_WAIT;
	return gate_answer_fail(gate, task, REASON_RESOLVER_UNREACHABLE, now);
}

/* It failed here, which says nothing of Authgear nor of the session: no
 * failure for anybody else to share, and no outage in which old answers
 * serve. */
static enum gate_stage
take_local_fault(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const int no_memory = task->exchange->no_memory;
	const enum reason reason = no_memory ? REASON_OUT_OF_MEMORY :
	    REASON_LOCAL_FAULT;

	end_lookup(gate, task, no_memory ? LOOKUPS_ENDED :
	    LOOKUPS_ENDED_UNASKED, reason, now);
	return gate_task_end(task, reason, now);
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
	case RESOLVER_LOCAL_FAULT:
		return take_local_fault(gate, task, now);
	case RESOLVER_FAULT:
	default:
		return gate_answer_fail(gate, task, REASON_RESOLVER_FAULT,
		    now);
	}
}
