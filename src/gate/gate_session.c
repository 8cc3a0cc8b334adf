/* Is the session of a credential live, by what is known of it here? */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gate/decide.h"
#include "gate/gate_private.h"

/* Facts that refuse are believed for this long, then looked up once more, so
 * that a new role or a new login works within it. */
#define FRESH_MS 5000

int64_t
gate_session_age(const struct gate *gate, const struct gate_task *task,
    const struct moment *now)
{
	const struct status_session *session = &task->row;

	if (session->is_doubted || session->started.boottime <=
	    status_session_void_at(gate->status, task->session_key))
		return -1;
	return moment_age(&session->started, now);
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

enum gate_step
gate_session_refuse(struct gate *gate, struct gate_task *task,
    enum reason reason, const struct moment *now)
{
	/* claims that nobody verified name nobody */
	if (!task->is_verified)
		return gate_task_end(task, reason, now);
	if (gate_token_revoked(gate, task, now, &reason) == -1)
		return gate_task_end(task, REASON_STATE_UNREADABLE, now);
	if (reason != REASON_KEY_REVOKED)
		task->decision.facts = &task->facts;
	return gate_task_end(task, reason, now);
}

enum gate_step
gate_session_apply(struct gate *gate, struct gate_task *task,
    struct facts *told, const struct moment *now)
{
	if (merge(task, told) == -1)
		return gate_session_refuse(gate, task, REASON_USER_MISMATCH,
		    now);
	return gate_policy_apply(gate, task, now);
}

/* The last live answer, while Authgear is down. */
static int
may_be_stale(const struct gate *gate, const struct gate_task *task,
    enum reason reason, const struct moment *now)
{
	const int64_t limit = (int64_t)task->settings->stale_if_error * 1000;
	const int64_t age = gate_session_age(gate, task, now);

	/* another process may have been told of its end */
	return task->row.is_live && !task->row.is_alone &&
	    reason == REASON_RESOLVER_UNREACHABLE && !task->must_refresh &&
	    age >= 0 && age <= limit;
}

enum gate_step
gate_session_do_without(struct gate *gate, struct gate_task *task,
    enum reason reason, const struct moment *now)
{
	/* another process may have been told otherwise since it was read */
	if (task->is_recalled)
		(void)gate_session_load(gate, task, NULL);
	if (!may_be_stale(gate, task, reason, now))
		return gate_task_end(task, reason, now);
	task->session_age = gate_session_age(gate, task, now);
	task->is_stale = 1;
	return gate_session_apply(gate, task, &task->row.facts, now);
}

/* What status.db says, if that is new enough. */
static enum gate_step
judge_row(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	const struct settings *settings = task->settings;
	const int64_t age = gate_session_age(gate, task, now);
	int64_t ttl = (int64_t)settings->session_ttl * 1000;

	if (task->must_refresh)
		ttl = FRESH_MS < ttl ? FRESH_MS : ttl;
	if (!task->row.is_live)
		ttl = (int64_t)settings->absent_ttl * 1000;
	if (age < 0 || age >= ttl)
		return gate_lookup(gate, task, now);
	if (!task->row.is_live)
		return gate_session_refuse(gate, task, REASON_NOT_LIVE, now);
	task->session_age = age;
	return gate_session_apply(gate, task, &task->row.facts, now);
}

int
gate_session_load(struct gate *gate, struct gate_task *task,
    struct error *error)
{
	int found;

	task->has_row = 0;
	task->is_recalled = 0;
	status_session_clear(&task->row);
	task->recent_mark = recent_mark(gate->shared->recent,
	    &task->credential);
	found = status_session_load(gate->status, task->session_key,
	    &task->row, error);
	if (found == 0)
		found = status_session_load_before(gate->status,
		    &task->credential, &task->row, error);
	return found;
}

int
gate_session_vouches(struct gate *gate, struct gate_task *task,
    const struct key *key)
{
	if (!task->has_row && gate_session_load(gate, task, NULL) != 1)
		return 0;
	task->has_row = 1;
	return task->row.is_live && strcmp(task->row.verified_by,
	    key_thumbprint(key)) == 0;
}

int
gate_session_is_contradicted(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	struct moment told = *now;

	if (!task->row.is_live || task->is_recalled || gate_session_age(gate,
	    task, now) < 0)
		return 0;
	told.boottime = lookups_not_live_at(gate->lookups, task->session_key,
	    now);
	if (told.boottime < task->row.started.boottime)
		return 0;
	status_session_end(gate->status, task->session_key, &task->row,
	    &told);
	return 1;
}

enum gate_step
gate_session_judge(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const int is_first = !task->is_session;
	int found = task->has_row;

	if (task->has_place)
		return gate_lookup_again(task, now);
	if (is_first)
		task->token_authenticated_at = task->facts.authenticated_at;
	task->is_session = 1;
	if (!found)
		found = gate_session_load(gate, task, NULL);
	task->has_row = 0;
	task->was_found = found == 1;
	if (task->manner == GATE_MAY_NOT_ASK)
		return found == -1 || task->row.is_alone ?
		    gate_task_no_state(gate, task, now) :
		    gate_account_judge(gate, task, now);
	/* it is only a cache: Authgear knows; the writer's thread logs why */
	if (found != 1)
		return gate_lookup(gate, task, now);
	task->is_known = 1;
	if (gate_session_is_contradicted(gate, task, now))
		return gate_session_refuse(gate, task, REASON_NOT_LIVE, now);
	task->was_live = task->row.is_live;
	if (is_first && task->row.is_live)
		gate_recent_keep(gate, task, now);
	return judge_row(gate, task, now);
}

int
gate_session_may_refresh(const struct gate_task *task, enum reason reason)
{
	if (task->session_age < FRESH_MS || task->is_fresh ||
	    task->must_refresh || task->manner == GATE_MAY_NOT_ASK)
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
