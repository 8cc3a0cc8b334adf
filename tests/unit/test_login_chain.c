/* Attempts to log in one after the other, as a browser makes them: answer,
 * state, login_return, marker, answer. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/authorize.h"
#include "fcgi/login_return.h"
#include "web/login.h"

#define ENDPOINT "https://auth.example.test/oauth2/authorize"
#define FAILED "X-Authgear-Login-Failed: "

enum seen {
	SEEN_OTHER = 0,		/* no redirect and no page of ours */
	SEEN_LOGIN,		/* sent to log in */
	SEEN_PASSWORD,		/* likewise, with prompt=login */
	SEEN_EXPLAINED
};

/* One browser before one daemon. */
struct browser {
	enum reply_role role;
	struct policy policy;
	struct authorize_ids ids;
	struct login_attempts *attempts;
	struct log *log;
	struct moment now;
	char cookie[LOGIN_COOKIE_SIZE];	/* the marker that it keeps */
	char query[LOGIN_URL_MAX];	/* with which Authgear sends it back */
	struct reply reply;
};

static char client[] = "web", name[] = "default";
static char https_back[] = "https://www.example.test/authgear-login";
static char plain_back[] = "http://127.0.0.1:8080/authgear-login";
static char user_id[] = "u";

static void
browser_init(struct browser *browser, int number)
{
	memset(browser, 0, sizeof(*browser));
	browser->role = number % 2 == 0 ? REPLY_AUTHORIZER : REPLY_RESPONDER;
	browser->policy.name = name;
	browser->policy.login_client = client;
	browser->policy.login_return = number < 2 ? https_back : plain_back;
	browser->now.wall = 1800000000;
	assert_non_null(browser->attempts = login_attempts_new());
	assert_non_null(browser->log = log_new(LOG_TO_STDERR, "test", NULL));
}

static void
browser_end(struct browser *browser)
{
	login_attempts_free(browser->attempts);
	log_free(browser->log);
}

static void
answer(struct browser *browser, enum reason reason, const char *more)
{
	static const struct facts facts = { .user_id = user_id };
	struct decision decision = { .reason = reason,
	    .verdict = reason_verdict(reason), .policy = &browser->policy };
	char method[] = "REQUEST_METHOD=GET", uri[] = "REQUEST_URI=/a";
	char accept[] = "HTTP_ACCEPT=text/html", cookie[512], extra[128];
	char *params[] = { method, uri, accept, cookie, extra, NULL };
	const struct authorize_with with = { .params = params,
	    .endpoint = ENDPOINT, .attempts = browser->attempts,
	    .now = &browser->now, .log = browser->log };
	struct authorize authorize;

	if (reason == REASON_GRANTED) {
		decision.facts = &facts;
		decision.remote_user = user_id;
	}
	(void)snprintf(cookie, sizeof(cookie), "HTTP_COOKIE=a=b; %s",
	    browser->cookie);
	(void)snprintf(extra, sizeof(extra), "%s", more);
	assert_int_equal(authorize_begin(&authorize, browser->role,
	    &browser->ids), 0);
	authorize_answer(&authorize, &decision, &with, &browser->reply);
	assert_int_equal(browser->reply.reason, reason);
}

/* A page is asked for and answered for this reason. */
static enum seen
visit(struct browser *browser, enum reason reason)
{
	const int is_nginx = browser->role == REPLY_RESPONDER;
	const char *text = browser->reply.text, *state;

	answer(browser, reason, "X=1");
	if (strstr(text, is_nginx ? FAILED : "\n<p>") != NULL) {
		assert_non_null(strstr(text, login_sentence(reason)));
		return SEEN_EXPLAINED;
	}
	if (strstr(text, is_nginx ? "X-Authgear-Login: " ENDPOINT :
	    "Location: " ENDPOINT) == NULL)
		return SEEN_OTHER;
	state = strstr(text, "&state=");
	assert_non_null(state);
	(void)snprintf(browser->query, sizeof(browser->query), "%.*s",
	    (int)strcspn(state + 1, "&\r\n"), state + 1);
	return strstr(text, "&prompt=login") != NULL ? SEEN_PASSWORD :
	    SEEN_LOGIN;
}

static void
see(struct browser *browser, enum reason reason, enum seen wanted)
{
	enum seen seen = visit(browser, reason);

	if (seen != wanted)
		fail_msg("%s, role %d, %s: seen %d, not %d",
		    reason_name(reason), (int)browser->role,
		    browser->policy.login_return, (int)seen, (int)wanted);
}

/* Authgear sends it back, to login_return. */
static void
come_back(struct browser *browser)
{
	char method[] = "REQUEST_METHOD=GET", query[LOGIN_URL_MAX + 16];
	char *params[] = { method, query, NULL };
	const char *cookie;

	(void)snprintf(query, sizeof(query), "QUERY_STRING=%s",
	    browser->query);
	login_return_reply(&browser->reply, params, browser->now.wall);
	assert_non_null(strstr(browser->reply.text, "\r\nLocation: /a\r\n"));
	cookie = strstr(browser->reply.text, "\r\nSet-Cookie: ");
	assert_non_null(cookie);
	cookie += strlen("\r\nSet-Cookie: ");
	(void)snprintf(browser->cookie, sizeof(browser->cookie), "%.*s",
	    (int)strcspn(cookie, ";"), cookie);
}

typedef void scenario_fn(struct browser *);

