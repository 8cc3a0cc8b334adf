#include "config.h"

#include "gate/gate_explain_facts.h"

#include <stdarg.h>
#include <stdio.h>

#include "gate/decide.h"
#include "ground/when.h"

#define WORDS_MAX 1024		/* bytes of a list in a text */

void
gate_explain_facts_say(const struct gate_explain *to, const char *step,
    enum gate_explain_mark mark, const char *format, ...)
{
	char text[GATE_EXPLAIN_TEXT];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	to->say(to->context, step, mark, text);
}

static const char *
text_or_none(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : "none";
}

/* As many as there is room for. */
static void
join(const struct word_list *list, char text[WORDS_MAX])
{
	size_t i, len = 0;
	int n;

	(void)snprintf(text, WORDS_MAX, "none");
	for (i = 0; i < list->count; i++) {
		n = snprintf(text + len, WORDS_MAX - len, "%s%s",
		    i > 0 ? " " : "", list->words[i]);
		if (n < 0 || (size_t)n >= WORDS_MAX - len) {
			(void)snprintf(text + WORDS_MAX - 4, 4, "...");
			return;
		}
		len += (size_t)n;
	}
}

/* --- claims */

static enum gate_explain_mark
mark_of(int is_refused)
{
	return is_refused ? GATE_EXPLAIN_REFUSED : GATE_EXPLAIN_OK;
}

static void
say_time(const struct gate_explain *to, const char *name, int64_t at,
    int is_refused, const struct moment *now)
{
	const long long distance = (long long)(at - now->wall);
	char text[WHEN_SIZE];

	if (at == FACTS_NO_TIME)
		return;
	when_print(at, text);
	gate_explain_facts_say(to, "claims", mark_of(is_refused),
	    "%s is %s, %lld s %s now", name, text,
	    distance < 0 ? -distance : distance,
	    distance < 0 ? "before" : "after");
}

static void
say_claims(const struct gate_task *task, enum reason reason,
    const struct moment *now, const struct gate_explain *to)
{
	const struct facts *facts = &task->facts;
	const int leeway = task->settings->leeway;
	const int is_early = reason == REASON_NOT_YET_VALID;

	gate_explain_facts_say(to, "claims",
	    mark_of(reason == REASON_WRONG_ISSUER),
	    "iss is %s, endpoint is %s", text_or_none(facts->issuer),
	    task->settings->endpoint);
	say_time(to, "exp", facts->expires_at, reason == REASON_EXPIRED, now);
	say_time(to, "nbf", facts->not_before, is_early &&
	    facts->not_before > now->wall + leeway, now);
	say_time(to, "iat", facts->issued_at, is_early &&
	    facts->issued_at > now->wall + leeway, now);
	gate_explain_facts_say(to, "claims", GATE_EXPLAIN_TOLD,
	    "leeway is %d s; sub is %s, client_id %s, jti %s", leeway,
	    text_or_none(facts->user_id), text_or_none(facts->client_id),
	    text_or_none(facts->token_id));
}

void
gate_explain_facts_claims(const struct gate_task *task, int ended,
    const struct moment *now, const struct gate_explain *to)
{
	const struct decision *decision = &task->decision;

	if (task->credential.kind != CREDENTIAL_JWT)
		gate_explain_facts_say(to, "claims", GATE_EXPLAIN_SKIPPED,
		    "it is no JWT and has none");
	else if (task->token.has_claims)
		say_claims(task, ended ? decision->reason : REASON_GRANTED,
		    now, to);
	else if (ended)
		gate_explain_facts_say(to, "claims", GATE_EXPLAIN_REFUSED,
		    "%s", decision->detail.text[0] != '\0' ?
		    decision->detail.text : reason_name(decision->reason));
	else
		gate_explain_facts_say(to, "claims", GATE_EXPLAIN_SKIPPED,
		    "not looked at");
}

/* --- rules */

static const char *
fact_text(enum fact fact)
{
	if (fact == FACT_ABSENT)
		return "is not known to be";
	return fact == FACT_YES ? "is" : "is not";
}

static void
say_roles(const struct policy *policy, const struct facts *facts, char *text,
    size_t size)
{
	char one[WORDS_MAX], all[WORDS_MAX], roles[WORDS_MAX];

	join(&policy->require_role, one);
	join(&policy->require_all_roles, all);
	join(&facts->roles, roles);
	(void)snprintf(text, size, "require_role is %s, require_all_roles is "
	    "%s; its roles: %s", one, all, facts->has_roles ? roles :
	    "not told");
}

