#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/probe_cause.h"
#include "fcgi/probe_url.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What some askings get; the others are refused by us. */
struct rule {
	const char *method;	/* NULL: no more rules */
	int brings;		/* -1: any */
	enum probe_why why;
};

static const char *const any = "*";

static const struct {
	const char *name;
	struct rule rules[4];
	enum probe_cause cause;
	const char *said;
} causes[] = {
	{ "all refused",
	    { { NULL, 0, 0 } }, PROBE_CAUSE_GUARDED, "refuses" },
	{ "all: silent",
	    { { any, -1, PROBE_SILENT } }, PROBE_CAUSE_SILENT, "no answer" },
	{ "TRACE: no method",
	    { { "TRACE", -1, PROBE_NO_METHOD } }, PROBE_CAUSE_GUARDED,
	    "refuses" },
	{ "all: login",
	    { { any, -1, PROBE_LOGIN } }, PROBE_CAUSE_GUARDED, "refuses" },
	/* not told */
	{ "all: the server fails",
	    { { any, -1, PROBE_SERVER_FAILS } }, PROBE_CAUSE_DAEMON,
	    "is the daemon up?" },
	{ "TRACE: no method; the rest: the server fails",
	    { { "TRACE", -1, PROBE_NO_METHOD },
	    { any, -1, PROBE_SERVER_FAILS } }, PROBE_CAUSE_DAEMON,
	    "is the daemon up?" },
	{ "GET with a cookie: the server fails",
	    { { "GET", PROBE_COOKIE, PROBE_SERVER_FAILS } },
	    PROBE_CAUSE_DAEMON, "is the daemon up?" },
	{ "all: unheard",
	    { { any, -1, PROBE_UNHEARD } }, PROBE_CAUSE_UNHEARD,
	    "cannot connect" },
	{ "GET: no reading; the rest: no method",
	    { { "GET", -1, PROBE_NO_READING }, { any, -1, PROBE_NO_METHOD } },
	    PROBE_CAUSE_NO_READING, "probe an address" },
	/* open */
	{ "all: answered",
	    { { any, -1, PROBE_ANSWERED } }, PROBE_CAUSE_NOBODY,
	    "not guarded" },
	{ "TRACE: no method; the rest: answered",
	    { { "TRACE", -1, PROBE_NO_METHOD }, { any, -1, PROBE_ANSWERED } },
	    PROBE_CAUSE_NOBODY, "error_page" },
	{ "GET: answered; HEAD: answered",
	    { { "GET", -1, PROBE_ANSWERED }, { "HEAD", -1, PROBE_ANSWERED } },
	    PROBE_CAUSE_PARTLY, "a cache" },
	{ "GET with a cookie: stored",
	    { { "GET", PROBE_COOKIE, PROBE_STORED } }, PROBE_CAUSE_CACHE,
	    "a cache" },
	{ "GET with a token: stored; the rest: answered",
	    { { "GET", PROBE_BEARER, PROBE_STORED },
	    { any, -1, PROBE_ANSWERED } }, PROBE_CAUSE_CACHE, "a cache" },
	{ "all bare: answered",
	    { { any, PROBE_NOTHING, PROBE_ANSWERED } }, PROBE_CAUSE_PASS,
	    "unauthenticated = pass" },
	{ "TRACE: no method; the rest bare: answered",
	    { { "TRACE", -1, PROBE_NO_METHOD },
	    { any, PROBE_NOTHING, PROBE_ANSWERED } }, PROBE_CAUSE_PASS,
	    "unauthenticated = pass" },
	{ "all bare: another refuses",
	    { { any, PROBE_NOTHING, PROBE_OTHER_REFUSES } }, PROBE_CAUSE_PASS,
	    "unauthenticated = pass" },
	{ "all bare: answered; the rest forged: answered",
	    { { any, PROBE_NOTHING, PROBE_ANSWERED },
	    { any, PROBE_FORGED, PROBE_ANSWERED } }, PROBE_CAUSE_PASS,
	    "forged identity headers pass as well" },
	{ "OPTIONS bare: answered",
	    { { "OPTIONS", PROBE_NOTHING, PROBE_ANSWERED } },
	    PROBE_CAUSE_PREFLIGHT, "cors_preflight = pass" },
	{ "OPTIONS: answered",
	    { { "OPTIONS", -1, PROBE_ANSWERED } }, PROBE_CAUSE_METHOD,
	    "OPTIONS: a module" },
	{ "PROPFIND: answered",
	    { { "PROPFIND", -1, PROBE_ANSWERED } }, PROBE_CAUSE_METHOD,
	    "PROPFIND: a module" },
	{ "PROPFIND: answered; OPTIONS: answered",
	    { { "PROPFIND", -1, PROBE_ANSWERED },
	    { "OPTIONS", -1, PROBE_ANSWERED } }, PROBE_CAUSE_METHOD,
	    "OPTIONS, PROPFIND: a module" },
	{ "HEAD: answered",
	    { { "HEAD", -1, PROBE_ANSWERED } }, PROBE_CAUSE_METHOD, "HEAD: " },
	{ "TRACE: answered",
	    { { "TRACE", -1, PROBE_ANSWERED } }, PROBE_CAUSE_TRACE,
	    "TraceEnable" },
	{ "the unknown method: answered",
	    { { PROBE_UNKNOWN, -1, PROBE_ANSWERED } }, PROBE_CAUSE_UNKNOWN,
	    "limit_except" },
	{ "GET forged: answered",
	    { { "GET", PROBE_FORGED, PROBE_ANSWERED } }, PROBE_CAUSE_FORGED,
	    "are believed" },
	{ "GET forged with dots: answered",
	    { { "GET", PROBE_FORGED_DOT, PROBE_ANSWERED } },
	    PROBE_CAUSE_FORGED, "are believed" },
	{ "PROPFIND forged in all ways: answered",
	    { { "PROPFIND", PROBE_FORGED_ALL, PROBE_ANSWERED } },
	    PROBE_CAUSE_FORGED, "are believed" },
	{ "GET forged with dots: another refuses",
	    { { "GET", PROBE_FORGED_DOT, PROBE_OTHER_REFUSES } },
	    PROBE_CAUSE_OTHER, "not authgear-fcgi" },
	{ "GET with a token: answered",
	    { { "GET", PROBE_BEARER, PROBE_ANSWERED } }, PROBE_CAUSE_BAD,
	    "a credential that is none" },
	{ "PROPFIND with a cookie: answered",
	    { { "PROPFIND", PROBE_COOKIE, PROBE_ANSWERED } }, PROBE_CAUSE_BAD,
	    "a credential that is none" },
	{ "all: another refuses",
	    { { any, -1, PROBE_OTHER_REFUSES } }, PROBE_CAUSE_OTHER,
	    "not authgear-fcgi" },
	{ "all: redirects",
	    { { any, -1, PROBE_REDIRECTS } }, PROBE_CAUSE_REDIRECT,
	    "no login of ours" },
	{ "all: to https",
	    { { any, -1, PROBE_TO_HTTPS } }, PROBE_CAUSE_HTTPS,
	    "probe the https address" },
	{ "all: broken",
	    { { any, -1, PROBE_BROKEN } }, PROBE_CAUSE_BROKEN,
	    "does not speak HTTP" },
	{ "GET: the server fails; PROPFIND: answered",
	    { { "GET", -1, PROBE_SERVER_FAILS },
	    { "PROPFIND", -1, PROBE_ANSWERED } }, PROBE_CAUSE_METHOD,
	    "PROPFIND: " },
};

