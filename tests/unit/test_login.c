/* Which refusals a browser is sent to log in for, and where it comes back. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/login.h"

#define ENDPOINT "https://auth.example.test/oauth2/authorize"
#define BACK "https://www.example.test/authgear-login"

static char client[] = "a&b";
static char back[] = BACK;
static struct policy policy = { .login_client = client,
    .login_return = back };

static enum login_step
step(enum reason reason, const char *endpoint, char url[LOGIN_URL_MAX],
    const char *uri, const char *cookie, const char *more)
{
	const struct decision decision = { .reason = reason,
	    .verdict = reason_verdict(reason), .policy = &policy };
	char request[4096], cookies[256], extra[256];
	char method[] = "REQUEST_METHOD=GET", accept[] = "HTTP_ACCEPT=text/html";
	char *params[] = { request, cookies, extra, method, accept, NULL };
	struct login_page page;

	(void)snprintf(request, sizeof(request), "REQUEST_URI=%s", uri);
	(void)snprintf(cookies, sizeof(cookies), "HTTP_COOKIE=%s", cookie);
	(void)snprintf(extra, sizeof(extra), "%s", more);
	login_page_read(&page, params);
	return login_decide(&page, &decision, endpoint, url);
}

static void
redirects(void **state)
{
	char url[LOGIN_URL_MAX];

	(void)state;
	assert_int_equal(step(REASON_NO_CREDENTIAL, ENDPOINT, url,
	    "/a b?c=1&d=%2F#", "", "X=1"), LOGIN_REDIRECT);
	/* a blank or a fragment is in no request: "/" then */
	assert_string_equal(url, ENDPOINT "?response_type=none&scope=openid"
	    "&client_id=a%26b&redirect_uri=https%3A//www.example.test/"
	    "authgear-login&state=/");
	assert_int_equal(step(REASON_NOT_LIVE, ENDPOINT "?x=y", url,
	    "/a?c=1&d=%2F", "", "X=1"), LOGIN_REDIRECT);
	assert_non_null(strstr(url, ENDPOINT "?x=y&response_type=none"));
	assert_non_null(strstr(url, "&state=/a%3Fc%3D1%26d%3D%252F"));
	assert_null(strstr(url, "prompt"));
	assert_int_equal(step(REASON_SIGNED_OUT, ENDPOINT, url, "/a", "",
	    "X=1"), LOGIN_REDIRECT);
	assert_non_null(strstr(url, "&state=/a%23again&prompt=login"));
	assert_int_equal(step(REASON_REVOKED, ENDPOINT, url, "/a", "",
	    "X=1"), LOGIN_REDIRECT);
	assert_non_null(strstr(url, "&prompt=login"));
}

