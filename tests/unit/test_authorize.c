#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/authorize.h"

#define AUTH "HTTP_AUTHORIZATION=Bearer x"

/* What is read of the parameters, and what is refused. */
static const struct row {
	const char *params[4];
	int ret;
	const char *policy;
	int policy_twice;
	const char *authorization;
	const char *cookie;
} rows[] = {
	{ { NULL }, 0, NULL, 0, NULL, NULL },
	{ { "AUTHGEAR_POLICY=p", AUTH }, 0, "p", 0, "Bearer x", NULL },
	{ { "AUTHGEAR_POLICY=" }, 0, "", 0, NULL, NULL },
	{ { "AUTHGEAR_POLICY=p", "AUTHGEAR_POLICY=p" }, 0, NULL, 1, NULL,
	    NULL },
	{ { "AUTHGEAR_POLICY=p", "AUTHGEAR_POLICY=q" }, 0, NULL, 1, NULL,
	    NULL },
	{ { AUTH, AUTH }, -1, NULL, 0, NULL, NULL },
	{ { "HTTP_COOKIE=a=b", "HTTP_COOKIE=a=b" }, -1, NULL, 0, NULL, NULL },
	{ { "HTTP_COOKIE=a=b" }, 0, NULL, 0, NULL, "a=b" },
	{ { "REQUEST_URI=/", "REQUEST_URI=/" }, -1, NULL, 0, NULL, NULL },
	{ { "REMOTE_ADDR=::1", "REMOTE_ADDR=::1" }, -1, NULL, 0, NULL, NULL },
	{ { "HTTP_HOST=a", "HTTP_HOST=b" }, -1, NULL, 0, NULL, NULL },
	{ { "REQUEST_METHOD=GET", "REQUEST_METHOD=GET" }, -1, NULL, 0, NULL,
	    NULL },
	{ { "HTTP_ACCEPT=a", "HTTP_ACCEPT=b" }, 0, NULL, 0, NULL, NULL },
	{ { "authgear_policy=p" }, 0, NULL, 0, NULL, NULL },
	{ { "AUTHGEAR_POLICY_=p", "XAUTHGEAR_POLICY=q" }, 0, NULL, 0, NULL,
	    NULL },
};

static void
expect_text(const char *got, const char *wanted)
{
	if (wanted == NULL)
		assert_null(got);
	else
		assert_string_equal(got, wanted);
}

static void
test_question(void **state)
{
	char text[4][64], *params[5];
	struct web_question question;
	struct authorize authorize;
	struct authorize_ids ids = { .left = 0 };
	struct settings settings = { .policy_count = 0 };
	enum reason reason;
	struct error error;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (j = 0; j < 4 && rows[i].params[j] != NULL; j++) {
			strcpy(text[j], rows[i].params[j]);
			params[j] = text[j];
		}
		params[j] = NULL;
		error_clear(&error);
		assert_int_equal(authorize_begin(&authorize,
		    REPLY_AUTHORIZER, &ids), 0);
		assert_int_equal(authorize_question(&authorize, &settings,
		    params, &question, &reason, &error), rows[i].ret);
		assert_int_equal(reason, REASON_REPLY_UNSENDABLE);
		assert_int_equal(error.text[0] == '\0', rows[i].ret == 0);
		if (rows[i].ret == -1)
			continue;
		expect_text(question.policy_name, rows[i].policy);
		assert_int_equal(question.policy_name_twice,
		    rows[i].policy_twice);
		expect_text(question.authorization, rows[i].authorization);
		expect_text(question.cookie, rows[i].cookie);
	}
}

/* Who names himself is refused, unless the policy named says otherwise. */
static void
test_forged(void **state)
{
	static const struct {
		const char *params[4];
		int ret;
	} cases[] = {
		{ { "AUTHGEAR_POLICY=strict" }, 0 },
		{ { "AUTHGEAR_POLICY=strict", "HTTP_REMOTE_USER=" }, 0 },
		{ { "AUTHGEAR_POLICY=strict", "HTTP_REMOTE_USER=x" }, -1 },
		{ { "AUTHGEAR_POLICY=behind", "HTTP_REMOTE_USER=x" }, 0 },
		{ { "HTTP_REMOTE_USER=x", "AUTHGEAR_POLICY=behind" }, 0 },
		{ { "AUTHGEAR_POLICY=none", "HTTP_REMOTE_USER=x" }, -1 },
		{ { "AUTHGEAR_POLICY=", "HTTP_REMOTE_USER=x" }, -1 },
		{ { "HTTP_REMOTE_USER=x" }, -1 },
		{ { "AUTHGEAR_POLICY=behind", "AUTHGEAR_POLICY=behind",
		    "HTTP_REMOTE_USER=x" }, -1 },
		/* before anything else that is wrong */
		{ { AUTH, AUTH, "HTTP_X_AUTHGEAR_USER_ID=x" }, -1 },
	};
	char strict_name[] = "strict", behind_name[] = "behind";
	struct policy strict = { .name = strict_name };
	struct policy behind = { .name = behind_name, .client_identity = 1 };
	struct policy *policies[] = { &strict, &behind };
	struct settings settings = { .policies = policies,
	    .policy_count = 2 };
	struct web_question question;
	struct authorize_ids ids = { .left = 0 };
	struct authorize authorize;
	char text[4][64], *params[5];
	struct error error;
	enum reason reason;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (j = 0; j < 4 && cases[i].params[j] != NULL; j++) {
			strcpy(text[j], cases[i].params[j]);
			params[j] = text[j];
		}
		params[j] = NULL;
		error_clear(&error);
		assert_int_equal(authorize_begin(&authorize,
		    REPLY_RESPONDER, &ids), 0);
		assert_int_equal(authorize_question(&authorize, &settings,
		    params, &question, &reason, &error), cases[i].ret);
		if (cases[i].ret == 0)
			continue;
		assert_int_equal(reason, REASON_FORGED_IDENTITY);
		assert_non_null(strstr(error_text(&error), "it came as HTTP_"));
		assert_null(strstr(error_text(&error), "=x"));
	}
}

static void
test_id(void **state)
{
	struct authorize_ids ids = { .left = 0 };
	struct authorize made[3 * AUTHORIZE_IDS];
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		assert_int_equal(authorize_begin(&made[i], i % 2 == 0 ?
		    REPLY_AUTHORIZER : REPLY_RESPONDER, &ids), 0);
		assert_int_equal(strlen(made[i].id), 16);
		assert_int_equal(strspn(made[i].id, "0123456789abcdef"), 16);
		for (j = 0; j < i; j++)
			assert_string_not_equal(made[i].id, made[j].id);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
