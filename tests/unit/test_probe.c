#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "fcgi/probe.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ID "0123456789abcdef"

/* One answer, as the transport hands it over. */
struct answer {
	enum exchange_outcome outcome;
	int was_closed;
	int status;
	const char *id, *second_id, *location;
};

static const struct answer ours = { EXCHANGE_ANSWERED, 0, 401, ID, NULL,
	NULL };

static void
keep(struct exchange *exchange, const char *name, const char *value)
{
	if (value != NULL)
		assert_int_equal(exchange_keep_header(exchange, name,
		    strlen(name), value, strlen(value)), 0);
}

static const struct probe_result *
add(struct probe_report *report, const struct probe_asking *asking,
    const char *url, const struct answer *answer)
{
	const struct probe_result *result;
	struct exchange *exchange;

	exchange = probe_ask_exchange(asking, url, "");
	assert_non_null(exchange);
	exchange->outcome = answer->outcome;
	exchange->was_closed = answer->was_closed;
	exchange->status = answer->status;
	keep(exchange, "x-authgear-request-id", answer->id);
	keep(exchange, "X-Authgear-Request-Id", answer->second_id);
	keep(exchange, "Location", answer->location);
	keep(exchange, "X-Authgear-Reason", "no-credential");
	if (answer->outcome != EXCHANGE_ANSWERED)
		error_set(&exchange->error, "it broke");
	result = probe_add(report, asking, exchange);
	exchange_free(exchange);
	return result;
}

#define STATUS(number) { EXCHANGE_ANSWERED, 0, number, NULL, NULL, NULL }
#define OURS(number) { EXCHANGE_ANSWERED, 0, number, ID, NULL, NULL }
#define WITH_ID(id) { EXCHANGE_ANSWERED, 0, 401, id, NULL, NULL }
#define TO(number, id, place) { EXCHANGE_ANSWERED, 0, number, id, NULL, place }
#define NONE(outcome, closed) { outcome, closed, 0, NULL, NULL, NULL }

