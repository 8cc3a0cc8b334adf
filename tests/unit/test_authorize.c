#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/authorize.h"
#include "gate_world.h"

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

#define PAGE "000102030405060708090a0b0c0d0e0f"

/* One question of the world's token with this parameter beside it. */
static void
ask_beside(struct world *world, enum reply_role role, const char *beside,
    const char *page, struct reply *reply)
{
	static struct authorize_ids ids;
	char text[3][4096], *params[4] = { text[0], text[1], text[2], NULL };
	struct authorize_with with = { .params = params,
	    .now = &world->gate->now, .page = page };
	struct authorize authorize;
	struct web_question question;
	struct error error = { "" };
	enum reason reason;

	(void)strcpy(text[0], "AUTHGEAR_POLICY=default");
	(void)snprintf(text[1], sizeof(text[1]),
	    "HTTP_AUTHORIZATION=Bearer %s", world->jwt);
	(void)snprintf(text[2], sizeof(text[2]), "%s", beside);
	assert_int_equal(authorize_begin(&authorize, role, &ids), 0);
	(void)strcpy(authorize.id, "0123456789abcdef");
	assert_int_equal(authorize_question(&authorize, world->gate->settings,
	    params, &question, &reason, &error), 0);
	authorize_answer(&authorize, gate_fixture_question(world->gate,
	    &question), &with, reply);
}

/*
 * A grant depends on the policy and the credential alone, so that whoever has
 * it for the one may give it to the other: whatever else comes with a request
 * changes no byte of it.
 */
static void
test_promise(void **state)
{
	static const char *const beside[] = {
		"REMOTE_ADDR=192.0.2.1", "REMOTE_ADDR=2001:db8::1",
		"REMOTE_ADDR=nonsense", "REMOTE_PORT=1",
		"HTTP_HOST=other.example", "REQUEST_METHOD=DELETE",
		"REQUEST_METHOD=OPTIONS", "REQUEST_URI=/elsewhere?a=b",
		"SERVER_SOFTWARE=Apache/2.4", "SERVER_PROTOCOL=HTTP/2.0",
		"SERVER_PORT=443", "HTTPS=on", "REQUEST_SCHEME=https",
		"SERVER_NAME=other.example", "CONTENT_LENGTH=12",
		"HTTP_ORIGIN=https://evil.example", "HTTP_COOKIE=a=b",
		"HTTP_COOKIE=session=nobody", "HTTP_USER_AGENT=curl",
		"HTTP_ACCEPT=text/html", "HTTP_X_FORWARDED_FOR=192.0.2.1",
		"HTTP_X_ORIGINAL_URI=/", "HTTP_SEC_FETCH_MODE=navigate",
		"HTTP_RANGE=bytes=0-1", "HTTP_IF_NONE_MATCH=x",
		"QUERY_STRING=x", "HTTP_X_AUTHGEAR_USER_ID=",
		"AUTHGEAR_BASIC_USER="
	};
	struct world world = world_begin("validate = jwt\n");
	struct reply first, reply;
	size_t i;

	(void)state;
	ask_beside(&world, REPLY_RESPONDER, "OTHER=1", PAGE, &first);
	assert_non_null(strstr(first.text, "\r\nX-Authgear-Keep: 30 " PAGE
	    "\r\n"));
	for (i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		ask_beside(&world, REPLY_RESPONDER, beside[i], PAGE, &reply);
		if (strcmp(reply.text, first.text) != 0)
			fail_msg("%s: %s", beside[i], reply.text);
	}
	world_end(&world);
}

/* Who names himself is let in where the policy does not mind, and asks anew
 * each time. */
static void
test_not_kept(void **state)
{
	static const char *const beside[] = {
		"AUTHGEAR_FORGED_IDENTITY=1", "HTTP_X_AUTHGEAR_USER_ID=eve",
		"HTTP_REMOTE_USER=eve", "AUTHGEAR_BASIC_USER=eve"
	};
	struct world world = world_begin("validate = jwt\n");
	struct reply reply;
	size_t i;

	(void)state;
	world.gate->settings->policies[0]->client_identity = 1;
	for (i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		ask_beside(&world, REPLY_RESPONDER, beside[i], PAGE, &reply);
		assert_int_equal(reply.reason, REASON_GRANTED);
		if (strstr(reply.text, "Keep") != NULL)
			fail_msg("%s: %s", beside[i], reply.text);
	}
	/* nor anybody where no page says how long it counts */
	ask_beside(&world, REPLY_RESPONDER, "OTHER=1", NULL, &reply);
	assert_int_equal(reply.reason, REASON_GRANTED);
	assert_null(strcasestr(reply.text, "keep"));
	world_end(&world);
}

/* What hands all of its answer on is told nothing of it unless it asks. */
static void
test_note(void **state)
{
	static const char *const beside[] = {
		"OTHER=1", "AUTHGEAR_NOTE=", "HTTP_AUTHGEAR_NOTE=1",
		"AUTHGEAR_KEEP=30", "AUTHGEAR_NOTE_=1",
		"AUTHGEAR_FORGED_IDENTITY=1"
	};
	struct world world = world_begin("validate = jwt\n");
	struct reply reply;
	size_t i;

	(void)state;
	world.gate->settings->policies[0]->client_identity = 1;
	for (i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		ask_beside(&world, REPLY_AUTHORIZER, beside[i], PAGE, &reply);
		assert_int_equal(reply.reason, REASON_GRANTED);
		if (strcasestr(reply.text, "keep") != NULL)
			fail_msg("%s: %s", beside[i], reply.text);
	}
	ask_beside(&world, REPLY_AUTHORIZER, "AUTHGEAR_NOTE=any", NULL,
	    &reply);
	assert_null(strcasestr(reply.text, "keep"));
	ask_beside(&world, REPLY_AUTHORIZER, "AUTHGEAR_NOTE=any", PAGE,
	    &reply);
	assert_int_equal(reply.reason, REASON_GRANTED);
	assert_non_null(strstr(reply.text,
	    "\r\nVariable-AUTHGEAR_KEEP: 30 " PAGE "\r\n"));
	world_end(&world);
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
		cmocka_unit_test(test_promise),
		cmocka_unit_test(test_not_kept),
		cmocka_unit_test(test_note),
		cmocka_unit_test(test_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
