/* Authgear's resolver is asked whether a session is live. */
#include "config.h"

#include "gate/gate_lookup.h"

#include <stdio.h>

#include "facts/resolver.h"
#include "gate/gate_answer.h"
#include "gate/gate_outage.h"
#include "gate/gate_task.h"
#include "gate/shares_words.h"
#include "state/database_holder.h"

/* How often a waiting task looks whether its lookup may begin; and one whose
 * turn is next, for whom a place would stay empty as long. */
#define WAIT_MS 50
#define NEAR_MS 10

void
gate_lookup_release(struct gate_task *task)
{
	struct gate_lookup *lookup = &task->lookup;
	const struct moment unknown = { .wall = 0 };

	if (lookup->lookups == NULL)
		return;
	lookups_leave(lookup->lookups, &lookup->turn);
	if (lookup->has_place)
		lookups_end(lookup->lookups, task->session_key, LOOKUPS_ENDED,
		    REASON_GRANTED, &unknown);
	lookup->has_place = 0;
}

static struct lookups_wish
wish_of(const struct gate_task *task)
{
	const struct lookups_wish wish = {
		.key = task->session_key,
		.is_known = task->keys.verified_by[0] != '\0' ||
		    task->row.seen != GATE_ROW_UNSEEN,
		.was_live = task->row.seen == GATE_ROW_LIVE,
		.was_not_live = task->row.seen == GATE_ROW_NOT_LIVE,
		.who = &task->who,
		.since = task->begun,
		.until = task->deadline,
	};

	return wish;
}

static enum gate_stage
ask(struct gate_task *task, const struct moment *now)
{
	const struct settings *settings = task->settings;

	task->exchange = resolver_ask(settings->resolver_url,
	    settings->endpoint, settings->cookie_prefix, &task->credential);
	if (task->exchange == NULL) {
		gate_lookup_release(task);
		return gate_task_end(task, REASON_OUT_OF_MEMORY, now);
	}
	task->lookup.started = *now;
	return GATE_STAGE_EXCHANGE;
}

/* For a place, or for another lookup of the same. */
static enum gate_stage
wait_turn(struct gate_task *task, int is_follower, const struct moment *now)
{
	struct gate_lookup *lookup = &task->lookup;

	if (!is_follower)
		lookup->follows_since = -1;
	else if (lookup->follows_since == -1)
		lookup->follows_since = now->boottime;
	return gate_task_wait(task, now->boottime + (!is_follower &&
	    lookup->turn.is_near ? NEAR_MS : WAIT_MS));
}

/* Nobody knows how many lookups there are, so there is none more. */
static enum gate_stage
end_uncounted(struct gate_task *task, enum reason reason,
    const struct moment *now)
{
	char path[SETTINGS_MAX_VALUE + 32], holder[64];

	(void)snprintf(path, sizeof(path), "%s/daemon/status.db",
	    task->settings->state);
	if (reason == REASON_STATE_BUSY) {
		(void)database_holder(path, holder, sizeof(holder));
		error_set(&task->decision.detail, "status.db takes no write: "
		    "%s holds it", holder);
	}
	error_set(&task->decision.detail, "status.db takes no write, so the "
	    "lookups of other processes cannot be told");
	return gate_task_end(task, reason, now);
}

/* The time is over while it waited: for its turn, or for another's lookup,
 * which then was too slow for this one too. */
static enum gate_stage
too_late(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	const struct lookups_wish wish = wish_of(task);
	const int64_t since = task->lookup.follows_since;
	const int is_slow = since != -1 &&
	    now->boottime - since >= GATE_FAIR_CHANCE_MSECS;
	enum reason reason = is_slow ? REASON_RESOLVER_UNREACHABLE :
	    REASON_BUSY;

	if (lookups_recall(gate->shared->lookups, &wish, now, &reason) ==
	    LOOKUPS_NOT_LIVE)
		return gate_task_refuse(task, REASON_NOT_LIVE);
	if (task->lookup.is_uncounted)
		return end_uncounted(task, REASON_STATE_BUSY, now);
	/* the other one heard something, if not enough */
	if (lookups_absent_at(gate->shared->lookups, task->session_key,
	    now->boottime) >= wish.since)
		return gate_task_end(task, REASON_SESSION_UNSETTLED, now);
	if (is_slow)
		error_set(&task->decision.detail,
		    "another lookup of this credential took too long");
	else
		shares_words_place(lookups_waits_alone(gate->shared->lookups,
		    &task->who), &task->decision.detail);
	return gate_outage_judge(gate, task, reason, is_slow, now);
}

/* Is Authgear left alone?  failures 0: another login just waited in vain. */
static int
backs_off(struct gate *gate, const struct gate_task *task,
    const struct moment *now, struct status_backoff *backoff)
{
	/* what cannot be read keeps nobody from asking */
	(void)status_backoff_load(gate->status, now, backoff, NULL);
	if (status_backoff_holds(backoff,
	    status_backoff_mark(task->session_key), now))
		return 1;
	if (task->manner != GATE_LOGIN)
		return 0;
	backoff->failures = 0;
	backoff->until = logins_alone_until(gate->shared->logins, now);
	return backoff->until > now->boottime;
}

