/* Which refusals a browser is sent to log in for, and where it comes back. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/login_return.h"
#include "web/login.h"

#define ENDPOINT "https://auth.example.test/oauth2/authorize"
#define BACK "https://www.example.test/authgear-login"
#define NOW 1800000000
#define NONCE "0123456789abcdef"
#define OLD "fedcba9876543210"
#define MARKER "__Host-" LOGIN_MARKER "=" OLD ".1800000000."

static char client[] = "a&b";
static char back[] = BACK;
static char plain_back[] = "http://127.0.0.1/authgear-login";
static struct policy policy = { .login_client = client,
    .login_return = back };

/* What a browser asks for: the refusal, the page, one more parameter. */
struct asked {
	enum reason reason;
	const char *uri;
	const char *cookie;
	const char *more;
};

static enum login_step
step_of(const struct asked *asked, const char *endpoint,
    char url[LOGIN_URL_MAX])
{
	const struct decision decision = { .reason = asked->reason,
	    .verdict = reason_verdict(asked->reason), .policy = &policy };
	char request[4096], cookies[512], extra[256];
	char method[] = "REQUEST_METHOD=GET";
	char accept[] = "HTTP_ACCEPT=text/html";
	char *params[] = { request, cookies, extra, method, accept, NULL };
	struct login_page page;

	(void)snprintf(request, sizeof(request), "REQUEST_URI=%s",
	    asked->uri);
	(void)snprintf(cookies, sizeof(cookies), "HTTP_COOKIE=%s",
	    asked->cookie != NULL ? asked->cookie : "");
	(void)snprintf(extra, sizeof(extra), "%s",
	    asked->more != NULL ? asked->more : "X=1");
	login_page_read(&page, &policy, params, NOW);
	return login_decide(&page, &decision, endpoint, NONCE, url);
}

static enum login_step
step(enum reason reason, const char *uri, const char *cookie,
    char url[LOGIN_URL_MAX])
{
	const struct asked asked = { reason, uri, cookie, NULL };

	return step_of(&asked, ENDPOINT, url);
}

static void
redirects(void **state)
{
	const struct asked page = { REASON_NOT_LIVE, "/a?c=1&d=%2F", NULL,
	    NULL };
	char url[LOGIN_URL_MAX];

	(void)state;
	assert_int_equal(step(REASON_NO_CREDENTIAL, "/a b?c=1&d=%2F#", "",
	    url), LOGIN_REDIRECT);
	/* a blank or a fragment is in no request: "/" then */
	assert_string_equal(url, ENDPOINT "?response_type=none&scope=openid"
	    "&x_page=login&client_id=a%26b&redirect_uri=https%3A//"
	    "www.example.test/authgear-login&state=/%23s" NONCE ".0");
	assert_int_equal(step_of(&page, ENDPOINT "?x=y", url),
	    LOGIN_REDIRECT);
	assert_non_null(strstr(url, ENDPOINT "?x=y&response_type=none"));
	assert_non_null(strstr(url, "&state=/a%3Fc%3D1%26d%3D%252F%23s"
	    NONCE ".0"));
	assert_null(strstr(url, "prompt"));
	/* what must be by hand has x_page too: Authgear looks at both */
	assert_int_equal(step(REASON_SIGNED_OUT, "/a", "", url),
	    LOGIN_REDIRECT);
	assert_non_null(strstr(url, "&x_page=login"));
	assert_non_null(strstr(url, "&state=/a%23s" NONCE ".1&prompt=login"));
	assert_int_equal(step(REASON_REVOKED, "/a", "", url), LOGIN_REDIRECT);
	assert_non_null(strstr(url, "&prompt=login"));
	policy.login_return = plain_back;
	assert_int_equal(step(REASON_NOT_LIVE, "/a", "", url),
	    LOGIN_REDIRECT);
	assert_non_null(strstr(url, "&state=/a%23p" NONCE ".0"));
	policy.login_return = back;
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
	struct asked asked = { REASON_NO_CREDENTIAL, "/", "", NULL };
	char url[LOGIN_URL_MAX];
	size_t i;

	(void)state;
	assert_int_equal(step_of(&asked, NULL, url), LOGIN_NOTHING);
	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (step(never[i], "/", "", url) != LOGIN_NOTHING ||
		    step(never[i], "/", MARKER "0", url) != LOGIN_NOTHING)
			fail_msg("%s", reason_name(never[i]));
	}
	for (i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		asked.more = other[i];
		asked.cookie = i % 2 == 0 ? "" : MARKER "0";
		if (step_of(&asked, ENDPOINT, url) != LOGIN_NOTHING)
			fail_msg("%s", other[i]);
	}
	policy.login_client = NULL;
	assert_int_equal(step(REASON_NO_CREDENTIAL, "/", "", url),
	    LOGIN_NOTHING);
	policy.login_client = client;
}