/* What the method gets, where the unknown one got `unknown` without an id. */
static const struct {
	const char *name;
	const char *method;
	int unknown;		/* status; 0: a refusal of ours */
	struct answer answer;
	enum probe_verdict verdict;
	enum probe_why why;
} judged[] = {
	/* refusals of ours */
	{ "GET: our 401", "GET", 0,
	    OURS(401), PROBE_CLOSED, PROBE_REFUSED },
	{ "GET: our 400", "GET", 0,
	    OURS(400), PROBE_CLOSED, PROBE_REFUSED },
	{ "GET: our 403", "GET", 0,
	    OURS(403), PROBE_CLOSED, PROBE_REFUSED },
	{ "HEAD: our 500", "HEAD", 0,
	    OURS(500), PROBE_CLOSED, PROBE_REFUSED },
	{ "PROPFIND: our 503", "PROPFIND", 0,
	    OURS(503), PROBE_CLOSED, PROBE_REFUSED },
	{ "TRACE: our 401, unknown 501", "TRACE", 501,
	    OURS(401), PROBE_CLOSED, PROBE_REFUSED },
	{ "GET: our 302 to https://a/", "GET", 0,
	    TO(302, ID, "https://a/"), PROBE_CLOSED, PROBE_LOGIN },
	{ "GET: our 303 to /x", "GET", 0,
	    TO(303, ID, "/x"), PROBE_CLOSED, PROBE_LOGIN },
	/* our id, and no refusal */
	{ "GET: our 200", "GET", 0,
	    OURS(200), PROBE_OPEN, PROBE_ANSWERED },
	{ "PROPFIND: our 207", "PROPFIND", 0,
	    OURS(207), PROBE_OPEN, PROBE_ANSWERED },
	{ "GET: our 302", "GET", 0,
	    OURS(302), PROBE_OPEN, PROBE_ANSWERED },
	{ "GET: our 304", "GET", 0,
	    OURS(304), PROBE_OPEN, PROBE_ANSWERED },
	{ "GET: our 300 to /x", "GET", 0,
	    TO(300, ID, "/x"), PROBE_OPEN, PROBE_ANSWERED },
	{ "GET: our 201 to /x", "GET", 0,
	    TO(201, ID, "/x"), PROBE_OPEN, PROBE_ANSWERED },
	/* ids that are none of ours */
	{ "GET: an empty id", "GET", 0,
	    WITH_ID(""), PROBE_OPEN, PROBE_OTHER_REFUSES },
	{ "GET: a short id", "GET", 0,
	    WITH_ID("0123456789abcde"), PROBE_OPEN, PROBE_OTHER_REFUSES },
	{ "GET: a long id", "GET", 0,
	    WITH_ID("0123456789abcdef0"), PROBE_OPEN, PROBE_OTHER_REFUSES },
	{ "GET: an id in capitals", "GET", 0,
	    WITH_ID("0123456789ABCDEF"), PROBE_OPEN, PROBE_OTHER_REFUSES },
	{ "GET: an id that is not hex", "GET", 0,
	    WITH_ID("0123456789abcdeg"), PROBE_OPEN, PROBE_OTHER_REFUSES },
	{ "GET: an id and more", "GET", 0,
	    WITH_ID("0123456789abcdef,"), PROBE_OPEN, PROBE_OTHER_REFUSES },
	{ "GET: two ids", "GET", 0,
	    { EXCHANGE_ANSWERED, 0, 401, ID, ID, NULL },
	    PROBE_OPEN, PROBE_OTHER_REFUSES },
	{ "GET: our 503 of two ids", "GET", 0,
	    { EXCHANGE_ANSWERED, 0, 503, ID, "x", NULL },
	    PROBE_NOT_TOLD, PROBE_SERVER_FAILS },
	/* nobody's id */
	{ "GET: 200", "GET", 0,
	    STATUS(200), PROBE_OPEN, PROBE_ANSWERED },
	{ "HEAD: 204", "HEAD", 0,
	    STATUS(204), PROBE_OPEN, PROBE_ANSWERED },
	{ "OPTIONS: 204", "OPTIONS", 0,
	    STATUS(204), PROBE_OPEN, PROBE_ANSWERED },
	{ "PROPFIND: 207", "PROPFIND", 0,
	    STATUS(207), PROBE_OPEN, PROBE_ANSWERED },
	{ "TRACE: 200", "TRACE", 0,
	    STATUS(200), PROBE_OPEN, PROBE_ANSWERED },
	{ "GET: 404", "GET", 0,
	    STATUS(404), PROBE_OPEN, PROBE_ANSWERED },
	{ "GET: 410", "GET", 0,
	    STATUS(410), PROBE_OPEN, PROBE_ANSWERED },
	{ "GET: 429", "GET", 0,
	    STATUS(429), PROBE_OPEN, PROBE_ANSWERED },
	{ "GET: 401", "GET", 0,
	    STATUS(401), PROBE_OPEN, PROBE_OTHER_REFUSES },
	{ "GET: 403", "GET", 0,
	    STATUS(403), PROBE_OPEN, PROBE_OTHER_REFUSES },
	{ "GET: 403, unknown 403", "GET", 403,
	    STATUS(403), PROBE_OPEN, PROBE_OTHER_REFUSES },
	{ "GET: 302 to /login", "GET", 0,
	    TO(302, NULL, "/login"), PROBE_OPEN, PROBE_REDIRECTS },
	{ "GET: 301 to https://a/", "GET", 0,
	    TO(301, NULL, "https://a/"), PROBE_OPEN, PROBE_TO_HTTPS },
	{ "GET: 308 to HTTPS://a/", "GET", 0,
	    TO(308, NULL, "HTTPS://a/"), PROBE_OPEN, PROBE_TO_HTTPS },
	{ "GET: 301 to http://a/", "GET", 0,
	    TO(301, NULL, "http://a/"), PROBE_OPEN, PROBE_REDIRECTS },
	{ "GET: 302", "GET", 0,
	    STATUS(302), PROBE_OPEN, PROBE_ANSWERED },
	{ "GET: 304", "GET", 0,
	    STATUS(304), PROBE_OPEN, PROBE_ANSWERED },
	{ "GET: 500", "GET", 0,
	    STATUS(500), PROBE_NOT_TOLD, PROBE_SERVER_FAILS },
	{ "GET: 502", "GET", 0,
	    STATUS(502), PROBE_NOT_TOLD, PROBE_SERVER_FAILS },
	{ "TRACE: 503", "TRACE", 0,
	    STATUS(503), PROBE_NOT_TOLD, PROBE_SERVER_FAILS },
	{ "GET: 599", "GET", 0,
	    STATUS(599), PROBE_NOT_TOLD, PROBE_SERVER_FAILS },
	/* what a server says of methods by itself */
	{ "the unknown method: 501", PROBE_UNKNOWN, 0,
	    STATUS(501), PROBE_CLOSED, PROBE_NO_METHOD },
	{ "the unknown method: 400", PROBE_UNKNOWN, 0,
	    STATUS(400), PROBE_CLOSED, PROBE_NO_METHOD },
	{ "the unknown method: 404", PROBE_UNKNOWN, 0,
	    STATUS(404), PROBE_OPEN, PROBE_ANSWERED },
	{ "the unknown method: 200", PROBE_UNKNOWN, 0,
	    STATUS(200), PROBE_OPEN, PROBE_ANSWERED },
	{ "the unknown method: 502", PROBE_UNKNOWN, 0,
	    STATUS(502), PROBE_NOT_TOLD, PROBE_SERVER_FAILS },
	{ "TRACE: 405", "TRACE", 0,
	    STATUS(405), PROBE_CLOSED, PROBE_NO_METHOD },
	{ "TRACE: 405, unknown 501", "TRACE", 501,
	    STATUS(405), PROBE_CLOSED, PROBE_NO_METHOD },
	{ "TRACE: 403", "TRACE", 0,
	    STATUS(403), PROBE_OPEN, PROBE_OTHER_REFUSES },
	{ "PROPFIND: 405, unknown 405", "PROPFIND", 405,
	    STATUS(405), PROBE_CLOSED, PROBE_NO_METHOD },
	{ "PROPFIND: 501, unknown 501", "PROPFIND", 501,
	    STATUS(501), PROBE_CLOSED, PROBE_NO_METHOD },
	{ "OPTIONS: 400, unknown 400", "OPTIONS", 400,
	    STATUS(400), PROBE_CLOSED, PROBE_NO_METHOD },
	{ "PROPFIND: 405", "PROPFIND", 0,
	    STATUS(405), PROBE_OPEN, PROBE_ANSWERED },
	{ "OPTIONS: 400", "OPTIONS", 0,
	    STATUS(400), PROBE_OPEN, PROBE_ANSWERED },
	{ "PROPFIND: 405, unknown 501", "PROPFIND", 501,
	    STATUS(405), PROBE_OPEN, PROBE_ANSWERED },
	{ "PROPFIND: 501", "PROPFIND", 0,
	    STATUS(501), PROBE_NOT_TOLD, PROBE_SERVER_FAILS },
	{ "PROPFIND: 404, unknown 404", "PROPFIND", 404,
	    STATUS(404), PROBE_OPEN, PROBE_ANSWERED },
	{ "PROPFIND: 503, unknown 503", "PROPFIND", 503,
	    STATUS(503), PROBE_NOT_TOLD, PROBE_SERVER_FAILS },
	/* an address that takes POST alone shows nothing */
	{ "GET: 405, unknown 405", "GET", 405,
	    STATUS(405), PROBE_NOT_TOLD, PROBE_NO_READING },
	{ "HEAD: 400, unknown 400", "HEAD", 400,
	    STATUS(400), PROBE_NOT_TOLD, PROBE_NO_READING },
	{ "GET: 501, unknown 501", "GET", 501,
	    STATUS(501), PROBE_NOT_TOLD, PROBE_NO_READING },
	{ "GET: 405", "GET", 0,
	    STATUS(405), PROBE_OPEN, PROBE_ANSWERED },
	{ "GET: 400, unknown 501", "GET", 501,
	    STATUS(400), PROBE_OPEN, PROBE_ANSWERED },
	/* no answer, or none that is one */
	{ "GET: closed", "GET", 0,
	    NONE(EXCHANGE_UNREACHABLE, 1), PROBE_CLOSED, PROBE_SILENT },
	{ "GET: unreachable", "GET", 0,
	    NONE(EXCHANGE_UNREACHABLE, 0), PROBE_NOT_TOLD, PROBE_UNHEARD },
	{ "GET: unsent", "GET", 0,
	    NONE(EXCHANGE_UNSENT, 0), PROBE_NOT_TOLD, PROBE_UNHEARD },
	{ "GET: broken", "GET", 0,
	    NONE(EXCHANGE_FAULTY, 0), PROBE_OPEN, PROBE_BROKEN },
};

