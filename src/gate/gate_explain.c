#include "config.h"

#include "gate/gate_explain.h"

#include <stdlib.h>
#include <string.h>

#include "facts/revocation.h"
#include "gate/gate_explain_facts.h"
#include "gate/gate_private.h"
#include "gate/gate_row.h"

/* The steps, in the order in which they are told. */
enum step {
	STEP_CREDENTIAL = 0,
	STEP_TOKEN,
	STEP_KEY,
	STEP_CLAIMS,
	STEP_SESSION,
	STEP_RULES,
	STEP_REVOCATIONS,
	STEP_NONE		/* nothing refuses */
};

/* One telling. */
struct telling {
	struct gate *gate;
	const struct gate_task *task;
	const struct moment *now;
	const struct gate_explain *to;
	enum step ended;	/* where the decision was made */
};

const char *
gate_explain_mark_name(enum gate_explain_mark mark)
{
	static const char *const names[] = {
		[GATE_EXPLAIN_TOLD] = "told",
		[GATE_EXPLAIN_OK] = "ok",
		[GATE_EXPLAIN_REFUSED] = "refused",
		[GATE_EXPLAIN_UNDECIDED] = "undecided",
		[GATE_EXPLAIN_SKIPPED] = "skipped"
	};

	return names[mark];
}

/* Where a stage has more than one end. */
static const struct end {
	enum gate_stage stage;
	enum reason reason;
	enum step step;
} ends[] = {
	{ GATE_STAGE_TOKEN, REASON_NO_CREDENTIAL, STEP_CREDENTIAL },
	{ GATE_STAGE_TOKEN, REASON_NEEDS_RESOLVER, STEP_SESSION },
	{ GATE_STAGE_TOKEN, REASON_MACHINE_TOKEN, STEP_SESSION },
	{ GATE_STAGE_KEYS, REASON_WRONG_ISSUER, STEP_CLAIMS },
	{ GATE_STAGE_KEYS, REASON_MISSING_CLAIM, STEP_CLAIMS },
	{ GATE_STAGE_KEYS, REASON_EXPIRED, STEP_CLAIMS },
	{ GATE_STAGE_KEYS, REASON_NOT_YET_VALID, STEP_CLAIMS },
	{ GATE_STAGE_KEYS, REASON_OVER_LIMIT, STEP_CLAIMS },
	{ GATE_STAGE_LOOKUP, REASON_STATE_UNREADABLE, STEP_REVOCATIONS },
	{ GATE_STAGE_VERDICT, REASON_GRANTED, STEP_NONE },
	{ GATE_STAGE_VERDICT, REASON_REVOKED, STEP_REVOCATIONS },
	{ GATE_STAGE_VERDICT, REASON_SIGNED_OUT, STEP_REVOCATIONS },
	{ GATE_STAGE_VERDICT, REASON_CLIENT_REVOKED, STEP_REVOCATIONS },
	{ GATE_STAGE_VERDICT, REASON_KEY_REVOKED, STEP_REVOCATIONS },
	{ GATE_STAGE_VERDICT, REASON_USER_BLOCKED, STEP_REVOCATIONS },
	{ GATE_STAGE_VERDICT, REASON_STATE_UNREADABLE, STEP_REVOCATIONS },
	{ GATE_STAGE_VERDICT, REASON_EXPIRED, STEP_CLAIMS },
	{ GATE_STAGE_VERDICT, REASON_NOT_YET_VALID, STEP_CLAIMS },
	{ GATE_STAGE_VERDICT, REASON_USER_MISMATCH, STEP_SESSION }
};

static enum step
end_of_stage(const struct gate_task *task)
{
	const struct gate_token *token = &task->token;

	switch (task->last_stage) {
	case GATE_STAGE_TOKEN:
		return token->has_claims || token->jwt.kid[0] != '\0' ?
		    STEP_CLAIMS : STEP_TOKEN;
	case GATE_STAGE_KEYS:
		return task->decision.reason == REASON_MALFORMED &&
		    token->fault != REASON_MALFORMED ? STEP_CLAIMS : STEP_KEY;
	case GATE_STAGE_VERDICT:
		return task->verdict.refusal == REASON_GRANTED ? STEP_RULES :
		    STEP_SESSION;
	case GATE_STAGE_SESSION:
	case GATE_STAGE_LOOKUP:
	case GATE_STAGE_DONE:
	case GATE_STAGE_EXCHANGE:
	case GATE_STAGE_WAIT:
	default:
		return STEP_SESSION;
	}
}

static enum step
find_end(const struct gate_task *task)
{
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends[i].stage == task->last_stage &&
		    ends[i].reason == task->decision.reason)
			return ends[i].step;
	return end_of_stage(task);
}

/* What it is for the decision that it ended there. */
static enum gate_explain_mark
mark_of(const struct telling *telling, enum step step)
{
	if (telling->ended != step)
		return GATE_EXPLAIN_OK;
	return telling->task->decision.verdict == VERDICT_UNDECIDED ?
	    GATE_EXPLAIN_UNDECIDED : GATE_EXPLAIN_REFUSED;
}

