#include "config.h"

#include "fcgi/ask_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts/shape.h"
#include "gate/decide.h"
#include "gate/decision_log.h"

#define MEANING_SIZE 640
#define RETRY_BUSY 1		/* seconds */
#define NAME_MAX_SHOWN 128	/* bytes of a user id or an account */

/* For the log and for people: without blanks and quotes if it is a name. */
static void
copy_text(char *to, size_t size, const char *from, int is_name)
{
	unsigned char c;
	size_t i;

	for (i = 0; from[i] != '\0' && i + 1 < size; i++) {
		c = (unsigned char)from[i];
		to[i] = from[i];
		if (c < ' ' || c >= 0x7f || (is_name &&
		    (c == ' ' || c == '"' || c == '=')))
			to[i] = '?';
	}
	to[i] = '\0';
}

/* A password typed for a name is not shown. */
static void
copy_account(char *to, size_t size, const char *account)
{
	if (account == NULL)
		account = "-";
	else if (shape_is_in_name(account))
		account = "(looks-like-a-credential)";
	copy_text(to, size, account, 1);
}

/* Whose account it is, and what would change that. */
static void
say_wrong_account(const struct ask *ask, const struct decision *decision,
    char *text, size_t size)
{
	const char *what = decision->kind == CREDENTIAL_SESSION_COOKIE ?
	    "cookie" : "token";
	char user[NAME_MAX_SHOWN], wanted[NAME_MAX_SHOWN];
	char owned[NAME_MAX_SHOWN] = "";
	enum reason reason;
	char *name = NULL;

	copy_text(user, sizeof(user), decision->facts->user_id, 1);
	copy_account(wanted, sizeof(wanted), ask->account);
	name = decide_remote_user(decision->facts, decision->policy, &reason);
	if (name != NULL)
		copy_text(owned, sizeof(owned), name, 1);
	free(name);
	switch (decision->policy->remote_user) {
	case POLICY_REMOTE_USER_MAP:
		if (owned[0] == '\0')
			(void)snprintf(text, size, "the %s is of user %s, who "
			    "has no account, and the login is for %s: "
			    "'authgear-cache map add' changes that", what,
			    user, wanted);
		else
			(void)snprintf(text, size, "the %s is of user %s, "
			    "whose account is %s, and the login is for %s: "
			    "'authgear-cache map add' changes that", what,
			    user, owned, wanted);
		return;
	case POLICY_REMOTE_USER_CLAIM:
		(void)snprintf(text, size, "the %s is of user %s, whose "
		    "account is %s by the claim of the policy's remote_user, "
		    "and the login is for %s: the hook that makes the claim "
		    "changes that", what, user, owned, wanted);
		return;
	case POLICY_REMOTE_USER_SUB:
	default:
		(void)snprintf(text, size, "the %s is of user %s, which is the "
		    "account too (remote_user = sub), and the login is for "
		    "%s: remote_user = map gives users accounts of other "
		    "names", what, user, wanted);
		return;
	}
}

/* The one sentence about a refusal. */
static void
write_meaning(const struct ask *ask, const struct decision *decision,
    char meaning[MEANING_SIZE])
{
	char text[MEANING_SIZE];

	if (decision->reason == REASON_WRONG_ACCOUNT &&
	    decision->facts != NULL && decision->facts->user_id != NULL &&
	    decision->policy != NULL)
		say_wrong_account(ask, decision, text, sizeof(text));
	else if (decision->detail.text[0] != '\0')
		(void)snprintf(text, sizeof(text), "%s (%.200s)",
		    reason_sentence(decision->reason), decision->detail.text);
	else
		(void)snprintf(text, sizeof(text), "%s",
		    reason_sentence(decision->reason));
	copy_text(meaning, MEANING_SIZE, text, 0);
}

static void
log_call(const struct ask_call *call, const struct decision *decision,
    int is_limited, struct log *log, const struct moment *now)
{
	const struct ask *ask = &call->ask;
	char line[1280], whole[1792], account[NAME_MAX_SHOWN];

	decision_log_line(decision, call->id, line, sizeof(line));
	copy_account(account, sizeof(account), ask->account);
	(void)snprintf(whole, sizeof(whole), "%s asker=%ld phase=%s "
	    "account=%s service=%s client_address=%s", line, call->uid,
	    ask->is_account ? "account" : "auth", account,
	    ask->service[0] != '\0' ? ask->service : "-",
	    ask->address[0] != '\0' ? ask->address : "-");
	if (is_limited)
		log_refusal(log, decision->reason, now->boottime, whole);
	else
		log_say(log, LOG_LEVEL_INFO, "%s", whole);
}

void
ask_answer(const struct ask_call *call, const struct decision *decision,
    int log_grants, struct log *log, const struct moment *now,
    struct reply *reply)
{
	struct decision sent = *decision;
	char meaning[MEANING_SIZE];
	int is_good;

	write_meaning(&call->ask, decision, meaning);
	reply_ask(reply, decision, meaning, call->id);
	reply_say_omitted(reply, &sent.detail);
	/* the log says what the module was told */
	if (sent.reason == REASON_WRONG_ACCOUNT &&
	    sent.detail.text[0] == '\0')
		error_set(&sent.detail, "%s", meaning);
	if (reply->reason != sent.reason) {
		sent.reason = reply->reason;
		sent.verdict = reason_verdict(reply->reason);
		error_set(&sent.detail, "a name, role or scope of the token "
		    "cannot be put into the answer, or its user's name is too "
		    "long");
	}
	is_good = sent.verdict == VERDICT_GRANTED ||
	    sent.verdict == VERDICT_NOT_BLOCKED;
	if (is_good && !log_grants && reply->omitted == 0)
		return;
	log_call(call, &sent, !is_good || !log_grants, log, now);
}

void
ask_answer_refusal(const struct ask_call *call, enum reason reason,
    const char *detail, struct log *log, const struct moment *now,
    struct reply *reply)
{
	struct decision decision = {
		.verdict = reason_verdict(reason),
		.reason = reason,
		.retry_after = RETRY_BUSY
	};

	if (detail[0] != '\0')
		error_set(&decision.detail, "%s", detail);
	ask_answer(call, &decision, 0, log, now, reply);
}
