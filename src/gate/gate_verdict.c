#include "config.h"

#include "gate/gate_verdict.h"

#include <stdlib.h>
#include <string.h>

#include "gate/decide.h"
#include "gate/gate_keep.h"
#include "gate/gate_login.h"
#include "gate/gate_task.h"
#include "gate/gate_token.h"

static void
move_words(struct word_list *to, struct word_list *from)
{
	word_list_clear(to);
	*to = *from;
	memset(from, 0, sizeof(*from));
}

/*
 * What the resolver says wins where it says it; the rest stays what the token
 * said (a credential that is no JWT says nothing).  -1: it is another user.
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
	move_words(&facts->roles, &told->roles);
	facts->has_roles = told->has_roles;
	facts->is_anonymous = told->is_anonymous;
	facts->is_verified = told->is_verified;
	facts->can_reauthenticate = told->can_reauthenticate;
	if (!facts->has_amr) {
		move_words(&facts->amr, &told->amr);
		facts->has_amr = told->has_amr;
	}
	facts->authenticated_at = task->token.authenticated_at;
	if (told->authenticated_at != FACTS_NO_TIME &&
	    (facts->authenticated_at == FACTS_NO_TIME ||
	    told->authenticated_at < facts->authenticated_at))
		facts->authenticated_at = told->authenticated_at;
	return 0;
}

/* 1 if this refusal rests on cached facts that are no longer fresh.  Once: the
 * second time SESSION gives none that old. */
static int
may_ask_anew(const struct gate_task *task, enum reason reason)
{
	const struct gate_verdict *verdict = &task->verdict;

	if (verdict->age < GATE_FRESH_MSECS ||
	    verdict->basis == GATE_BASIS_TOKEN ||
	    verdict->basis == GATE_BASIS_LOOKUP ||
	    task->manner == GATE_MAY_NOT_ASK)
		return 0;
	if (reason == REASON_ROLE_MISSING || reason == REASON_ANONYMOUS_USER ||
	    reason == REASON_UNVERIFIED_USER)
		return 1;
	if (reason != REASON_AUTHENTICATION_TOO_OLD &&
	    reason != REASON_SIGNED_OUT)
		return 0;
	/* what the token itself says stays so */
	return task->token.authenticated_at == FACTS_NO_TIME ||
	    task->facts.authenticated_at < task->token.authenticated_at;
}

/* While Authgear is down it cannot be. */
static enum gate_stage
ask_anew(struct gate_task *task, const struct moment *now)
{
	free(task->verdict.remote_user);
	task->verdict.remote_user = NULL;
	return task->verdict.basis == GATE_BASIS_STALE_ROW ?
	    gate_task_end(task, task->lookup.failure, now) :
	    GATE_STAGE_SESSION;
}

/* The policy: GRANTED, or why not. */
static enum reason
apply(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	const struct policy *policy = task->decision.policy;
	struct facts *facts = &task->facts;
	char **remote_user = &task->verdict.remote_user;
	enum reason reason;

	if (policy->remote_user == POLICY_REMOTE_USER_MAP &&
	    facts->account == NULL && trust_account(gate->trust,
	    facts->user_id, now, &facts->account,
	    &task->decision.detail) == -1)
		return REASON_STATE_UNREADABLE;
	reason = decide(facts, policy, now, task->settings->leeway);
	if (reason == REASON_GRANTED)
		*remote_user = decide_remote_user(facts, policy, &reason);
	/* a name that came beside the token must be that of its user */
	if (reason == REASON_GRANTED && task->credential.account != NULL &&
	    strcmp(task->credential.account, *remote_user) != 0)
		reason = REASON_WRONG_ACCOUNT;
	return reason;
}

/* Who is granted or refused may be told, if the administrator has nothing
 * against it: whoever holds a stolen key writes what he likes. */
static enum gate_stage
tell(struct gate_task *task, enum reason reason, const struct moment *now)
{
	if (reason != REASON_KEY_REVOKED)
		task->decision.facts = &task->facts;
	return gate_task_end(task, reason, now);
}

static enum gate_stage
refuse(struct gate *gate, struct gate_task *task, enum reason reason,
    const struct moment *now)
{
	/* claims that nobody verified name nobody */
	if (task->keys.verified_by[0] == '\0')
		return gate_task_end(task, reason, now);
	if (gate_task_is_revoked(gate, task, now, &reason) == -1)
		return gate_task_end(task, REASON_STATE_UNREADABLE, now);
	return tell(task, reason, now);
}

static enum gate_stage
judge(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	const struct gate_verdict *verdict = &task->verdict;
	struct decision *decision = &task->decision;
	enum reason reason;

	task->facts.kind = task->credential.kind;
	/* time went by while it waited for the resolver */
	if (task->credential.kind == CREDENTIAL_JWT &&
	    gate_token_read_claims(task, now, &reason) == -1)
		return gate_task_end(task, reason, now);
	reason = apply(gate, task, now);
	if (reason == REASON_OUT_OF_MEMORY ||
	    reason == REASON_STATE_UNREADABLE)
		return gate_task_end(task, reason, now);
	if (gate_task_is_revoked(gate, task, now, &reason) == -1)
		return gate_task_end(task, REASON_STATE_UNREADABLE, now);
	if (may_ask_anew(task, reason))
		return ask_anew(task, now);
	if (verdict->basis == GATE_BASIS_ROW ||
	    verdict->basis == GATE_BASIS_STALE_ROW)
		decision->age = (int)(verdict->age / 1000);
	if (reason == REASON_GRANTED) {
		decision->remote_user = verdict->remote_user;
		decision->keep = gate_keep_seconds(task,
		    trust_edge(gate->trust), now);
		gate_login_keep(gate, task, now);
	}
	return tell(task, reason, now);
}

enum gate_stage
gate_verdict_stage(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const struct gate_verdict *verdict = &task->verdict;
	struct facts *told = verdict->basis == GATE_BASIS_LOOKUP ?
	    &task->lookup.told : &task->row.session.facts;

	if (verdict->refusal != REASON_GRANTED)
		return refuse(gate, task, verdict->refusal, now);
	if (verdict->basis != GATE_BASIS_TOKEN && merge(task, told) == -1)
		return refuse(gate, task, REASON_USER_MISMATCH, now);
	return judge(gate, task, now);
}