/* Why it ended here, in the gate's own words. */
static void
say_end(const struct telling *telling, const char *name, enum step step)
{
	const struct decision *decision = &telling->task->decision;

	gate_explain_facts_say(telling->to, name, mark_of(telling, step),
	    "%s%s%s", reason_name(decision->reason),
	    decision->detail.text[0] != '\0' ? ": " : "",
	    decision->detail.text);
}

static void
tell_credential(const struct telling *telling)
{
	const struct gate_task *task = telling->task;

	gate_explain_facts_say(telling->to, "credential",
	    mark_of(telling, STEP_CREDENTIAL), "%s, %.16s in the log",
	    credential_kind_name(task->credential.kind),
	    task->credential.hash);
}

static void
tell_token(const struct telling *telling)
{
	const struct gate_task *task = telling->task;

	if (task->credential.kind != CREDENTIAL_JWT)
		gate_explain_facts_say(telling->to, "token",
		    GATE_EXPLAIN_SKIPPED, "it is no JWT");
	else if (telling->ended == STEP_TOKEN)
		say_end(telling, "token", STEP_TOKEN);
	else
		gate_explain_facts_say(telling->to, "token", GATE_EXPLAIN_OK,
		    "an access token (at+jwt) by RS256, of the key %s",
		    task->token.jwt.kid);
}

static void
tell_key(const struct telling *telling)
{
	const struct gate_task *task = telling->task;

	if (telling->ended == STEP_KEY)
		say_end(telling, "key", STEP_KEY);
	else if (task->keys.verified_by[0] != '\0')
		gate_explain_facts_say(telling->to, "key", GATE_EXPLAIN_OK,
		    "the signature is of that key, thumbprint %.16s",
		    task->keys.verified_by);
	else if (task->credential.kind != CREDENTIAL_JWT)
		gate_explain_facts_say(telling->to, "key",
		    GATE_EXPLAIN_SKIPPED, "it is no JWT");
	else
		gate_explain_facts_say(telling->to, "key",
		    GATE_EXPLAIN_SKIPPED, "%s", task->settings->validate ==
		    SETTINGS_VALIDATE_RESOLVER ? "validate is resolver: "
		    "Authgear checks the signature" : "not looked at");
}

/* Why no session was looked at; NULL: one was. */
static const char *
without_session(const struct telling *telling)
{
	const struct gate_task *task = telling->task;

	if (telling->ended < STEP_SESSION)
		return "not looked at";
	if (task->settings->validate == SETTINGS_VALIDATE_JWT)
		return "validate is jwt: sessions are not looked at";
	if (task->last_stage != GATE_STAGE_VERDICT ||
	    task->verdict.basis != GATE_BASIS_TOKEN ||
	    task->verdict.refusal != REASON_GRANTED)
		return NULL;
	return task->facts.is_client ? "a machine's token has none" :
	    "the token alone decides";
}

static void
say_row(const struct telling *telling)
{
	const struct gate_task *task = telling->task;
	const struct status_session *session = &task->row.session;
	const int64_t age = gate_row_stale_age(telling->gate, task,
	    telling->now);
	const char *state = session->is_live ? "live" : "not live";

	if (session->doubted_at != 0)
		state = "in doubt";
	if (task->row.seen == GATE_ROW_UNSEEN)
		gate_explain_facts_say(telling->to, "session",
		    GATE_EXPLAIN_TOLD, "nothing is kept of it here");
	else if (age < 0)
		gate_explain_facts_say(telling->to, "session",
		    GATE_EXPLAIN_TOLD, "kept here: %s, of before the last "
		    "boot", state);
	else
		gate_explain_facts_say(telling->to, "session",
		    GATE_EXPLAIN_TOLD, "kept here: %s, Authgear was asked "
		    "%lld.%lld s ago; session_ttl is %d s, absent_ttl %d s",
		    state, (long long)age / 1000, (long long)age / 100 % 10,
		    task->settings->session_ttl, task->settings->absent_ttl);
}

static void
tell_session(const struct telling *telling)
{
	static const char *const bases[] = {
		[GATE_BASIS_TOKEN] = "known",
		[GATE_BASIS_ROW] = "live, as kept here",
		[GATE_BASIS_STALE_ROW] = "live, as kept here while Authgear "
		    "does not answer",
		[GATE_BASIS_LOOKUP] = "live, as Authgear says now"
	};
	const char *why = without_session(telling);

	if (why != NULL) {
		gate_explain_facts_say(telling->to, "session",
		    GATE_EXPLAIN_SKIPPED, "%s", why);
		return;
	}
	say_row(telling);
	if (telling->ended == STEP_SESSION)
		say_end(telling, "session", STEP_SESSION);
	else if (telling->task->verdict.refusal != REASON_GRANTED)
		gate_explain_facts_say(telling->to, "session",
		    GATE_EXPLAIN_TOLD, "not asked about any more");
	else
		gate_explain_facts_say(telling->to, "session",
		    GATE_EXPLAIN_OK, "%s",
		    bases[telling->task->verdict.basis]);
}

