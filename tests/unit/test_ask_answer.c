#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/ask_answer.h"
#include "fcgi/ask_question.h"

#define OPAQUE "K7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu"
#define SESSION "1b4e28ba-2fa1-41d2-883f-0016d3cca427." OPAQUE
#define USER "6c0e1f3a-7be1-4f5e-9d55-0f9e8f1b7a11"

static char mail_name[] = "mail", user[] = USER, bob[] = "bob";
static struct policy mail = { .name = mail_name };
static struct policy *policies[] = { &mail };
static struct settings settings = { .policies = policies, .policy_count = 1,
    .max_credential = 16384 };

/* --- the question */

static void
test_question(void **state)
{
	static const struct {
		const char *name, *policy, *credential;
		int ret;
		enum reason reason;
		enum credential_kind kind;
	} rows[] = {
		{ "an opaque token",
		    "mail", OPAQUE, 0, 0, CREDENTIAL_OPAQUE_TOKEN },
		{ "a session",
		    "mail", SESSION, 0, 0, CREDENTIAL_SESSION_COOKIE },
		{ "a JWT",
		    "mail", "eyJh.eyJz.c2ln", 0, 0, CREDENTIAL_JWT },
		{ "nothing",
		    "mail", NULL, 0, 0, CREDENTIAL_NONE },
		{ "an unknown policy",
		    "web", OPAQUE, -1, REASON_POLICY_UNKNOWN, 0 },
		{ "a password",
		    "mail", "correct horse", -1, REASON_MALFORMED, 0 },
		{ "a cookie",
		    "mail", "session=" SESSION, -1, REASON_MALFORMED, 0 },
		{ "a JWT that was cut",
		    "mail", "eyJhbGciOiJSUzI1NiJ9.eyJz", -1,
		    REASON_TRUNCATED, 0 },
	};
	struct credential credential;
	struct decision decision;
	struct ask ask = { .account = "alice" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask.policy = rows[i].policy;
		ask.credential = rows[i].credential;
		if (ask_question(&ask, &settings, &credential, &decision) !=
		    rows[i].ret || credential.kind != rows[i].kind)
			fail_msg("%s: kind %d", rows[i].name,
			    (int)credential.kind);
		if (rows[i].ret == -1 && (decision.reason != rows[i].reason ||
		    decision.verdict != reason_verdict(rows[i].reason) ||
		    credential.text != NULL || decision.facts != NULL))
			fail_msg("%s: %s", rows[i].name,
			    reason_name(decision.reason));
		if (rows[i].ret == 0 && rows[i].credential != NULL &&
		    (credential.account == NULL ||
		    strcmp(credential.account, "alice") != 0))
			fail_msg("%s: of another account", rows[i].name);
		credential_clear(&credential);
	}
}

/* --- what a refusal means */

/* The sentence that the module gets, as it stands in the answer. */
static void
read_meaning(const struct ask *ask, const struct decision *decision,
    struct reply *reply, char meaning[REPLY_MAX])
{
	static const char name[] = "\r\nX-Authgear-Meaning: ";
	struct ask_call call = { .id = "0123456789abcdef", .ask = *ask };
	struct log *log = log_new(LOG_TO_STDERR, "test", NULL);
	const struct moment now = { .boottime = 1 };
	const char *line;

	assert_non_null(log);
	ask_answer(&call, decision, 0, log, &now, reply);
	log_free(log);
	line = strstr(reply->text, name);
	assert_non_null(line);
	line += sizeof(name) - 1;
	(void)snprintf(meaning, REPLY_MAX, "%.*s",
	    (int)(strstr(line, "\r\n") - line), line);
}

