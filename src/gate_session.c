/* Whether the session of a credential is live: what is known, else asked. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "decide.h"
#include "gate_private.h"
#include "resolver.h"

/* How often a waiting task looks whether its lookup may begin. */
#define WAIT_MS 50

/* Facts that refuse are believed for this long, then looked up once more, so
 * that a new role or a new login works within it. */
#define FRESH_MS 5000

/* An exchange cut short by our own deadline says nothing of Authgear. */
#define FAIR_CHANCE_MS 500

/* "Not told" may be a fault of Authgear's database, and a 500 its lock. */
#define ABSENT_TRIES 2
#define ERROR_TRIES 2
#define RETRY_FIRST_MS 50
#define RETRY_JITTER_MS 200

/* Two threads read the clock: not yet "the future". */
#define CROSSING_MS 60000

/* It waits no longer. */
static void
leave(struct gate_task *task)
{
	if (task->is_waiting)
		lookups_leave(task->lookups, task->client_address);
	task->is_waiting = 0;
}

void
gate_session_release(struct gate_task *task, const struct moment *now)
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

/* The row's key, where it was not needed before. */
static int
make_key(struct gate_task *task)
{
	if (task->session_key[0] != '\0')
		return 0;
	return status_session_key(task->settings->endpoint, &task->credential,
	    task->session_key);
}