static void
only_denials_of_pages(void **state)
{
	static const enum reason never[] = { REASON_ROLE_MISSING,
	    REASON_USER_BLOCKED, REASON_RESOLVER_UNREACHABLE, REASON_BUSY,
	    REASON_STATE_UNREADABLE, REASON_SETTINGS_INVALID,
	    REASON_POLICY_MISSING, REASON_NEEDS_RESOLVER, REASON_GRANTED };
	static const char *const other[] = {
		"HTTP_AUTHORIZATION=Bearer x", "HTTP_SEC_FETCH_MODE=cors",
		"HTTP_SEC_FETCH_MODE=no-cors", "HTTP_SEC_FETCH_MODE=websocket",
	};
	char url[LOGIN_URL_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_int_equal(step(never[i], ENDPOINT, url, "/", "", "X=1"),
		    LOGIN_NOTHING);
	for (i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		assert_int_equal(step(REASON_NO_CREDENTIAL, ENDPOINT, url, "/",
		    "", other[i]), LOGIN_NOTHING);
	assert_int_equal(step(REASON_NO_CREDENTIAL, NULL, url, "/", "",
	    "X=1"), LOGIN_NOTHING);
	policy.login_client = NULL;
	assert_int_equal(step(REASON_NO_CREDENTIAL, ENDPOINT, url, "/", "",
	    "X=1"), LOGIN_NOTHING);
	policy.login_client = client;
}

static void
no_loop(void **state)
{
	char url[LOGIN_URL_MAX];

	(void)state;
	assert_int_equal(step(REASON_NO_CREDENTIAL, ENDPOINT, url, "/",
	    "a=1; " LOGIN_MARKER "=1", "X=1"), LOGIN_EXPLAIN);
	/* single sign-on brought an old login back: once by hand */
	assert_int_equal(step(REASON_SIGNED_OUT, ENDPOINT, url, "/",
	    LOGIN_MARKER "=1", "X=1"), LOGIN_REDIRECT);
	assert_int_equal(step(REASON_SIGNED_OUT, ENDPOINT, url, "/",
	    LOGIN_MARKER "=2", "X=1"), LOGIN_EXPLAIN);
	assert_int_equal(step(REASON_AUTHENTICATION_TOO_OLD, ENDPOINT, url,
	    "/", "b=2;" LOGIN_MARKER "=2", "X=1"), LOGIN_EXPLAIN);
	/* another cookie's name only ends so */
	assert_int_equal(step(REASON_NO_CREDENTIAL, ENDPOINT, url, "/",
	    "x" LOGIN_MARKER "=1", "X=1"), LOGIN_REDIRECT);
}

static void
long_paths(void **state)
{
	char url[LOGIN_URL_MAX], path[3000];
	size_t len;

	(void)state;
	for (len = 1; len < sizeof(path); len += 97) {
		memset(path, '%', len);
		path[0] = '/';
		path[len] = '\0';
		assert_int_equal(step(REASON_NO_CREDENTIAL, ENDPOINT, url, path,
		    "", "X=1"), LOGIN_REDIRECT);
		assert_true(strlen(url) < LOGIN_URL_MAX);
	}
	assert_non_null(strstr(url, "&state=/"));
	assert_null(strstr(url, "&state=/%"));
}

/* Where login_return sends a browser; "" if it does not. */
static const char *
where(const char *query, struct reply *reply)
{
	static char location[2100];
	char method[] = "REQUEST_METHOD=GET", text[9000];
	char *params[] = { method, text, NULL };
	const char *at;
	size_t len;

	(void)snprintf(text, sizeof(text), "QUERY_STRING=%s", query);
	login_return_reply(reply, params);
	location[0] = '\0';
	at = strstr(reply->text, "\r\nLocation: ");
	if (at == NULL)
		return location;
	at += strlen("\r\nLocation: ");
	len = strcspn(at, "\r\n");
	assert_true(len < sizeof(location));
	memcpy(location, at, len);
	location[len] = '\0';
	return location;
}

static void
hostile_states(void **state)
{
	static const char *const root[] = {
		"", "state", "state=", "state=x", "state=//evil", "state=%2F%2Fe",
		"state=/%5Cevil", "state=/\\evil", "state=http://evil",
		"state=/a%0D%0ASet-Cookie:x=y", "state=/a%00", "state=/a%",
		"state=/a%2", "state=/a%zz", "state=/a+b", "state=/%C3%A9",
		"state=/a&state=/b", "state=/%22x", "state=/%3Cb%3E",
		"state=%2523", "state=/a%23b", "xstate=/a", "state=#again",
		"state=//evil%23again",
	};
	struct reply reply;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(root) / sizeof(root[0]); i++)
		if (strcmp(where(root[i], &reply), "/") != 0)
			fail_msg("%s: %s", root[i], where(root[i], &reply));
	assert_string_equal(where("state=/a%3Fb%3D1&x=y", &reply), "/a?b=1");
	assert_non_null(strstr(reply.text, LOGIN_MARKER "=1; Max-Age=60"));
	assert_string_equal(where("x=1&state=/a%23again", &reply), "/a");
	assert_non_null(strstr(reply.text, LOGIN_MARKER "=2; Max-Age=60"));
	assert_string_equal(where("error=access_denied&state=/a", &reply), "");
	assert_non_null(strstr(reply.text, "Status: 403 "));
	assert_null(strstr(reply.text, "access_denied"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(redirects),
		cmocka_unit_test(only_denials_of_pages),
		cmocka_unit_test(no_loop),
		cmocka_unit_test(long_paths),
		cmocka_unit_test(hostile_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
