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
	const char *name;
	const char *params[4];
	int ret;
	const char *policy;
	int policy_twice;
	const char *authorization;
	const char *cookie;
} rows[] = {
	{ "nothing",
	    { NULL }, 0, NULL, 0, NULL, NULL },
	{ "a policy and a token",
	    { "AUTHGEAR_POLICY=p", AUTH }, 0, "p", 0, "Bearer x", NULL },
	{ "an empty policy",
	    { "AUTHGEAR_POLICY=" }, 0, "", 0, NULL, NULL },
	{ "a policy twice",
	    { "AUTHGEAR_POLICY=p", "AUTHGEAR_POLICY=p" }, 0, NULL, 1, NULL,
	    NULL },
	{ "two policies",
	    { "AUTHGEAR_POLICY=p", "AUTHGEAR_POLICY=q" }, 0, NULL, 1, NULL,
	    NULL },
	{ "a token twice",
	    { AUTH, AUTH }, -1, NULL, 0, NULL, NULL },
	{ "cookies twice",
	    { "HTTP_COOKIE=a=b", "HTTP_COOKIE=a=b" }, -1, NULL, 0, NULL, NULL },
	{ "a cookie",
	    { "HTTP_COOKIE=a=b" }, 0, NULL, 0, NULL, "a=b" },
	{ "an address twice",
	    { "REQUEST_URI=/", "REQUEST_URI=/" }, -1, NULL, 0, NULL, NULL },
	{ "a client twice",
	    { "REMOTE_ADDR=::1", "REMOTE_ADDR=::1" }, -1, NULL, 0, NULL, NULL },
	{ "two hosts",
	    { "HTTP_HOST=a", "HTTP_HOST=b" }, -1, NULL, 0, NULL, NULL },
	{ "a method twice",
	    { "REQUEST_METHOD=GET", "REQUEST_METHOD=GET" }, -1, NULL, 0, NULL,
	    NULL },
	{ "what is not read, twice",
	    { "HTTP_ACCEPT=a", "HTTP_ACCEPT=b" }, 0, NULL, 0, NULL, NULL },
	{ "a policy in lower case",
	    { "authgear_policy=p" }, 0, NULL, 0, NULL, NULL },
	{ "names like that of a policy",
	    { "AUTHGEAR_POLICY_=p", "XAUTHGEAR_POLICY=q" }, 0, NULL, 0, NULL,
	    NULL },
};

static int
is_same(const char *got, const char *wanted)
{
	return wanted == NULL ? got == NULL :
	    got != NULL && strcmp(got, wanted) == 0;
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
		if (authorize_question(&authorize, &settings, params,
		    &question, &reason, &error) != rows[i].ret)
			fail_msg("%s: %s", rows[i].name, error_text(&error));
		if (reason != REASON_REPLY_UNSENDABLE ||
		    (error.text[0] == '\0') != (rows[i].ret == 0))
			fail_msg("%s: %s, %s", rows[i].name,
			    reason_name(reason), error_text(&error));
		if (rows[i].ret == -1)
			continue;
		if (question.policy_name_twice != rows[i].policy_twice ||
		    !is_same(question.policy_name, rows[i].policy) ||
		    !is_same(question.authorization, rows[i].authorization) ||
		    !is_same(question.cookie, rows[i].cookie))
			fail_msg("%s: read otherwise", rows[i].name);
	}
}

/* Who names himself is refused, unless the policy named says otherwise. */
static void
test_forged(void **state)
{
	static const struct {
		const char *name;
		const char *params[4];
		int ret;
	} cases[] = {
		{ "no name",
		    { "AUTHGEAR_POLICY=strict" }, 0 },
		{ "an empty one",
		    { "AUTHGEAR_POLICY=strict", "HTTP_REMOTE_USER=" }, 0 },
		{ "one that is minded",
		    { "AUTHGEAR_POLICY=strict", "HTTP_REMOTE_USER=x" }, -1 },
		{ "one that is not",
		    { "AUTHGEAR_POLICY=behind", "HTTP_REMOTE_USER=x" }, 0 },
		{ "the policy behind it",
		    { "HTTP_REMOTE_USER=x", "AUTHGEAR_POLICY=behind" }, 0 },
		{ "an unknown policy",
		    { "AUTHGEAR_POLICY=none", "HTTP_REMOTE_USER=x" }, -1 },
		{ "an empty policy",
		    { "AUTHGEAR_POLICY=", "HTTP_REMOTE_USER=x" }, -1 },
		{ "no policy",
		    { "HTTP_REMOTE_USER=x" }, -1 },
		{ "the policy twice",
		    { "AUTHGEAR_POLICY=behind", "AUTHGEAR_POLICY=behind",
		    "HTTP_REMOTE_USER=x" }, -1 },
		/* before anything else that is wrong */
		{ "before a token twice",
		    { AUTH, AUTH, "HTTP_X_AUTHGEAR_USER_ID=x" }, -1 },
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
		if (authorize_question(&authorize, &settings, params,
		    &question, &reason, &error) != cases[i].ret)
			fail_msg("%s: %s", cases[i].name, error_text(&error));
		if (cases[i].ret == 0)
			continue;
		if (reason != REASON_FORGED_IDENTITY ||
		    strstr(error_text(&error), "it came as HTTP_") == NULL ||
		    strstr(error_text(&error), "=x") != NULL)
			fail_msg("%s: %s, %s", cases[i].name,
			    reason_name(reason), error_text(&error));
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