static enum probe_why
why_of(const struct rule *rules, const struct probe_asking *asking)
{
	size_t i;

	for (i = 0; i < 4 && rules[i].method != NULL; i++) {
		if ((rules[i].method == any ||
		    strcmp(rules[i].method, asking->method) == 0) &&
		    (rules[i].brings == -1 ||
		    rules[i].brings == (int)asking->brings))
			return rules[i].why;
	}
	return PROBE_REFUSED;
}

static void
make_report(struct probe_report *report, const struct rule *rules)
{
	struct probe_result *result;

	memset(report, 0, sizeof(*report));
	for (; report->count < PROBE_ASKINGS; report->count++) {
		result = &report->results[report->count];
		result->asking = probe_ask_at(report->count);
		result->why = why_of(rules, result->asking);
		if (result->why == PROBE_UNHEARD)
			error_set(&result->error, "cannot connect");
	}
}

static void
causes_are_named(void **state)
{
	struct probe_report report;
	struct buffer text;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(causes); i++) {
		make_report(&report, causes[i].rules);
		if (probe_cause_of(&report) != causes[i].cause)
			fail_msg("%s: %s", causes[i].name,
			    probe_cause_name(probe_cause_of(&report)));
		buffer_init(&text, 4096);
		probe_cause_say(&report, NULL, &text);
		assert_int_equal(text.failed, 0);
		if (strstr(text.data, causes[i].said) == NULL)
			fail_msg("%s: %s", causes[i].name, text.data);
		buffer_clear(&text);
	}
}

