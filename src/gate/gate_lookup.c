/* Authgear's resolver is asked whether a session is live. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "facts/resolver.h"
#include "gate/gate_private.h"

/* How often a waiting task looks whether its lookup may begin. */
#define WAIT_MS 50

/* An exchange cut short by our own deadline, or a wait for another's, says
 * nothing of Authgear before this; and with less than MIN_CHANCE_MS left
 * nothing is asked. */
#define FAIR_CHANCE_MS 500
#define MIN_CHANCE_MS 100

/* "Not told" may be a fault of Authgear's database, and a 500 its lock. */
#define ABSENT_TRIES 2
#define ERROR_TRIES 2
#define RETRY_FIRST_MS 50
#define RETRY_JITTER_MS 200

/* It waits no longer. */
static void
leave(struct gate_task *task)
{
	if (task->lookups != NULL)
		lookups_leave(task->lookups, task->client_address,
		    &task->turn);
}

void
gate_lookup_release(struct gate_task *task, const struct moment *now)
{
	struct moment moment = { .wall = 0 };

	leave(task);
	if (!task->has_place)
		return;
	if (now == NULL)
		now = &moment;
	lookups_end(task->lookups, task->session_key, LOOKUPS_ENDED,
	    REASON_GRANTED, now);
	task->has_place = 0;
}

static struct lookups_wish
wish_of(const struct gate_task *task)
{
	const struct lookups_wish wish = {
		.key = task->session_key,
		.is_known = task->is_known,
		.client_address = task->client_address,
		.since = task->started,
	};

	return wish;
}

static enum gate_step
wait_until(struct gate_task *task, int64_t at)
{
	task->resume_at = at < task->deadline ? at : task->deadline;
	task->phase = GATE_PHASE_SESSION;
	return GATE_WAIT;
}

static enum gate_step
ask(struct gate_task *task, const struct moment *now)
{
	const struct settings *settings = task->settings;

	exchange_free(task->exchange);
	task->exchange = resolver_ask(settings->resolver_url,
	    settings->endpoint, settings->cookie_prefix, &task->credential);
	if (task->exchange == NULL) {
		gate_lookup_release(task, now);
		return gate_task_end(task, REASON_OUT_OF_MEMORY, now);
	}
	task->exchange_started = now->boottime;
	task->phase = GATE_PHASE_LOOKUP;
	return GATE_EXCHANGE;
}

static enum gate_step
wait_turn(struct gate_task *task, int is_follower, const struct moment *now)
{
	if (is_follower && !task->is_follower)
		task->follower_since = now->boottime;
	task->is_follower = is_follower;
	return wait_until(task, now->boottime + WAIT_MS);
}

/* The time is over while it waited: for its turn, or for another's lookup,
 * which then was too slow for this one too. */
static enum gate_step
too_late(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	const struct lookups_wish wish = wish_of(task);
	const int is_slow = task->is_follower &&
	    now->boottime - task->follower_since >= FAIR_CHANCE_MS;
	enum reason reason = is_slow ? REASON_RESOLVER_UNREACHABLE :
	    REASON_BUSY;

	if (lookups_recall(gate->lookups, &wish, now, &reason) ==
	    LOOKUPS_NOT_LIVE)
		return gate_session_refuse(gate, task, REASON_NOT_LIVE, now);
	error_set(&task->decision.detail, is_slow ?
	    "another lookup of this credential took too long" :
	    "no place among the lookups (max_lookups) became free in time");
	return gate_session_do_without(gate, task, reason, now);
}

/* What the administrator said of the credential itself needs no lookup. */
static int
is_revoked(struct gate *gate, struct gate_task *task,
    const struct moment *now, enum gate_step *step_out)
{
	enum reason reason = REASON_REVOKED;

	switch (gate_token_revoked(gate, task, now, &reason)) {
	case 0:
		return 0;
	case 1:
		/* a login of later may be told by the resolver alone */
		if (reason == REASON_SIGNED_OUT)
			return 0;
		*step_out = gate_session_refuse(gate, task, reason, now);
		return 1;
	default:
		*step_out = gate_task_end(task, REASON_STATE_UNREADABLE, now);
		return 1;
	}
}