static void
answers_are_judged(void **state)
{
	struct probe_asking asking = { NULL, PROBE_NOTHING };
	const struct probe_result *result;
	struct probe_report report;
	struct answer unknown;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(judged); i++) {
		memset(&report, 0, sizeof(report));
		unknown = (struct answer)STATUS(judged[i].unknown);
		if (judged[i].unknown == 0)
			unknown = (struct answer)WITH_ID("fedcba9876543210");
		if (strcmp(judged[i].method, PROBE_UNKNOWN) != 0)
			add(&report, probe_ask_at(0), "http://a/", &unknown);
		asking.method = judged[i].method;
		result = add(&report, &asking, "http://a/",
		    &judged[i].answer);
		if (result->why != judged[i].why ||
		    probe_why_verdict(result->why) != judged[i].verdict ||
		    result->status != judged[i].answer.status)
			fail_msg("%s: %s, status %d", judged[i].name,
			    probe_why_name(result->why), result->status);
	}
}

static void
ids_come_once(void **state)
{
	static const struct answer other = WITH_ID("0123456789abcdee");
	struct probe_report report = { .count = 0 };

	(void)state;
	assert_int_equal(add(&report, probe_ask_at(0), "http://a/",
	    &ours)->why, PROBE_REFUSED);
	assert_int_equal(add(&report, probe_ask_at(1), "http://a/",
	    &other)->why, PROBE_REFUSED);
	assert_int_equal(add(&report, probe_ask_at(2), "http://a/",
	    &ours)->why, PROBE_STORED);
	assert_int_equal(probe_report_verdict(&report), PROBE_OPEN);
}