static struct lookups_wish
wish_of(const struct gate_task *task)
{
	const struct lookups_wish wish = {
		.key = task->session_key,
		.is_known = task->is_known,
		.is_counted = task->is_counted,
		.is_waiting = task->is_waiting,
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

/* Milliseconds since the row's lookup began; -1 if that is not known, or an
 * answer that came later may be missing. */
static int64_t
age_of(const struct gate *gate, const struct status_session *session,
    const struct moment *now)
{
	int64_t age = now->boottime - session->started_boottime;

	if (strcmp(session->boot_id, now->boot_id) != 0 ||
	    age < -CROSSING_MS || session->started_boottime < 0 ||
	    session->started_boottime <= lookups_unwritten_at(gate->lookups))
		return -1;
	return age < 0 ? 0 : age;
}

static int
move_words(struct word_list *to, struct word_list *from)
{
	word_list_clear(to);
	*to = *from;
	memset(from, 0, sizeof(*from));
	return 1;
}

/*
 * What the resolver says wins where it says it; the rest stays what the token
 * said (a credential that is no JWT says nothing).
 */
static int
merge(struct gate_task *task, struct facts *told)
{
	struct facts *facts = &task->facts;

	if (task->credential.kind != CREDENTIAL_JWT) {
		facts_clear(facts);
		facts->user_id = told->user_id;
		told->user_id = NULL;
	} else if (facts->user_id == NULL || told->user_id == NULL ||
	    strcmp(facts->user_id, told->user_id) != 0) {
		return -1;
	}
	facts->has_roles = move_words(&facts->roles, &told->roles) &&
	    told->has_roles;
	facts->is_anonymous = told->is_anonymous;
	facts->is_verified = told->is_verified;
	facts->can_reauthenticate = told->can_reauthenticate;
	if (!facts->has_amr)
		facts->has_amr = move_words(&facts->amr, &told->amr) &&
		    told->has_amr;
	facts->authenticated_at = task->token_authenticated_at;
	if (told->authenticated_at != FACTS_NO_TIME &&
	    (facts->authenticated_at == FACTS_NO_TIME ||
	    told->authenticated_at < facts->authenticated_at))
		facts->authenticated_at = told->authenticated_at;
	return 0;
}

static enum gate_step
apply(struct gate *gate, struct gate_task *task, struct facts *told,
    const struct moment *now)
{
	if (merge(task, told) == -1) {
		task->decision.facts = &task->facts;
		return gate_task_end(task, REASON_USER_MISMATCH, now);
	}
	return gate_policy_apply(gate, task, now);
}

/* The last live answer, while Authgear is down. */
static int
may_be_stale(const struct gate *gate, const struct gate_task *task,
    const struct status_session *session, enum reason reason,
    const struct moment *now)
{
	const int64_t limit = (int64_t)task->settings->stale_if_error * 1000;
	const int64_t age = age_of(gate, session, now);

	return session->is_live && reason == REASON_RESOLVER_UNREACHABLE &&
	    !task->must_refresh && age >= 0 && age <= limit;
}

/* It could not be asked: stale facts, or undecided. */
static enum gate_step
do_without(struct gate *gate, struct gate_task *task,
    struct status_session *session, enum reason reason,
    const struct moment *now)
{
	if (!may_be_stale(gate, task, session, reason, now))
		return gate_task_end(task, reason, now);
	task->session_age = age_of(gate, session, now);
	task->is_stale = 1;
	return apply(gate, task, &session->facts, now);
}

static enum gate_step
not_live(struct gate_task *task, const struct moment *now)
{
	if (task->has_claims && task->credential.kind == CREDENTIAL_JWT)
		task->decision.facts = &task->facts;
	return gate_task_end(task, REASON_NOT_LIVE, now);
}

static enum gate_step
ask(struct gate_task *task, const struct moment *now)
{
	const struct settings *settings = task->settings;

	exchange_free(task->exchange);
	task->exchange = resolver_ask(settings->resolver_url,
	    settings->endpoint, settings->cookie_prefix, &task->credential);
	if (task->exchange == NULL) {
		gate_session_release(task, now);
		return gate_task_end(task, REASON_OUT_OF_MEMORY, now);
	}
	task->exchange_started = now->boottime;
	task->phase = GATE_PHASE_LOOKUP;
	return GATE_EXCHANGE;
}

/* Told to wait: unknown ones are counted until they leave. */
static enum gate_step
wait_turn(struct gate *gate, struct gate_task *task, int is_follower,
    const struct moment *now)
{
	task->is_follower = is_follower;
	if (!task->is_known)
		task->is_waiting = 1;
	task->lookups = gate->lookups;
	return wait_until(task, now->boottime + WAIT_MS);
}

/* The time is over while it waited: for its turn, or for another's lookup,
 * which then was too slow for this one too. */
static enum gate_step
too_late(struct gate *gate, struct gate_task *task,
    struct status_session *session, const struct moment *now)
{
	const struct lookups_wish wish = wish_of(task);
	enum reason reason = task->is_follower ? REASON_RESOLVER_UNREACHABLE :
	    REASON_BUSY;

	if (lookups_recall(gate->lookups, &wish, now, &reason) ==
	    LOOKUPS_NOT_LIVE)
		return not_live(task, now);
	error_set(&task->decision.detail, task->is_follower ?
	    "another lookup of this credential took too long" :
	    "no place among the lookups (max_lookups) became free in time");
	return do_without(gate, task, session, reason, now);
}

/* Nothing that is known serves: ask, wait for who asks, or do without. */
static enum gate_step
look_up(struct gate *gate, struct gate_task *task,
    struct status_session *session, const struct moment *now)
{
	struct lookups_wish wish;
	enum reason reason = REASON_BUSY;
	int64_t until = 0;
	int failures;

	if (make_key(task) == -1)
		return gate_task_end(task, REASON_OUT_OF_MEMORY, now);
	wish = wish_of(task);
	if (task->is_late)
		return too_late(gate, task, session, now);
	if (trust_check(gate->trust, now, &task->decision.detail) == -1 ||
	    status_backoff_load(gate->status, now, &until, &failures,
	    &task->decision.detail) == -1)
		return gate_task_end(task, REASON_STATE_UNREADABLE, now);
	if (until > now->boottime) {
		/* what was answered a moment ago is no outage */
		if (lookups_recall(gate->lookups, &wish, now, &reason) ==
		    LOOKUPS_NOT_LIVE)
			return not_live(task, now);
		task->ask_again = until;
		error_set(&task->decision.detail, "Authgear's resolver failed "
		    "%d times in a row, it is asked again soon", failures);
		return do_without(gate, task, session,
		    REASON_RESOLVER_UNREACHABLE, now);
	}
	switch (lookups_begin(gate->lookups, &wish, now, &until, &reason)) {
	case LOOKUPS_GO:
		leave(task);
		task->has_place = 1;
		task->lookups = gate->lookups;
		task->lookup_started = *now;
		return ask(task, now);
	case LOOKUPS_QUEUED:
		task->is_counted = 1;
		return wait_turn(gate, task, 0, now);
	case LOOKUPS_WAIT:
		return wait_turn(gate, task, 1, now);
	case LOOKUPS_NOT_LIVE:
		return not_live(task, now);
	case LOOKUPS_FAILED:
		error_set(&task->decision.detail,
		    "another lookup of this credential failed just now");
		break;
	case LOOKUPS_REFUSED:
	default:
		task->ask_again = until;
		error_set(&task->decision.detail, "too many credentials that "
		    "were never seen before (lookup_rate), or too many of "
		    "them wait");
		break;
	}
	return do_without(gate, task, session, reason, now);
}

/* What status.db says, if that is new enough. */
static enum gate_step
judge_row(struct gate *gate, struct gate_task *task,
    struct status_session *session, const struct moment *now)
{
	const struct settings *settings = task->settings;
	const int64_t age = age_of(gate, session, now);
	int64_t ttl = (int64_t)settings->session_ttl * 1000;

	if (task->must_refresh)
		ttl = FRESH_MS < ttl ? FRESH_MS : ttl;
	if (!session->is_live)
		ttl = (int64_t)settings->absent_ttl * 1000;
	if (age < 0 || age >= ttl)
		return look_up(gate, task, session, now);
	if (!session->is_live)
		return not_live(task, now);
	task->session_age = age;
	return apply(gate, task, &session->facts, now);
}

/* The row of the credential into task->row; 1, 0 if there is none, -1. */
static int
load_row(struct gate *gate, struct gate_task *task, struct error *error)
{
	task->has_row = 0;
	status_session_clear(&task->row);
	if (make_key(task) == -1) {
		error_set(error, "out of memory");
		return -1;
	}
	task->recent_mark = recent_mark(gate->shared->recent,
	    &task->credential);
	return status_session_load(gate->status, task->session_key,
	    &task->row, error);
}

int
gate_session_vouches(struct gate *gate, struct gate_task *task,
    const struct key *key)
{
	if (!task->has_row && load_row(gate, task, NULL) != 1)
		return 0;
	task->has_row = 1;
	return task->row.is_live && strcmp(task->row.verified_by,
	    key_thumbprint(key)) == 0;
}

enum gate_step
gate_session_judge(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const int is_first = !task->is_session;
	int found = task->has_row;

	if (task->has_place)		/* an exchange is to be tried again */
		return now->boottime < task->resume_at ?
		    wait_until(task, task->resume_at) : ask(task, now);
	if (is_first)
		task->token_authenticated_at = task->facts.authenticated_at;
	task->is_session = 1;
	if (!found)
		found = load_row(gate, task, &task->decision.detail);
	task->has_row = 0;
	if (found == -1)
		return gate_task_end(task, REASON_STATE_UNREADABLE, now);
	if (found == 0)
		return look_up(gate, task, &task->row, now);
	task->is_known = 1;
	task->was_live = task->row.is_live;
	if (is_first && task->row.is_live)
		gate_recent_keep(gate, task, now);
	return judge_row(gate, task, &task->row, now);
}

/* A row is written for what is live; random tokens cost none. */
static int
keep(struct gate *gate, struct gate_task *task, struct facts *told,
    struct error *error)
{
	struct status_session session;
	int ret;

	status_session_init(&session);
	session.is_live = 1;
	session.facts = *told;
	memcpy(session.verified_by, task->verified_by,
	    sizeof(session.verified_by));
	session.started_wall = task->lookup_started.wall;
	session.started_boottime = task->lookup_started.boottime;
	memcpy(session.boot_id, task->lookup_started.boot_id,
	    sizeof(session.boot_id));
	ret = status_session_store(gate->status, task->session_key, &session,
	    error);
	*told = session.facts;
	return ret;
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

/* What was said of this session before is wrong, but nothing replaces it. */
static void
forget(struct gate *gate, const struct gate_task *task)
{
	if (status_session_forget(gate->status, task->session_key, NULL) == -1)
		lookups_unwritten(gate->lookups, &task->lookup_started);
}

static enum gate_step
take_live(struct gate *gate, struct gate_task *task, struct facts *told,
    const struct moment *now)
{
	struct error *detail = &task->decision.detail;
	int is_other = task->credential.kind == CREDENTIAL_JWT &&
	    (task->facts.user_id == NULL ||
	    strcmp(task->facts.user_id, told->user_id) != 0);

	/* a row that cannot be written is a lookup more, not a refusal */
	if (is_other)
		forget(gate, task);
	else if (keep(gate, task, told, NULL) == -1 && task->was_live)
		lookups_unwritten(gate->lookups, &task->lookup_started);
	(void)status_backoff_over(gate->status, NULL);
	end_lookup(gate, task, LOOKUPS_ENDED, REASON_GRANTED, now);
	task->is_fresh = 1;
	task->session_age = now->boottime - task->lookup_started.boottime;
	if (is_other)
		error_set(detail, "the resolver says user %s", told->user_id);
	if (task->is_background)
		return gate_task_end(task, REASON_NOT_LIVE, now);
	return apply(gate, task, told, now);
}

static enum gate_step
take_not_live(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	if (task->is_known && status_session_end(gate->status,
	    task->session_key, &task->lookup_started, NULL) == -1)
		lookups_unwritten(gate->lookups, &task->lookup_started);
	(void)status_backoff_over(gate->status, NULL);
	end_lookup(gate, task, LOOKUPS_ENDED_NOT_LIVE, REASON_NOT_LIVE, now);
	return not_live(task, now);
}

static enum gate_step
take_failure(struct gate *gate, struct gate_task *task, enum reason reason,
    const struct moment *now)
{
	const unsigned char jitter = (unsigned char)(task->session_key[0] * 31 +
	    task->session_key[1] + now->boottime);

	if (reason == REASON_RESOLVER_UNREACHABLE && (task->deadline -
	    task->exchange_started >= FAIR_CHANCE_MS ||
	    now->boottime < task->deadline))
		(void)status_backoff_failed(gate->status, now, jitter, NULL);
	end_lookup(gate, task, LOOKUPS_ENDED_FAILED, reason, now);
	if (task->is_background)
		return gate_task_end(task, reason, now);
	/* another process may have been luckier */
	(void)load_row(gate, task, NULL);
	return do_without(gate, task, &task->row, reason, now);
}

/* When an exchange is tried again: Authgear's fault should be over. */
static int64_t
retry_at(const struct gate_task *task, const struct moment *now)
{
	const int64_t jitter = ((unsigned char)task->session_key[2] * 37 +
	    now->boottime) % RETRY_JITTER_MS;

	return now->boottime + RETRY_FIRST_MS + jitter;
}

static enum gate_step
try_again(struct gate_task *task, int64_t at)
{
	error_clear(&task->decision.detail);
	exchange_free(task->exchange);
	task->exchange = NULL;
	return wait_until(task, at);
}

static enum gate_step
take_absent(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const int is_good = task->was_live ||
	    (task->credential.kind == CREDENTIAL_JWT && task->is_verified);

	if (!is_good || ++task->absent_count >= ABSENT_TRIES)
		return take_not_live(gate, task, now);
	if (retry_at(task, now) >= task->deadline)
		return take_failure(gate, task, REASON_RESOLVER_FAULT, now);
	return try_again(task, retry_at(task, now));
}

static enum gate_step
take_error(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const int64_t at = retry_at(task, now);

	if (task->exchange->status != 500 ||
	    ++task->error_count >= ERROR_TRIES || at >= task->deadline)
		return take_failure(gate, task, REASON_RESOLVER_UNREACHABLE,
		    now);
	return try_again(task, at);
}

enum gate_step
gate_session_answer(struct gate *gate, struct gate_task *task,
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
gate_session_give_up(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	/* it may have come at the last moment; take_*() ask no more now */
	if (task->phase == GATE_PHASE_LOOKUP)
		return gate_session_answer(gate, task, now);
	/* Authgear said something that a stale answer must not cover */
	if (task->has_place)
		return take_failure(gate, task, task->absent_count > 0 ?
		    REASON_RESOLVER_FAULT : REASON_RESOLVER_UNREACHABLE, now);
	task->is_late = 1;
	return gate_session_judge(gate, task, now);
}

int
gate_session_may_refresh(const struct gate_task *task, enum reason reason)
{
	if (task->session_age < FRESH_MS || task->is_fresh ||
	    task->must_refresh)
		return 0;
	if (reason == REASON_ROLE_MISSING || reason == REASON_ANONYMOUS_USER ||
	    reason == REASON_UNVERIFIED_USER)
		return 1;
	if (reason != REASON_AUTHENTICATION_TOO_OLD &&
	    reason != REASON_SIGNED_OUT)
		return 0;
	/* what the token itself says stays so */
	return task->token_authenticated_at == FACTS_NO_TIME ||
	    task->facts.authenticated_at < task->token_authenticated_at;
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
	    task->is_stale || task->decision.verdict != VERDICT_GRANTED ||
	    task->session_age * 4 <
	    (int64_t)task->settings->session_ttl * 3000)
		return GATE_DONE;
	if (make_key(task) == -1)
		return GATE_DONE;
	wish = wish_of(task);
	wish.since = now->boottime;
	if (status_backoff_load(gate->status, now, &until, &failures, NULL) ==
	    -1 || until > now->boottime || lookups_begin(gate->lookups, &wish,
	    now, &until, &reason) != LOOKUPS_GO)
		return GATE_DONE;
	task->has_place = 1;
	task->lookups = gate->lookups;
	task->is_background = 1;
	task->lookup_started = *now;
	task->deadline = now->boottime +
	    (int64_t)task->settings->total_timeout * 1000;
	return ask(task, now);
}

int
gate_tidy(struct gate *gate)
{
	return status_session_trim(gate->status, STATUS_SESSION_MAX, NULL) ==
	    1;
}