/* Is the resolver left alone after failures?  1 and the end. */
static int
is_backing_off(struct gate *gate, struct gate_task *task,
    const struct moment *now, enum gate_step *step_out)
{
	const struct lookups_wish wish = wish_of(task);
	enum reason reason;
	int64_t until;
	int failures;

	/* what cannot be read keeps nobody from asking */
	(void)status_backoff_load(gate->status, now, &until, &failures, NULL);
	if (until <= now->boottime) {
		failures = 0;
		until = task->manner == GATE_LOGIN ? logins_alone_until(
		    gate->shared->logins, now) : 0;
	}
	if (until <= now->boottime)
		return 0;
	/* what was answered a moment ago is no outage */
	if (lookups_recall(gate->lookups, &wish, now, &reason) ==
	    LOOKUPS_NOT_LIVE) {
		*step_out = gate_session_refuse(gate, task, REASON_NOT_LIVE,
		    now);
		return 1;
	}
	task->ask_again = until;
	if (failures > 0)
		error_set(&task->decision.detail, "Authgear's resolver failed "
		    "%d times in a row, it is asked again soon", failures);
	else
		error_set(&task->decision.detail, "another login waited for "
		    "Authgear in vain just now, it is asked again soon");
	*step_out = gate_session_do_without(gate, task,
	    REASON_RESOLVER_UNREACHABLE, now);
	return 1;
}

enum gate_step
gate_lookup(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	struct error *detail = &task->decision.detail;
	struct lookups_wish wish;
	enum reason reason = REASON_BUSY;
	enum gate_step step;
	int64_t until = 0;

	if (is_revoked(gate, task, now, &step))
		return step;
	if (task->manner == GATE_MAY_NOT_ASK)
		return gate_task_end(task, REASON_NOT_ASKED, now);
	if (task->is_late || (!task->is_follower &&
	    task->deadline - now->boottime < MIN_CHANCE_MS))
		return too_late(gate, task, now);
	if (is_backing_off(gate, task, now, &step))
		return step;
	wish = wish_of(task);
	task->lookups = gate->lookups;
	switch (lookups_begin(gate->lookups, &wish, &task->turn, now, &until,
	    &reason)) {
	case LOOKUPS_GO:
		task->has_place = 1;
		task->lookup_started = *now;
		return ask(task, now);
	case LOOKUPS_QUEUED:
		return wait_turn(task, 0, now);
	case LOOKUPS_WAIT:
		return wait_turn(task, 1, now);
	case LOOKUPS_NOT_LIVE:
		return gate_session_refuse(gate, task, REASON_NOT_LIVE, now);
	case LOOKUPS_FAILED:
		error_set(detail,
		    "another lookup of this credential failed just now");
		break;
	case LOOKUPS_REFUSED:
	default:
		task->ask_again = until;
		error_set(detail, "too many credentials that were never seen "
		    "before (lookup_rate), or too many of them wait");
		break;
	}
	return gate_session_do_without(gate, task, reason, now);
}

enum gate_step
gate_lookup_again(struct gate_task *task, const struct moment *now)
{
	if (now->boottime < task->resume_at)
		return wait_until(task, task->resume_at);
	task->lookup_started = *now;
	return ask(task, now);
}

/* A row is written for what is live; random tokens cost none. */
static void
keep(struct gate *gate, struct gate_task *task, struct facts *told,
    const struct moment *now)
{
	struct status_session session;

	status_session_init(&session);
	session.is_live = 1;
	session.facts = *told;	/* borrowed */
	memcpy(session.verified_by, task->verified_by,
	    sizeof(session.verified_by));
	session.started = task->lookup_started;
	status_session_store(gate->status, task->session_key, &session, now);
}