/* Under the marker of an attempt that is not over. */
static void
came_back(void **state)
{
	static const struct {
		const char *name;
		enum reason reason;
		const char *cookie;
		enum login_step step;
		const char *rounds;	/* of the next attempt */
	} rows[] = {
		{ "no credential", REASON_NO_CREDENTIAL, "a=1; " MARKER "0",
		    LOGIN_EXPLAIN, NULL },
		{ "not live", REASON_NOT_LIVE, MARKER "0", LOGIN_EXPLAIN,
		    NULL },
		{ "two cookies", REASON_MALFORMED, MARKER "0", LOGIN_EXPLAIN,
		    NULL },
		{ "expired", REASON_EXPIRED, MARKER "2", LOGIN_EXPLAIN, NULL },
		{ "single sign-on brought an old login back: by hand",
		    REASON_SIGNED_OUT, MARKER "0", LOGIN_REDIRECT, ".1" },
		{ "a login too soon after signed out: once more",
		    REASON_SIGNED_OUT, MARKER "1", LOGIN_REDIRECT, ".2" },
		{ "and once more", REASON_SIGNED_OUT, MARKER "2",
		    LOGIN_REDIRECT, ".3" },
		{ "and no more", REASON_SIGNED_OUT, MARKER "3", LOGIN_EXPLAIN,
		    NULL },
		{ "revoked, a cookie behind", REASON_REVOKED, MARKER "2;b=2",
		    LOGIN_REDIRECT, ".3" },
		{ "revoked, no more, a cookie before", REASON_REVOKED,
		    "b=2;" MARKER "3", LOGIN_EXPLAIN, NULL },
		{ "too old, no more", REASON_AUTHENTICATION_TOO_OLD,
		    MARKER "3", LOGIN_EXPLAIN, NULL },
		{ "sent twice, the farthest last", REASON_SIGNED_OUT,
		    MARKER "1; " MARKER "3", LOGIN_EXPLAIN, NULL },
		{ "sent twice, the farthest first", REASON_SIGNED_OUT,
		    MARKER "3; " MARKER "1", LOGIN_EXPLAIN, NULL },
		{ "no marker, by its name", REASON_NO_CREDENTIAL,
		    "x" MARKER "0", LOGIN_REDIRECT, ".0" },
		{ "no marker, by its rounds", REASON_NO_CREDENTIAL,
		    MARKER "4", LOGIN_REDIRECT, ".0" },
		{ "no marker, signed out", REASON_SIGNED_OUT, MARKER "9",
		    LOGIN_REDIRECT, ".1" },
		{ "one that a sibling site can set", REASON_NO_CREDENTIAL,
		    LOGIN_MARKER "=" OLD ".1800000000.0", LOGIN_REDIRECT,
		    ".0" },
	};
	char url[LOGIN_URL_MAX], wanted[64];
	enum login_step got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		got = step(rows[i].reason, "/a", rows[i].cookie, url);
		if (got != rows[i].step)
			fail_msg("%s: %d", rows[i].name, (int)got);
		if (rows[i].step != LOGIN_REDIRECT)
			continue;
		(void)snprintf(wanted, sizeof(wanted), "&state=/a%%23s" NONCE
		    "%s", rows[i].rounds);
		if (strstr(url, wanted) == NULL)
			fail_msg("%s: %s, not %s", rows[i].name, url, wanted);
		if ((strstr(url, "&prompt=login") != NULL) !=
		    (rows[i].rounds[1] != '0'))
			fail_msg("%s: prompt: %s", rows[i].name, url);
	}
}

