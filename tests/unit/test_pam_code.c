#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <security/pam_modules.h>

#include "ground/reason.h"
#include "pam/code.h"

static struct answer answer;
static char why[512];

static void
fill(int status, const char *decision, const char *user, const char *reason)
{
	memset(&answer, 0, sizeof(answer));
	answer.status = status;
	if (decision != NULL)
		answer.fields[answer.count++] = (struct answer_field){
		    "Variable-AUTHGEAR_DECISION", decision };
	if (user != NULL)
		answer.fields[answer.count++] = (struct answer_field){
		    "Variable-REMOTE_USER", user };
	if (reason != NULL)
		answer.fields[answer.count++] = (struct answer_field){
		    "X-Authgear-Reason", reason };
}

static int
judge(const char *phase, const char *credential)
{
	const struct ask_question question = { .phase = phase,
	    .credential = credential, .account = "alice" };

	return code_judge(ASK_ANSWERED, &question, &answer, why,
	    sizeof(why));
}

/* The codes of each reason, in both phases; success for one answer alone. */
static void
test_reasons(void **state)
{
	unsigned int i;
	int code, wanted;

	(void)state;
	for (i = 0; i < REASON_NOT_BLOCKED; i++) {
		fill(reason_http_status(i), NULL, NULL, reason_name(i));
		switch (reason_verdict(i)) {
		case VERDICT_DENIED:
			wanted = PAM_AUTH_ERR;
			break;
		case VERDICT_FORBIDDEN:
			wanted = PAM_PERM_DENIED;
			break;
		case VERDICT_UNDECIDED:
		case VERDICT_NOT_BLOCKED:
		case VERDICT_GRANTED:
		default:
			wanted = PAM_AUTHINFO_UNAVAIL;
			break;
		}
		/* of a web server's listener, which was asked by mistake */
		if (i == REASON_NO_CREDENTIAL)
			wanted = PAM_SERVICE_ERR;
		else if (i == REASON_OUT_OF_MEMORY)
			wanted = PAM_BUF_ERR;
		else if (i == REASON_POLICY_MISSING ||
		    i == REASON_POLICY_UNKNOWN ||
		    i == REASON_SETTINGS_INVALID ||
		    i == REASON_REPLY_UNSENDABLE)
			wanted = PAM_SERVICE_ERR;
		code = judge("account", "x");
		assert_int_equal(code, wanted);
		code = judge("auth", "x");
		assert_int_equal(code, wanted == PAM_PERM_DENIED ?
		    PAM_AUTH_ERR : wanted);
		assert_non_null(strstr(why, reason_name(i)));
		/* under another status the same words mean nothing */
		answer.status = 200;
		assert_int_equal(judge("auth", "x"), PAM_AUTHINFO_UNAVAIL);
		answer.status = reason_http_status(i) + 1;
		assert_int_equal(judge("auth", "x"), PAM_AUTHINFO_UNAVAIL);
	}
}

static void
test_granted(void **state)
{
	static const struct {
		const char *name;
		int status;
		const char *decision, *user;
		int code;
	} rows[] = {
		{ "granted", 200, "granted", "alice", PAM_SUCCESS },
		{ "another spelling", 200, "granted", "Alice",
		    PAM_AUTHINFO_UNAVAIL },
		{ "a blank behind it", 200, "granted", "alice ",
		    PAM_AUTHINFO_UNAVAIL },
		{ "another account", 200, "granted", "root",
		    PAM_AUTHINFO_UNAVAIL },
		{ "an empty account", 200, "granted", "",
		    PAM_AUTHINFO_UNAVAIL },
		{ "no account", 200, "granted", NULL, PAM_AUTHINFO_UNAVAIL },
		{ "another spelling of granted", 200, "Granted", "alice",
		    PAM_AUTHINFO_UNAVAIL },
		{ "pass", 200, "pass", "alice", PAM_AUTHINFO_UNAVAIL },
		{ "not blocked", 200, "not-blocked", "alice",
		    PAM_AUTHINFO_UNAVAIL },
		{ "not blocked, nobody", 200, "not-blocked", NULL,
		    PAM_AUTHINFO_UNAVAIL },
		{ "no decision", 200, NULL, "alice", PAM_AUTHINFO_UNAVAIL },
		{ "status 201", 201, "granted", "alice", PAM_AUTHINFO_UNAVAIL },
		{ "status 204", 204, "granted", "alice", PAM_AUTHINFO_UNAVAIL },
		{ "status 302", 302, "granted", "alice", PAM_AUTHINFO_UNAVAIL },
		{ "status 401", 401, "granted", "alice", PAM_AUTHINFO_UNAVAIL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fill(rows[i].status, rows[i].decision, rows[i].user, NULL);
		if (judge("auth", "x") != rows[i].code ||
		    judge("account", "x") != rows[i].code)
			fail_msg("%s: %d, %d", rows[i].name,
			    judge("auth", "x"), judge("account", "x"));
	}
}

/* Without a credential nothing ever succeeds. */
static void
test_no_credential(void **state)
{
	(void)state;
	fill(200, "granted", "alice", NULL);
	assert_int_equal(judge("account", NULL), PAM_AUTHINFO_UNAVAIL);
	fill(200, "not-blocked", NULL, NULL);
	assert_int_equal(judge("account", NULL), PAM_IGNORE);
	fill(200, "not-blocked", "alice", NULL);
	assert_int_equal(judge("account", NULL), PAM_AUTHINFO_UNAVAIL);
	fill(403, NULL, NULL, "user-blocked");
	assert_int_equal(judge("account", NULL), PAM_PERM_DENIED);
	/* of a web server's listener, which was asked by mistake */
	fill(401, NULL, NULL, "no-credential");
	assert_int_equal(judge("account", NULL), PAM_SERVICE_ERR);
	assert_non_null(strstr(why, "serve=ask"));
	fill(403, NULL, NULL, "a-reason-of-tomorrow");
	assert_int_equal(judge("account", NULL), PAM_AUTHINFO_UNAVAIL);
	fill(403, NULL, NULL, NULL);
	assert_int_equal(judge("account", NULL), PAM_AUTHINFO_UNAVAIL);
	fill(200, NULL, NULL, "granted");
	assert_int_equal(judge("auth", "x"), PAM_AUTHINFO_UNAVAIL);
}

static void
test_not_answered(void **state)
{
	static const enum ask_result results[] = { ASK_NO_LISTENER,
	    ASK_FOREIGN, ASK_CLOSED, ASK_BROKEN, ASK_LATE };
	const struct ask_question question = { .phase = "auth",
	    .credential = "x", .account = "alice" };
	size_t i;

	(void)state;
	fill(200, "granted", "alice", NULL);
	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		assert_int_equal(code_judge(results[i], &question, &answer,
		    why, sizeof(why)), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(code_judge(ASK_NO_MEMORY, &question, &answer, why,
	    sizeof(why)), PAM_BUF_ERR);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_granted),
		cmocka_unit_test(test_no_credential),
		cmocka_unit_test(test_not_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