static void
end_lookup(struct gate *gate, struct gate_task *task,
    enum lookups_result result, enum reason reason, const struct moment *now)
{
	recent_forget(gate->shared->recent, &task->credential);
	lookups_end(gate->lookups, task->session_key, result, reason, now);
	task->has_place = 0;
	exchange_free(task->exchange);
	task->exchange = NULL;
}

/* No back-off any more. */
static void
answered(struct gate *gate, const struct moment *now)
{
	(void)status_backoff_over(gate->status, now, NULL);
	logins_answered(gate->shared->logins);
}

static enum gate_step
take_live(struct gate *gate, struct gate_task *task, struct facts *told,
    const struct moment *now)
{
	struct error *detail = &task->decision.detail;
	int is_other = task->credential.kind == CREDENTIAL_JWT &&
	    (task->facts.user_id == NULL ||
	    strcmp(task->facts.user_id, told->user_id) != 0);

	/* of another user no row may serve */
	if (is_other) {
		status_session_doubt(gate->status, task->session_key,
		    &task->row, now);
		logins_forget(gate->shared->logins, task->session_key);
	} else
		keep(gate, task, told, now);
	answered(gate, now);
	end_lookup(gate, task, LOOKUPS_ENDED, REASON_GRANTED, now);
	task->is_fresh = 1;
	task->session_age = now->boottime - task->lookup_started.boottime;
	if (is_other)
		error_set(detail, "the resolver says user %s", told->user_id);
	if (task->is_background)
		return gate_task_end(task, REASON_NOT_LIVE, now);
	return gate_session_apply(gate, task, told, now);
}

/* Whoever wrote the row, and whenever its lookup began. */
static enum gate_step
take_not_live(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	status_session_end(gate->status, task->session_key, &task->row, now);
	logins_forget(gate->shared->logins, task->session_key);
	answered(gate, now);
	end_lookup(gate, task, LOOKUPS_ENDED_NOT_LIVE, REASON_NOT_LIVE, now);
	return gate_session_refuse(gate, task, REASON_NOT_LIVE, now);
}

/* Does it say something of Authgear that this exchange has failed? */
static int
had_chance(const struct gate_task *task, const struct moment *now)
{
	return task->error_count > 0 || now->boottime < task->deadline ||
	    task->deadline - task->exchange_started >= FAIR_CHANCE_MS;
}

static enum gate_step
take_failure(struct gate *gate, struct gate_task *task, enum reason reason,
    const struct moment *now)
{
	const unsigned char jitter = (unsigned char)(task->session_key[0] * 31 +
	    task->session_key[1] + now->boottime);

	/* Authgear said something that a stale answer must not cover */
	if (task->absent_count > 0) {
		reason = REASON_RESOLVER_FAULT;
	} else if (reason == REASON_RESOLVER_UNREACHABLE &&
	    !had_chance(task, now)) {
		reason = REASON_BUSY;
		error_set(&task->decision.detail, "its lookup began too late "
		    "for an answer (max_lookups)");
	}
	if (reason == REASON_RESOLVER_UNREACHABLE) {
		(void)status_backoff_failed(gate->status, now, jitter, NULL);
		if (task->manner == GATE_LOGIN)
			logins_waited(gate->shared->logins,
			    task->exchange_started, now);
	}
	/* for want of time of its own it tells those who wait nothing */
	end_lookup(gate, task, reason == REASON_BUSY ? LOOKUPS_ENDED :
	    LOOKUPS_ENDED_FAILED, reason, now);
	if (task->is_background)
		return gate_task_end(task, reason, now);
	/* another process may have been luckier */
	(void)gate_session_load(gate, task, NULL);
	return gate_session_do_without(gate, task, reason, now);
}