static void
say_age(const struct policy *policy, const struct facts *facts,
    const struct moment *now, char *text, size_t size)
{
	if (policy->max_authentication_age == 0)
		(void)snprintf(text, size, "no max_authentication_age");
	else if (facts->authenticated_at < 0)
		(void)snprintf(text, size, "max_authentication_age is %d s; "
		    "when it logged in is not told",
		    policy->max_authentication_age);
	else
		(void)snprintf(text, size, "max_authentication_age is %d s; "
		    "logged in %lld s ago", policy->max_authentication_age,
		    (long long)(now->wall - facts->authenticated_at));
}

static void
say_name(const struct gate_task *task, char *text, size_t size)
{
	const struct policy *policy = task->decision.policy;
	const struct facts *facts = &task->facts;

	switch (policy->remote_user) {
	case POLICY_REMOTE_USER_MAP:
		(void)snprintf(text, size, "remote_user is map; the account "
		    "of %s: %s", text_or_none(facts->user_id),
		    text_or_none(facts->account));
		break;
	case POLICY_REMOTE_USER_CLAIM:
		(void)snprintf(text, size, "remote_user is claim:%s",
		    text_or_none(policy->remote_user_claim));
		break;
	case POLICY_REMOTE_USER_SUB:
	default:
		(void)snprintf(text, size, "remote_user is sub: %s",
		    text_or_none(facts->user_id));
	}
}

/* The rule beside the fact that it asks for. */
static void
describe(enum decide_rule rule, const struct gate_task *task,
    const struct moment *now, char text[GATE_EXPLAIN_TEXT])
{
	const struct policy *policy = task->decision.policy;
	const struct facts *facts = &task->facts;
	const size_t size = GATE_EXPLAIN_TEXT;
	char wanted[WORDS_MAX], told[WORDS_MAX];

	switch (rule) {
	case DECIDE_AUDIENCE:
		join(&policy->audience, wanted);
		join(&facts->audience, told);
		(void)snprintf(text, size, "audience is %s; its aud: %s",
		    wanted, told);
		break;
	case DECIDE_CLIENTS:
		join(&policy->clients, wanted);
		(void)snprintf(text, size, "clients is %s; its client: %s",
		    policy->clients.count == 0 ? "any" : wanted,
		    text_or_none(facts->client_id));
		break;
	case DECIDE_ANONYMOUS_USERS:
		(void)snprintf(text, size, "anonymous_users is %s; it %s "
		    "anonymous", policy->anonymous_users ? "allow" : "refuse",
		    fact_text(facts->is_anonymous));
		break;
	case DECIDE_VERIFIED_ONLY:
		(void)snprintf(text, size, "verified_only is %s; it %s "
		    "verified", policy->verified_only ? "yes" : "no",
		    fact_text(facts->is_verified));
		break;
	case DECIDE_REQUIRE_ROLE:
		say_roles(policy, facts, text, size);
		break;
	case DECIDE_REQUIRE_SCOPE:
		join(&policy->require_scope, wanted);
		join(&facts->scopes, told);
		(void)snprintf(text, size, "require_scope is %s; its scopes: "
		    "%s", wanted, told);
		break;
	case DECIDE_MAX_AUTHENTICATION_AGE:
		say_age(policy, facts, now, text, size);
		break;
	case DECIDE_REMOTE_USER:
	case DECIDE_RULES:
	default:
		say_name(task, text, size);
	}
}

/* Of a name that came beside the credential. */
static void
say_account(const struct gate_task *task, const struct gate_explain *to)
{
	const int is_wrong = task->decision.reason == REASON_WRONG_ACCOUNT;

	if (task->credential.account != NULL &&
	    task->verdict.remote_user != NULL)
		gate_explain_facts_say(to, "rules", mark_of(is_wrong),
		    "it was brought for %s, and is of %s",
		    task->credential.account, task->verdict.remote_user);
}

void
gate_explain_facts_rules(const struct gate_task *task,
    const struct moment *now, const struct gate_explain *to)
{
	const struct policy *policy = task->decision.policy;
	enum reason reason = REASON_GRANTED;
	char text[GATE_EXPLAIN_TEXT];
	int i;

	for (i = 0; i < DECIDE_RULES && reason == REASON_GRANTED; i++) {
		reason = decide_rule((enum decide_rule)i, &task->facts, policy,
		    now, task->settings->leeway);
		describe((enum decide_rule)i, task, now, text);
		gate_explain_facts_say(to, "rules", mark_of(reason !=
		    REASON_GRANTED), "%s", text);
	}
	if (reason == REASON_GRANTED)
		say_account(task, to);
	else if (i < DECIDE_RULES)
		gate_explain_facts_say(to, "rules", GATE_EXPLAIN_SKIPPED,
		    "the rest, from %s on",
		    decide_rule_name((enum decide_rule)i));
}