/* Each has a name of its own. */
static void
names_are_unique(void **state)
{
	int i, j;

	(void)state;
	for (i = PROBE_CAUSE_NOBODY; i <= PROBE_CAUSE_SILENT; i++) {
		assert_non_null(probe_cause_name(i));
		for (j = PROBE_CAUSE_NOBODY; j < i; j++)
			assert_string_not_equal(probe_cause_name(i),
			    probe_cause_name(j));
	}
	for (i = PROBE_ANSWERED; i <= PROBE_NO_METHOD; i++) {
		assert_non_null(probe_why_text(i));
		for (j = PROBE_ANSWERED; j < i; j++)
			assert_string_not_equal(probe_why_name(i),
			    probe_why_name(j));
	}
}

static void
policies_are_named(void **state)
{
	static const struct rule pass[4] = {
		{ "GET", PROBE_NOTHING, PROBE_ANSWERED } };
	static const struct rule preflight[4] = {
		{ "OPTIONS", PROBE_NOTHING, PROBE_ANSWERED } };
	char names[][8] = { "one", "two", "three" };
	struct policy one = { .name = names[0] }, two = { .name = names[1] },
	    three = { .name = names[2] };
	struct policy *policies[] = { &one, &two, &three };
	struct settings settings = { .policies = policies,
		.policy_count = 3 };
	struct probe_report report;
	struct buffer text;

	(void)state;
	make_report(&report, pass);
	buffer_init(&text, 4096);
	probe_cause_say(&report, &settings, &text);
	assert_non_null(strstr(text.data, "no policy of these settings"));
	buffer_reset(&text);
	one.unauthenticated = three.unauthenticated = two.cors_preflight = 1;
	probe_cause_say(&report, &settings, &text);
	assert_non_null(strstr(text.data, " (policy one, three)"));
	buffer_reset(&text);
	make_report(&report, preflight);
	one.unauthenticated = 0;
	probe_cause_say(&report, &settings, &text);
	assert_non_null(strstr(text.data, " (policy two, three)"));
	buffer_clear(&text);
}