static void
https_is_no_way_to_https(void **state)
{
	static const struct answer redirect = TO(301, NULL, "https://b/");
	struct probe_report report = { .count = 0 };

	(void)state;
	assert_int_equal(add(&report, probe_ask_at(1), "https://a/",
	    &redirect)->why, PROBE_REDIRECTS);
}

/* What is not asked is not closed. */
static void
all_must_be_asked(void **state)
{
	struct answer refusal = ours;
	struct probe_report report = { .count = 0 };
	char id[32];
	size_t i;

	(void)state;
	refusal.id = id;
	assert_int_equal(probe_report_verdict(&report), PROBE_NOT_TOLD);
	for (i = 0; i < PROBE_ASKINGS; i++) {
		assert_int_equal(probe_report_verdict(&report),
		    PROBE_NOT_TOLD);
		(void)snprintf(id, sizeof(id), "%016zx", i);
		add(&report, probe_ask_at(i), "http://a/", &refusal);
	}
	assert_null(probe_ask_at(i));
	assert_int_equal(probe_report_verdict(&report), PROBE_CLOSED);
}

static void
hope_ends(void **state)
{
	static const struct answer unheard = NONE(EXCHANGE_UNREACHABLE, 0);
	static const struct answer silent = NONE(EXCHANGE_UNREACHABLE, 1);
	struct probe_report report = { .count = 0 };
	size_t i;

	(void)state;
	for (i = 0; i < PROBE_MAX_UNHEARD - 1; i++) {
		add(&report, probe_ask_at(i), "http://a/", &unheard);
		assert_int_equal(probe_is_hopeless(&report), 0);
	}
	add(&report, probe_ask_at(i++), "http://a/", &silent);
	add(&report, probe_ask_at(i++), "http://a/", &unheard);
	assert_int_equal(probe_is_hopeless(&report), 0);
	add(&report, probe_ask_at(i++), "http://a/", &unheard);
	add(&report, probe_ask_at(i++), "http://a/", &unheard);
	assert_int_equal(probe_is_hopeless(&report), 1);
}

/* How often a header of this name is sent. */
static size_t
sent(const struct exchange *exchange, const char *name)
{
	size_t i, found = 0;

	for (i = 0; i < exchange->header_count; i++)
		found += strcasecmp(exchange->headers[i].name, name) == 0;
	return found;
}