static void
test_wrong_account(void **state)
{
	struct facts facts = { .user_id = user, .account = bob };
	struct decision decision = { .reason = REASON_WRONG_ACCOUNT,
	    .verdict = VERDICT_FORBIDDEN, .policy = &mail, .facts = &facts };
	struct ask ask = { .account = "alice" };
	char meaning[REPLY_MAX], odd[] = "a\r\nb \"c";
	struct reply reply;

	(void)state;
	mail.remote_user = POLICY_REMOTE_USER_MAP;
	read_meaning(&ask, &decision, &reply, meaning);
	assert_string_equal(meaning, "the token is of user " USER ", whose "
	    "account is bob, and the login is for alice: 'authgear-cache map "
	    "add' changes that");
	decision.kind = CREDENTIAL_SESSION_COOKIE;
	facts.account = NULL;
	read_meaning(&ask, &decision, &reply, meaning);
	assert_string_equal(meaning, "the cookie is of user " USER ", who has "
	    "no account, and the login is for alice: 'authgear-cache map add' "
	    "changes that");
	mail.remote_user = POLICY_REMOTE_USER_SUB;
	read_meaning(&ask, &decision, &reply, meaning);
	assert_non_null(strstr(meaning, "remote_user = map"));
	assert_null(strstr(meaning, "map add"));
	/* what was typed for a name may be a password, or worse */
	ask.account = SESSION;
	read_meaning(&ask, &decision, &reply, meaning);
	assert_null(strstr(meaning, "K7dQ"));
	ask.account = odd;
	read_meaning(&ask, &decision, &reply, meaning);
	assert_non_null(strstr(meaning, "a??b??c"));
}

static void
test_meaning(void **state)
{
	struct decision decision = { .policy = &mail };
	struct ask ask = { .account = "alice" };
	char meaning[REPLY_MAX];
	struct reply reply;
	unsigned int i;

	(void)state;
	for (i = 0; i < REASON_NOT_BLOCKED; i++) {
		decision.reason = (enum reason)i;
		decision.verdict = reason_verdict(decision.reason);
		error_clear(&decision.detail);
		read_meaning(&ask, &decision, &reply, meaning);
		assert_string_equal(meaning,
		    reason_sentence(decision.reason));
		error_set(&decision.detail, "its\r\nStatus: 200 %0500d", 1);
		read_meaning(&ask, &decision, &reply, meaning);
		assert_null(strpbrk(meaning, "\r\n"));
		assert_non_null(strstr(meaning, "(its??Status"));
		assert_int_equal(reply.reason, i);
		assert_non_null(strstr(reply.text, "\r\nX-Authgear-Meaning: "));
		assert_null(strstr(reply.text, "\r\nStatus"));
		assert_null(strstr(reply.text, "Variable-"));
	}
}

static void
test_not_blocked(void **state)
{
	struct decision decision = { .policy = &mail,
	    .reason = REASON_NOT_BLOCKED, .verdict = VERDICT_NOT_BLOCKED };
	struct reply reply;

	(void)state;
	reply_ask(&reply, &decision, "", "0123456789abcdef");
	assert_string_equal(reply.text, "Status: 200 OK\r\n"
	    "Variable-AUTHGEAR_DECISION: not-blocked\r\n"
	    "Variable-AUTHGEAR_REQUEST_ID: 0123456789abcdef\r\n\r\n");
	/* it is nothing that a web server lets in, or that names anybody */
	reply_decision(&reply, REPLY_AUTHORIZER, &decision,
	    "0123456789abcdef");
	assert_int_equal(reply.reason, REASON_REPLY_UNSENDABLE);
	decision.remote_user = "alice";
	reply_ask(&reply, &decision, "", "0123456789abcdef");
	assert_int_equal(reply.reason, REASON_REPLY_UNSENDABLE);
	decision.remote_user = NULL;
	decision.verdict = VERDICT_GRANTED;
	reply_ask(&reply, &decision, "", "0123456789abcdef");
	assert_int_equal(reply.reason, REASON_REPLY_UNSENDABLE);
	decision.verdict = VERDICT_NOT_BLOCKED;
	decision.reason = REASON_GRANTED;
	reply_ask(&reply, &decision, "", "0123456789abcdef");
	assert_int_equal(reply.reason, REASON_REPLY_UNSENDABLE);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_wrong_account),
		cmocka_unit_test(test_meaning),
		cmocka_unit_test(test_not_blocked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