/* By both roles, over https and http. */
static void
play(scenario_fn *scenario)
{
	struct browser browser;
	int number;

	for (number = 0; number < 4; number++) {
		browser_init(&browser, number);
		scenario(&browser);
		browser_end(&browser);
	}
}

static void
log_out(struct browser *browser)
{
	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
	come_back(browser);
	see(browser, REASON_GRANTED, SEEN_OTHER);
	browser->now.wall += 3;
	/* without the cookie, and with a dead one */
	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
	see(browser, REASON_NOT_LIVE, SEEN_LOGIN);
	come_back(browser);
	/* another account, which lacks a role */
	see(browser, REASON_ROLE_MISSING, SEEN_OTHER);
	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
	come_back(browser);
	see(browser, REASON_BUSY, SEEN_OTHER);
	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
}

static void
useless_login(struct browser *browser)
{
	static const enum reason reasons[] = { REASON_NO_CREDENTIAL,
	    REASON_NOT_LIVE, REASON_MALFORMED, REASON_CLIENT_REVOKED };
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		see(browser, reasons[i], SEEN_LOGIN);
		come_back(browser);
		see(browser, reasons[i], SEEN_EXPLAINED);
		/* a reload begins anew, and ends as soon */
		see(browser, reasons[i], SEEN_LOGIN);
		come_back(browser);
		see(browser, reasons[i], SEEN_EXPLAINED);
	}
}

static void
signed_out(struct browser *browser)
{
	int i;

	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
	come_back(browser);
	/* single sign-on brought the old login back */
	for (i = 0; i < LOGIN_ROUNDS_MAX; i++) {
		see(browser, REASON_SIGNED_OUT, SEEN_PASSWORD);
		come_back(browser);
	}
	see(browser, REASON_SIGNED_OUT, SEEN_EXPLAINED);
	see(browser, REASON_SIGNED_OUT, SEEN_PASSWORD);
	come_back(browser);
	see(browser, REASON_GRANTED, SEEN_OTHER);
	/* and once more within the minute */
	see(browser, REASON_SIGNED_OUT, SEEN_PASSWORD);
	come_back(browser);
	/* the new login does not reach the site at all */
	see(browser, REASON_NO_CREDENTIAL, SEEN_EXPLAINED);
}

static void
old_marker(struct browser *browser)
{
	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
	come_back(browser);
	browser->now.wall += LOGIN_MARKER_SECONDS + 1;
	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
	come_back(browser);
	/* the clock is set back */
	browser->now.wall -= LOGIN_MARKER_AHEAD + 1;
	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
	come_back(browser);
	see(browser, REASON_NO_CREDENTIAL, SEEN_EXPLAINED);
}

static void
two_tabs(struct browser *browser)
{
	char first[LOGIN_URL_MAX];
	int i;

	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
	strcpy(first, browser->query);
	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
	come_back(browser);
	/* the second tab's, and the first comes back before it asks */
	strcpy(browser->query, first);
	come_back(browser);
	see(browser, REASON_NO_CREDENTIAL, SEEN_EXPLAINED);
	/* the other tab starts over: once */
	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
	come_back(browser);
	see(browser, REASON_NO_CREDENTIAL, SEEN_EXPLAINED);
	/* the address of login_return again, by the back button */
	for (i = 0; i < 3; i++) {
		strcpy(browser->query, first);
		come_back(browser);
		see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
		come_back(browser);
		see(browser, REASON_NO_CREDENTIAL, SEEN_EXPLAINED);
	}
}

/* What is no page, or is another credential's, ends no attempt. */
static void
other_requests(struct browser *browser)
{
	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
	come_back(browser);
	answer(browser, REASON_NO_CREDENTIAL, "HTTP_SEC_FETCH_MODE=cors");
	answer(browser, REASON_BUSY, "HTTP_SEC_FETCH_MODE=cors");
	answer(browser, REASON_GRANTED, "HTTP_AUTHORIZATION=Bearer x");
	see(browser, REASON_NO_CREDENTIAL, SEEN_EXPLAINED);
	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
	come_back(browser);
	/* an image, by the cookie: the login has reached the site */
	answer(browser, REASON_GRANTED, "HTTP_SEC_FETCH_MODE=no-cors");
	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
}

/* A restart forgets what is over; then one page may be explained wrongly. */
static void
restart(struct browser *browser)
{
	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
	come_back(browser);
	see(browser, REASON_GRANTED, SEEN_OTHER);
	login_attempts_free(browser->attempts);
	assert_non_null(browser->attempts = login_attempts_new());
	see(browser, REASON_NO_CREDENTIAL, SEEN_EXPLAINED);
	see(browser, REASON_NO_CREDENTIAL, SEEN_LOGIN);
}

static void
test_log_out(void **state)
{
	(void)state;
	play(log_out);
}

static void
test_useless_login(void **state)
{
	(void)state;
	play(useless_login);
}

static void
test_signed_out(void **state)
{
	(void)state;
	play(signed_out);
}

static void
test_old_marker(void **state)
{
	(void)state;
	play(old_marker);
}

static void
test_two_tabs(void **state)
{
	(void)state;
	play(two_tabs);
}

static void
test_other_requests(void **state)
{
	(void)state;
	play(other_requests);
}

static void
test_restart(void **state)
{
	(void)state;
	play(restart);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_out),
		cmocka_unit_test(test_useless_login),
		cmocka_unit_test(test_signed_out),
		cmocka_unit_test(test_old_marker),
		cmocka_unit_test(test_two_tabs),
		cmocka_unit_test(test_other_requests),
		cmocka_unit_test(test_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