/* Which answers, other than a redirect, end an attempt. */
static void
answered(void **state)
{
	static const struct {
		const char *name;
		enum reason reason;
		int is_page;
		int has_authorization;
		int ends;
	} rows[] = {
		{ "a page", REASON_GRANTED, 1, 0, 1 },
		{ "a fetch by the cookie", REASON_GRANTED, 0, 0, 1 },
		{ "by another credential", REASON_GRANTED, 0, 1, 0 },
		{ "a page refused for a role", REASON_ROLE_MISSING, 1, 0, 1 },
		{ "a fetch refused for a role", REASON_ROLE_MISSING, 0, 0, 0 },
		{ "a page while busy", REASON_BUSY, 1, 0, 1 },
		{ "a fetch while busy", REASON_BUSY, 0, 0, 0 },
		{ "a fetch without any", REASON_NO_CREDENTIAL, 0, 0, 0 },
		{ "a fetch by another", REASON_NO_CREDENTIAL, 0, 1, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct decision decision = { .reason = rows[i].reason,
		    .verdict = reason_verdict(rows[i].reason) };
		const struct login_page page = { .is_page = rows[i].is_page,
		    .has_authorization = rows[i].has_authorization };

		if (login_is_answered(&page, &decision) != rows[i].ends)
			fail_msg("%s", rows[i].name);
	}
}

/* nginx prints them from a header, the others put them into HTML. */
static void
sentences(void **state)
{
	const char *sentence, *p;
	int reason;

	(void)state;
	for (reason = -1; reason <= REASON_COUNT; reason++) {
		sentence = login_sentence((enum reason)reason);
		assert_true(strlen(sentence) > 40);
		assert_true(strlen(sentence) <= LOGIN_SENTENCE_MAX);
		for (p = sentence; *p != '\0'; p++)
			if (*p < ' ' || *p > '~' || strchr("\"'$<>&\\%", *p))
				fail_msg("%s", sentence);
	}
	assert_non_null(strstr(login_sentence(REASON_NO_CREDENTIAL),
	    "cookie domain"));
	for (reason = 1; reason < REASON_COUNT; reason++)
		assert_null(strstr(login_sentence((enum reason)reason),
		    "cookie domain"));
	assert_non_null(strstr(login_sentence(REASON_SIGNED_OUT),
	    "signed you out"));
	assert_non_null(strstr(login_sentence(REASON_REVOKED), "revoked"));
	assert_non_null(strstr(login_sentence(REASON_MALFORMED),
	    "two different cookies"));
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
		assert_int_equal(step(REASON_NO_CREDENTIAL, path, "", url),
		    LOGIN_REDIRECT);
		assert_true(strlen(url) < LOGIN_URL_MAX);
	}
	assert_non_null(strstr(url, "&state=/%23s" NONCE ".0"));
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
	login_return_reply(reply, params, NOW);
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
		"", "state", "state=", "state=x", "state=//evil",
		"state=%2F%2Fe", "state=/%5Cevil", "state=/\\evil",
		"state=http://evil", "state=/a%0D%0ASet-Cookie:x=y",
		"state=/a%00", "state=/a%", "state=/a%2", "state=/a%zz",
		"state=/a+b", "state=/%C3%A9", "state=/a&state=/b",
		"state=/%22x", "state=/%3Cb%3E", "state=%2523", "state=/a%23b",
		"xstate=/a", "state=#again", "state=/a%23s" NONCE,
		"state=/a%23s" NONCE ".", "state=/a%23s" NONCE ".4",
		"state=/a%23s" NONCE ".0x", "state=/a%23s" NONCE "0.0",
		"state=/a%23x" NONCE ".0", "state=/a%23s0123456789ABCDEF.0",
		"state=/a%23p", "state=/a%23s%230123456789abcde.0",
		"state=/a%23" NONCE ".0",
		"state=/a%23p" NONCE ".0%23p" NONCE ".0",
	};
	struct reply reply;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(root) / sizeof(root[0]); i++) {
		if (strcmp(where(root[i], &reply), "/") != 0 ||
		    strstr(reply.text, "Set-Cookie") != NULL)
			fail_msg("%s: %s", root[i], reply.text);
	}
	/* an attempt like any other, but for its path */
	assert_string_equal(where("state=//evil%23s" NONCE ".0", &reply), "/");
	assert_string_equal(where("error=access_denied&state=/a", &reply), "");
	assert_non_null(strstr(reply.text, "Status: 403 "));
	assert_null(strstr(reply.text, "access_denied"));
}

static void
markers_set(void **state)
{
	char query[3 * LOGIN_PATH_MAX], path[LOGIN_PATH_MAX];
	struct reply reply;

	(void)state;
	assert_string_equal(where("state=/a%3Fb%3D1&x=y", &reply), "/a?b=1");
	assert_null(strstr(reply.text, "Set-Cookie"));
	assert_string_equal(where("x=1&state=/a%3Fb%23s" NONCE ".0", &reply),
	    "/a?b");
	assert_non_null(strstr(reply.text, "\r\nSet-Cookie: __Host-"
	    LOGIN_MARKER "=" NONCE ".1800000000.0; Max-Age=60; Path=/; "
	    "Secure; HttpOnly; SameSite=Lax\r\n"));
	assert_string_equal(where("state=/a%23p" NONCE ".3", &reply), "/a");
	assert_non_null(strstr(reply.text, "\r\nSet-Cookie: " LOGIN_MARKER
	    "=" NONCE ".1800000000.3; Max-Age=60; Path=/; HttpOnly; "
	    "SameSite=Lax\r\n"));
	/* the longest path that was kept has room for its attempt */
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[LOGIN_PATH_MAX - 1] = '\0';
	(void)snprintf(query, sizeof(query), "state=%s%%23p" NONCE ".0", path);
	assert_string_equal(where(query, &reply), path);
	assert_non_null(strstr(reply.text, "Set-Cookie: "));
	(void)snprintf(query, sizeof(query), "state=%sx%%23p" NONCE ".0",
	    path);
	assert_string_equal(where(query, &reply), "/");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(redirects),
		cmocka_unit_test(only_denials_of_pages),
		cmocka_unit_test(came_back),
		cmocka_unit_test(answered),
		cmocka_unit_test(sentences),
		cmocka_unit_test(long_paths),
		cmocka_unit_test(hostile_states),
		cmocka_unit_test(markers_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