static void
what_is_brought(void **state)
{
	static const char *const names[][3] = {
		{ "X-Authgear-User-Id", "X_Authgear_User_Id",
		    "X.Authgear.User.Id" },
		{ "X-Authgear-Decision", "X_Authgear_Decision",
		    "X.Authgear.Decision" },
		{ "Remote-User", "Remote_User", "Remote.User" },
		{ "X-Remote-User", "X_Remote_User", "X.Remote.User" },
		{ "X-Forwarded-User", "X_Forwarded_User",
		    "X.Forwarded.User" },
	};
	const struct probe_asking *asking;
	struct exchange *exchange;
	size_t i, n, spelling;
	int all, wanted;

	(void)state;
	for (i = 0; (asking = probe_ask_at(i)) != NULL; i++) {
		exchange = probe_ask_exchange(asking, "http://a/", "p_");
		assert_non_null(exchange);
		assert_string_equal(exchange->method, asking->method);
		assert_int_equal(exchange->head_only, 1);
		assert_int_equal(sent(exchange, "Authorization"),
		    asking->brings == PROBE_BEARER);
		assert_int_equal(sent(exchange, "Cookie"),
		    asking->brings == PROBE_COOKIE);
		assert_int_equal(sent(exchange, "Origin"),
		    strcmp(asking->method, "OPTIONS") == 0);
		all = asking->brings == PROBE_FORGED_ALL;
		for (n = 0; n < COUNT(names); n++) {
			for (spelling = 0; spelling < 3; spelling++) {
				wanted = all || asking->brings ==
				    PROBE_FORGED + spelling;
				assert_int_equal(sent(exchange,
				    names[n][spelling]), wanted);
			}
		}
		/* an id that comes back must be the daemon's own */
		assert_int_equal(sent(exchange, "X-Authgear-Request-Id"), 0);
		exchange_free(exchange);
	}
	assert_int_equal(i, PROBE_ASKINGS);
}

static void
all_ways_are_asked(void **state)
{
	static const char *const methods[] = { "GET", "HEAD", "OPTIONS",
		"PROPFIND", "TRACE" };
	struct probe_report report = { .count = 0 };
	size_t i;

	(void)state;
	for (i = 0; i < PROBE_ASKINGS; i++) {
		/* none twice */
		assert_null(probe_find(&report, probe_ask_at(i)->method,
		    probe_ask_at(i)->brings));
		add(&report, probe_ask_at(i), "http://a/", &ours);
	}
	assert_non_null(probe_find(&report, PROBE_UNKNOWN, PROBE_NOTHING));
	for (i = 0; i < COUNT(methods); i++) {
		assert_non_null(probe_find(&report, methods[i],
		    PROBE_NOTHING));
		assert_non_null(probe_find(&report, methods[i],
		    PROBE_BEARER));
		assert_non_null(probe_find(&report, methods[i],
		    PROBE_COOKIE));
		if (i > 0)
			assert_non_null(probe_find(&report, methods[i],
			    PROBE_FORGED_ALL));
	}
	assert_non_null(probe_find(&report, "GET", PROBE_FORGED));
	assert_non_null(probe_find(&report, "GET", PROBE_FORGED_UNDERSCORE));
	assert_non_null(probe_find(&report, "GET", PROBE_FORGED_DOT));
}

static void
the_cookie_has_the_prefix(void **state)
{
	static const struct probe_asking asking = { "GET", PROBE_COOKIE };
	struct exchange *exchange;
	const char *value = "";
	char prefix[300];
	size_t i;

	(void)state;
	exchange = probe_ask_exchange(&asking, "http://a/", "p_");
	assert_non_null(exchange);
	for (i = 0; i < exchange->header_count; i++) {
		if (strcmp(exchange->headers[i].name, "Cookie") == 0)
			value = exchange->headers[i].value;
	}
	assert_true(strncmp(value, "app_session=", 12) == 0);
	assert_non_null(strstr(value, "; p_app_session="));
	exchange_free(exchange);
	memset(prefix, 'p', sizeof(prefix) - 1);
	prefix[sizeof(prefix) - 1] = '\0';
	assert_null(probe_ask_exchange(&asking, "http://a/", prefix));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_judged),
		cmocka_unit_test(ids_come_once),
		cmocka_unit_test(https_is_no_way_to_https),
		cmocka_unit_test(all_must_be_asked),
		cmocka_unit_test(hope_ends),
		cmocka_unit_test(what_is_brought),
		cmocka_unit_test(all_ways_are_asked),
		cmocka_unit_test(the_cookie_has_the_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