/* When an exchange is tried again: Authgear's fault should be over. */
static int64_t
retry_at(const struct gate_task *task, const struct moment *now)
{
	const int64_t jitter = ((unsigned char)task->session_key[2] * 37 +
	    now->boottime) % RETRY_JITTER_MS;

	return now->boottime + RETRY_FIRST_MS + jitter;
}

/* -1: there is no time for it. */
static int
try_again(struct gate_task *task, const struct moment *now)
{
	const int64_t at = retry_at(task, now);

	if (at + MIN_CHANCE_MS > task->deadline)
		return -1;
	error_clear(&task->decision.detail);
	exchange_free(task->exchange);
	task->exchange = NULL;
	(void)wait_until(task, at);
	return 0;
}

static enum gate_step
take_absent(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const int is_good = task->was_live ||
	    (task->credential.kind == CREDENTIAL_JWT && task->is_verified);

	if (!is_good || ++task->absent_count >= ABSENT_TRIES)
		return take_not_live(gate, task, now);
	/* whoever asks meanwhile gets no stale answer either */
	status_session_doubt(gate->status, task->session_key, &task->row, now);
	logins_forget(gate->shared->logins, task->session_key);
	recent_forget(gate->shared->recent, &task->credential);
	if (try_again(task, now) == 0)
		return GATE_WAIT;
	return take_failure(gate, task, REASON_RESOLVER_FAULT, now);
}

static enum gate_step
take_error(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	if (task->exchange->status == 500 &&
	    ++task->error_count < ERROR_TRIES && try_again(task, now) == 0)
		return GATE_WAIT;
	return take_failure(gate, task, REASON_RESOLVER_UNREACHABLE, now);
}

enum gate_step
gate_lookup_answer(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	enum gate_step step;
	struct facts told;

	facts_init(&told);
	switch (resolver_read(task->exchange, &told, &task->decision.detail)) {
	case RESOLVER_LIVE:
		step = take_live(gate, task, &told, now);
		break;
	case RESOLVER_NOT_LIVE:
		step = take_not_live(gate, task, now);
		break;
	case RESOLVER_ABSENT:
		step = take_absent(gate, task, now);
		break;
	case RESOLVER_SERVER_ERROR:
		step = take_error(gate, task, now);
		break;
	case RESOLVER_UNREACHABLE:
		step = take_failure(gate, task, REASON_RESOLVER_UNREACHABLE,
		    now);
		break;
	case RESOLVER_FAULT:
	default:
		step = take_failure(gate, task, REASON_RESOLVER_FAULT, now);
		break;
	}
	facts_clear(&told);
	return step;
}

enum gate_step
gate_lookup_give_up(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	/* it may have come at the last moment; take_*() ask no more now */
	if (task->phase == GATE_PHASE_LOOKUP)
		return gate_lookup_answer(gate, task, now);
	if (task->has_place)
		return take_failure(gate, task, REASON_RESOLVER_UNREACHABLE,
		    now);
	task->is_late = 1;
	return gate_session_judge(gate, task, now);
}

enum gate_step
gate_go_on(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	struct lookups_wish wish;
	enum reason reason;
	int64_t until;
	int failures;

	if (task->phase != GATE_PHASE_DONE || task->is_fresh ||
	    task->is_stale || task->manner == GATE_MAY_NOT_ASK ||
	    task->decision.verdict != VERDICT_GRANTED ||
	    task->session_age * 4 <
	    (int64_t)task->settings->session_ttl * 3000)
		return GATE_DONE;
	wish = wish_of(task);
	wish.since = now->boottime;
	task->lookups = gate->lookups;
	if (status_backoff_load(gate->status, now, &until, &failures, NULL) ==
	    -1 || until > now->boottime || lookups_begin(gate->lookups, &wish,
	    &task->turn, now, &until, &reason) != LOOKUPS_GO)
		return GATE_DONE;
	task->has_place = 1;
	task->is_background = 1;
	task->lookup_started = *now;
	task->deadline = now->boottime +
	    (int64_t)task->settings->total_timeout * 1000;
	return ask(task, now);
}