static enum gate_stage
back_off(struct gate *gate, struct gate_task *task,
    const struct status_backoff *backoff, const struct moment *now)
{
	const struct lookups_wish wish = wish_of(task);
	struct error *detail = &task->decision.detail;
	enum reason reason;

	/* what was answered a moment ago is no outage */
	if (lookups_recall(gate->shared->lookups, &wish, now, &reason) ==
	    LOOKUPS_NOT_LIVE)
		return gate_task_refuse(task, REASON_NOT_LIVE);
	task->ask_again = backoff->until;
	if (backoff->told_until > now->boottime)
		error_set(detail, "Authgear, or what stands in front of it, "
		    "asked to wait (Retry-After), it is asked again then");
	else if (backoff->failures > 0)
		error_set(detail, "Authgear's resolver failed %d times in a "
		    "row, it is asked again soon", backoff->failures);
	else
		error_set(detail, "another login waited for Authgear in vain "
		    "just now, it is asked again soon");
	return gate_outage_judge(gate, task, backoff->is_fault ?
	    REASON_RESOLVER_FAULT : REASON_RESOLVER_UNREACHABLE, 1, now);
}

/* Other processes may write for a moment. */
static enum gate_stage
wait_for_rows(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	task->lookup.is_uncounted = status_is_busy(gate->status);
	return task->lookup.is_uncounted ? wait_turn(task, 0, now) :
	    end_uncounted(task, REASON_STATE_UNREADABLE, now);
}

/* A place, or what there is in its stead. */
static enum gate_stage
begin(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	struct gate_lookup *lookup = &task->lookup;
	const struct lookups_wish wish = wish_of(task);
	struct error *detail = &task->decision.detail;
	struct shares_refusal refusal;
	enum reason reason = REASON_BUSY;

	lookup->lookups = gate->shared->lookups;
	lookup->is_uncounted = 0;
	switch (lookups_begin(lookup->lookups, &wish, &lookup->turn, now,
	    &refusal, &reason)) {
	case LOOKUPS_GO:
		lookup->has_place = 1;
		return ask(task, now);
	case LOOKUPS_QUEUED:
		return wait_turn(task, 0, now);
	case LOOKUPS_WAIT:
		return wait_turn(task, 1, now);
	case LOOKUPS_NOT_LIVE:
		return gate_task_refuse(task, REASON_NOT_LIVE);
	case LOOKUPS_FAILED:
		error_set(detail,
		    "another lookup of this credential failed just now");
		return gate_outage_judge(gate, task, reason, 1, now);
	case LOOKUPS_UNWRITTEN:
		return wait_for_rows(gate, task, now);
	case LOOKUPS_UNSURE:
		error_set(detail, "another lookup of this credential brought "
		    "nothing to go by just now");
		break;
	case LOOKUPS_REFUSED:
	default:
		task->ask_again = refusal.until;
		shares_words_lookup(&refusal, detail);
		break;
	}
	return gate_outage_judge(gate, task, reason, 0, now);
}

/* Nothing that is known serves: ask, wait for who asks, or do without. */
static enum gate_stage
look_up(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	enum reason reason = REASON_REVOKED;
	struct status_backoff backoff;

	/* what the administrator said of the credential needs no lookup; a
	 * login of later than a sign-out may be told by the resolver alone */
	switch (gate_task_is_revoked(gate, task, now, &reason)) {
	case 0:
		break;
	case 1:
		if (reason != REASON_SIGNED_OUT)
			return gate_task_refuse(task, reason);
		break;
	default:
		return gate_task_end(task, REASON_STATE_UNREADABLE, now);
	}
	if (task->manner == GATE_MAY_NOT_ASK)
		return gate_task_end(task, REASON_NOT_ASKED, now);
	if (gate_task_is_late(task, now) ||
	    (task->lookup.follows_since == -1 &&
	    task->deadline - now->boottime < GATE_CHANCE_MSECS))
		return too_late(gate, task, now);
	return backs_off(gate, task, now, &backoff) ?
	    back_off(gate, task, &backoff, now) : begin(gate, task, now);
}

enum gate_stage
gate_lookup_stage(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	/* past the deadline too: it may have come at the last moment */
	if (task->exchange != NULL)
		return gate_answer_read(gate, task, now);
	if (!task->lookup.has_place)
		return look_up(gate, task, now);
	/* the place is ours, and the exchange may be due again */
	if (gate_task_is_late(task, now))
		return gate_answer_fail(gate, task,
		    REASON_RESOLVER_UNREACHABLE, now);
	return now->boottime < task->resume_at ? GATE_STAGE_WAIT :
	    ask(task, now);
}

/* Is it the row that serves, and that for three quarters of its time? */
static int
is_ageing(const struct gate_task *task)
{
	return task->manner != GATE_MAY_NOT_ASK &&
	    task->decision.verdict == VERDICT_GRANTED &&
	    task->verdict.basis == GATE_BASIS_ROW && task->verdict.age * 4 >=
	    (int64_t)task->settings->session_ttl * 3000;
}

enum gate_stage
gate_lookup_ahead(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	struct gate_lookup *lookup = &task->lookup;
	struct status_backoff backoff;
	struct lookups_wish wish;
	struct shares_refusal refusal;
	enum reason reason;

	if (!is_ageing(task) || status_backoff_load(gate->status, now,
	    &backoff, NULL) == -1 || status_backoff_holds(&backoff,
	    status_backoff_mark(task->session_key), now))
		return GATE_STAGE_DONE;
	task->begun = now->boottime;
	task->deadline = now->boottime +
	    (int64_t)task->settings->total_timeout * 1000;
	wish = wish_of(task);
	lookup->lookups = gate->shared->lookups;
	if (lookups_begin(lookup->lookups, &wish, &lookup->turn, now,
	    &refusal, &reason) != LOOKUPS_GO)
		return GATE_STAGE_DONE;
	lookup->has_place = 1;
	lookup->is_ahead = 1;
	return ask(task, now);
}