static const struct {
	const char *text;
	const char *url;	/* NULL: refused */
	const char *said;
} urls[] = {
	{ "http://a/", "http://a/", NULL },
	{ "http://a", "http://a/", NULL },
	{ "https://a?q=1", "https://a/?q=1", NULL },
	{ "HTTPS://A.Example/B/../C?D", "https://a.example/B/../C?D", NULL },
	{ "http://a:80/x", "http://a/x", NULL },
	{ "http://a:443/x", "http://a:443/x", NULL },
	{ "https://a:443", "https://a/", NULL },
	{ "https://a:8443/#part", "https://a:8443/", NULL },
	{ "http://a#part", "http://a/", NULL },
	{ "http://[::1]:8080/", "http://[::1]:8080/", NULL },
	{ "http://[2001:DB8::80]/", "http://[2001:db8::80]/", NULL },
	{ "http://127.0.0.1/@a:b@", "http://127.0.0.1/@a:b@", NULL },
	{ "http://a/%2e%2e//b;c", "http://a/%2e%2e//b;c", NULL },
	{ "", NULL, "begin with" },
	{ "a", NULL, "begin with" },
	{ "a/b", NULL, "begin with" },
	{ "//a/", NULL, "begin with" },
	{ "ftp://a/", NULL, "begin with" },
	{ "file:///etc/passwd", NULL, "begin with" },
	{ "http:/a", NULL, "begin with" },
	{ "http:a", NULL, "begin with" },
	{ " http://a/", NULL, "begin with" },
	{ "--help", NULL, "begin with" },
	{ "http://", NULL, "no host" },
	{ "http:///a", NULL, "no host" },
	{ "http://?a", NULL, "no host" },
	{ "http://:80/", NULL, "no host" },
	{ "http://a:/", NULL, "no host" },
	{ "http://a:0/", NULL, "no host" },
	{ "http://a:65536/", NULL, "no host" },
	{ "http://a:080/", NULL, "no host" },
	{ "http://a:8x/", NULL, "no host" },
	{ "http://a:80:80/", NULL, "no host" },
	{ "http://[::1/", NULL, "no host" },
	{ "http://[]/", NULL, "no host" },
	{ "http://::1/", NULL, "no host" },
	{ "http://[fe80::1%25eth0]/", NULL, "no host" },
	{ "http://a\\b/", NULL, "no host" },
	{ "http://a%2eb/", NULL, "no host" },
	{ "http://-a/", NULL, "no host" },
	{ "http://user@a/", NULL, "user name" },
	{ "http://user:secret@a/", NULL, "user name" },
	{ "https://@a/", NULL, "user name" },
	{ "http://a:b@", NULL, "user name" },
	{ "http://a/ b", NULL, "blanks" },
	{ "http://a b/", NULL, "blanks" },
	{ "http://a/\n", NULL, "blanks" },
	{ "http://a/\x7f", NULL, "blanks" },
	{ "http://\xc3\xa4/", NULL, "blanks" },
};

static void
urls_are_read(void **state)
{
	char url[PROBE_URL_MAX + 1], text[PROBE_URL_MAX + 10];
	struct error error;
	size_t i;
	int ret;

	(void)state;
	for (i = 0; i < COUNT(urls); i++) {
		error_clear(&error);
		ret = probe_url_read(urls[i].text, url, &error);
		if (ret != (urls[i].url != NULL ? 0 : -1) ||
		    strcmp(url, urls[i].url != NULL ? urls[i].url : "") != 0)
			fail_msg("%s: %d, %s", urls[i].text, ret, url);
		if (urls[i].url == NULL &&
		    (strstr(error_text(&error), urls[i].said) == NULL ||
		    strstr(error_text(&error), "secret") != NULL))
			fail_msg("%s: %s", urls[i].text, error_text(&error));
	}
	memset(text, 'a', sizeof(text));
	memcpy(text, "http://a/", 9);
	text[PROBE_URL_MAX] = '\0';
	assert_int_equal(probe_url_read(text, url, NULL), -1);
	text[PROBE_URL_MAX - 1] = '\0';
	assert_int_equal(probe_url_read(text, url, NULL), 0);
	assert_string_equal(url, text);
	memcpy(text, "http://aaaaaaaaa", 16);
	assert_int_equal(probe_url_read(text, url, NULL), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(causes_are_named),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(policies_are_named),
		cmocka_unit_test(urls_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