static void
tell_rules(const struct telling *telling)
{
	const struct gate_task *task = telling->task;

	if (task->last_stage == GATE_STAGE_VERDICT &&
	    task->verdict.refusal == REASON_GRANTED &&
	    telling->ended >= STEP_RULES)
		gate_explain_facts_rules(task, telling->now, telling->to);
	else
		gate_explain_facts_say(telling->to, "rules",
		    GATE_EXPLAIN_SKIPPED, "not looked at");
}

/* --- revocations */

#define ROWS_MAX 64

struct rows {
	struct error texts[ROWS_MAX];
	int hits[ROWS_MAX];
	int count;
};

static void
take_row(void *context, const struct revocation *row, int hits)
{
	struct rows *rows = context;
	struct error *text;

	if (row == NULL)
		rows->count = 0;
	if (row == NULL || rows->count == ROWS_MAX)
		return;
	text = &rows->texts[rows->count];
	error_clear(text);
	error_set(text, "%s%s%.128s %s", revocation_kind_name(row->kind),
	    row->value[0] == '\0' ? "" : " ", row->value,
	    revocation_rule_name(row->rule));
	rows->hits[rows->count++] = hits;
}

/* Before what the token says of itself is known, nothing is asked of it. */
static int
was_looked_up(const struct telling *telling)
{
	const struct gate_task *task = telling->task;

	if (telling->ended >= STEP_RULES)
		return 1;
	return telling->ended == STEP_SESSION &&
	    (task->last_stage == GATE_STAGE_LOOKUP ||
	    task->keys.verified_by[0] != '\0');
}

static void
look_up(const struct telling *telling, struct rows *rows)
{
	const struct gate_task *task = telling->task;
	const struct trust_told told = { take_row, rows };
	const struct trust_asked asked = { &task->facts,
	    task->credential.hash };
	struct error error = { "" };
	enum reason reason;
	int i;

	if (trust_revoked_told(telling->gate->trust, &asked, telling->now,
	    &told, &reason, &error) == -1) {
		gate_explain_facts_say(telling->to, "revocations",
		    GATE_EXPLAIN_UNDECIDED, "%s", error_text(&error));
		return;
	}
	for (i = 0; i < rows->count; i++)
		gate_explain_facts_say(telling->to, "revocations",
		    rows->hits[i] ? GATE_EXPLAIN_REFUSED : GATE_EXPLAIN_OK,
		    "%s, which %s", rows->texts[i].text, rows->hits[i] ?
		    "refuses it" : "does not hit it");
	if (task->facts.user_id == NULL && !task->facts.is_client)
		gate_explain_facts_say(telling->to, "revocations",
		    GATE_EXPLAIN_SKIPPED, "what names its user: who that is, "
		    "only Authgear can tell now");
	else if (rows->count == 0)
		gate_explain_facts_say(telling->to, "revocations",
		    GATE_EXPLAIN_OK, "none names it, its user, client or key");
}

static void
tell_revocations(const struct telling *telling)
{
	struct rows *rows;

	if (!was_looked_up(telling)) {
		gate_explain_facts_say(telling->to, "revocations",
		    GATE_EXPLAIN_SKIPPED, "not looked at");
		return;
	}
	rows = calloc(1, sizeof(*rows));
	if (rows == NULL)
		gate_explain_facts_say(telling->to, "revocations",
		    GATE_EXPLAIN_UNDECIDED, "out of memory");
	else
		look_up(telling, rows);
	free(rows);
}

/* An account without a credential: whose it is, and what names that user. */
static void
tell_account(struct telling *telling)
{
	const struct gate_task *task = telling->task;
	const enum reason reason = task->decision.reason;

	telling->ended = reason == REASON_NOT_BLOCKED ? STEP_NONE :
	    STEP_REVOCATIONS;
	if (task->facts.user_id != NULL)
		gate_explain_facts_say(telling->to, "account",
		    GATE_EXPLAIN_TOLD, "it is of the user %s",
		    task->facts.user_id);
	else
		gate_explain_facts_say(telling->to, "account",
		    reason == REASON_NOT_BLOCKED ? GATE_EXPLAIN_TOLD :
		    GATE_EXPLAIN_UNDECIDED, "it is of no user that is known");
	if (task->facts.user_id != NULL)
		tell_revocations(telling);
}

void
gate_explain(struct gate *gate, const struct gate_task *task,
    const struct moment *now, const struct gate_explain *to)
{
	struct telling telling = { gate, task, now, to, STEP_NONE };

	if (task->credential.kind == CREDENTIAL_NONE) {
		tell_account(&telling);
		return;
	}
	telling.ended = find_end(task);
	tell_credential(&telling);
	tell_token(&telling);
	tell_key(&telling);
	gate_explain_facts_claims(task, telling.ended == STEP_CLAIMS, now, to);
	tell_session(&telling);
	tell_rules(&telling);
	tell_revocations(&telling);
}
