/* Every answer of the resolver, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>

#include "facts/resolver.h"
#include "ground/json.h"
#include "recorded.h"

#define URL "http://127.0.0.1:3001/_resolver/resolve"
#define UUID "a5a97625-40ac-4d85-9207-0ad798b5a68f"
#define VALID "X-Authgear-Session-Valid: true\n"
#define WHO "X-Authgear-User-Id: u\n"
#define USER VALID WHO

static struct exchange *
answer_new(enum exchange_outcome outcome, int status)
{
	struct exchange *exchange = exchange_new(URL, RESOLVER_MAX_BODY);

	assert_non_null(exchange);
	exchange->outcome = outcome;
	exchange->status = status;
	return exchange;
}

/* "Name: value\n" lines; one blank behind the colon. */
static void
add_lines(struct exchange *exchange, const char *lines)
{
	const char *colon, *end;

	for (; *lines != '\0'; lines = end + 1) {
		colon = strchr(lines, ':');
		end = strchr(lines, '\n');
		assert_int_equal(exchange_keep_header(exchange, lines,
		    (size_t)(colon - lines), colon + 2,
		    (size_t)(end - colon - 2)), 0);
	}
}

static void
expect_empty(const struct facts *facts)
{
	static const struct facts none = {
		.issued_at = FACTS_NO_TIME, .expires_at = FACTS_NO_TIME,
		.not_before = FACTS_NO_TIME,
		.authenticated_at = FACTS_NO_TIME
	};

	assert_memory_equal(facts, &none, sizeof(none));
}

static char said[512];		/* of the last one */

/* Reads it, frees it, and looks that all but LIVE leaves nothing. */
static void
expect_exchange(struct exchange *exchange, enum resolver_answer wanted,
    const char *what)
{
	struct error error = { "" };
	struct facts facts;
	enum resolver_answer got;

	facts_init(&facts);
	got = resolver_read(exchange, &facts, &error);
	if (got != wanted)
		fail_msg("%s: %d, wanted %d (%s)", what, got, wanted,
		    error.text);
	if (got != RESOLVER_LIVE)
		expect_empty(&facts);
	(void)snprintf(said, sizeof(said), "%s", error.text);
	assert_int_equal(error.text[0] != '\0', got == RESOLVER_FAULT ||
	    got == RESOLVER_SERVER_ERROR || got == RESOLVER_UNREACHABLE ||
	    got == RESOLVER_LOCAL_FAULT);
	facts_clear(&facts);
	exchange_free(exchange);
}

static void
expect(const char *lines, enum resolver_answer wanted)
{
	struct exchange *exchange = answer_new(EXCHANGE_ANSWERED, 200);

	add_lines(exchange, lines);
	expect_exchange(exchange, wanted, lines);
}

/* A header with a value of `len` times `byte` beside a live user. */
static void
expect_long(const char *before, const char *name, char byte, size_t len,
    enum resolver_answer wanted)
{
	struct exchange *exchange = answer_new(EXCHANGE_ANSWERED, 200);
	char *value = malloc(len + 1);

	assert_non_null(value);
	memset(value, byte, len);
	value[len] = '\0';
	add_lines(exchange, before);
	assert_int_equal(exchange_keep_header(exchange, name, strlen(name),
	    value, len), 0);
	free(value);
	expect_exchange(exchange, wanted, name);
}

/* Header names of any case; every fact. */
static void
live(void **state)
{
	struct exchange *exchange = answer_new(EXCHANGE_ANSWERED, 200);
	struct error error = { "" };
	struct facts facts;

	(void)state;
	add_lines(exchange, "x-authgear-session-valid: true\n"
	    "X-AUTHGEAR-USER-ID: " UUID "\n"
	    "X-Authgear-User-Anonymous: false\n"
	    "X-Authgear-User-Verified: true\n"
	    "X-Authgear-User-Can-Reauthenticate: true\n"
	    "X-Authgear-User-Roles: staff,mail:read\n"
	    "X-Authgear-Session-Amr: pwd otp\n"
	    "X-Authgear-Session-Authenticated-At: 1795436393\n"
	    "X-Authgear-Something-New: \x01 true, true\n");
	facts_init(&facts);
	assert_int_equal(resolver_read(exchange, &facts, &error),
	    RESOLVER_LIVE);
	assert_string_equal(facts.user_id, UUID);
	assert_int_equal(facts.is_anonymous, FACT_NO);
	assert_int_equal(facts.is_verified, FACT_YES);
	assert_int_equal(facts.can_reauthenticate, FACT_YES);
	assert_int_equal(facts.has_roles, 1);
	assert_int_equal(facts.roles.count, 2);
	assert_string_equal(facts.roles.words[1], "mail:read");
	assert_int_equal(facts.has_amr, 1);
	assert_int_equal(facts.amr.count, 2);
	assert_string_equal(facts.amr.words[0], "pwd");
	assert_true(facts.authenticated_at == INT64_C(1795436393));
	assert_int_equal(facts.has_scopes, 0);
	assert_null(facts.client_id);
	assert_null(facts.token_id);
	assert_int_equal(facts.is_client, 0);
	assert_true(facts.expires_at == FACTS_NO_TIME);
	assert_true(facts.issued_at == FACTS_NO_TIME);
	facts_clear(&facts);
	exchange_free(exchange);
}

/* What is not told is absent; no roles is told by no header. */
static void
live_with_little(void **state)
{
	struct exchange *exchange = answer_new(EXCHANGE_ANSWERED, 200);
	struct error error = { "" };
	struct facts facts;

	(void)state;
	add_lines(exchange, USER "X-Authgear-Session-Amr: \n");
	facts_init(&facts);
	assert_int_equal(resolver_read(exchange, &facts, &error),
	    RESOLVER_LIVE);
	assert_string_equal(facts.user_id, "u");
	assert_int_equal(facts.is_anonymous, FACT_ABSENT);
	assert_int_equal(facts.is_verified, FACT_ABSENT);
	assert_int_equal(facts.can_reauthenticate, FACT_ABSENT);
	assert_int_equal(facts.has_roles, 1);
	assert_int_equal(facts.roles.count, 0);
	assert_int_equal(facts.has_amr, 1);
	assert_int_equal(facts.amr.count, 0);
	assert_true(facts.authenticated_at == FACTS_NO_TIME);
	facts_clear(&facts);
	exchange_free(exchange);
}

/* One by one beside a good user; `lines` is all of it if it is marked so. */
static void
answers(void **state)
{
	static const char *const faults[] = {
		/* the word itself */
		"X-Authgear-Session-Valid: True\n" WHO,
		"X-Authgear-Session-Valid: TRUE\n" WHO,
		"X-Authgear-Session-Valid:  true\n" WHO,
		"X-Authgear-Session-Valid: true \n" WHO,
		"X-Authgear-Session-Valid: true\t\n" WHO,
		"X-Authgear-Session-Valid: true, true\n" WHO,
		"X-Authgear-Session-Valid: true,false\n" WHO,
		"X-Authgear-Session-Valid: true;\n" WHO,
		"X-Authgear-Session-Valid: \"true\"\n" WHO,
		"X-Authgear-Session-Valid: tru\n" WHO,
		"X-Authgear-Session-Valid: truefalse\n" WHO,
		"X-Authgear-Session-Valid: 1\n" WHO,
		"X-Authgear-Session-Valid: yes\n" WHO,
		"X-Authgear-Session-Valid: \n" WHO,
		"X-Authgear-Session-Valid: \n",
		"X-Authgear-Session-Valid: False\n",
		"X-Authgear-Session-Valid: false \n",
		"X-Authgear-Session-Valid: 0\n",
		"X-Authgear-Session-Valid: \xff\n" WHO,
		/* no user */
		VALID, VALID "X-Authgear-User-Id: \n",
		VALID "X-Authgear-User-Roles: admin\n",
		VALID "X-Authgear-User-Id: a b\n",
		VALID "X-Authgear-User-Id:  a\n",
		VALID "X-Authgear-User-Id: a\tb\n",
		VALID "X-Authgear-User-Id: a\x01\n",
		VALID "X-Authgear-User-Id: a\x7f\n",
		VALID "X-Authgear-User-Id: \xc3\xa4\n",
		/* doubled, equal ones too */
		VALID VALID WHO, USER WHO,
		VALID "x-authgear-session-valid: true\n" WHO,
		VALID "X-Authgear-Session-Valid: false\n" WHO,
		"X-Authgear-Session-Valid: false\n" VALID WHO,
		USER "x-authgear-user-id: v\n",
		USER "X-Authgear-User-Roles: a\nX-Authgear-User-Roles: b\n",
		USER "X-Authgear-User-Anonymous: false\n"
		    "X-Authgear-User-Anonymous: false\n",
		USER "X-Authgear-User-Verified: true\n"
		    "X-Authgear-User-Verified: true\n",
		USER "X-Authgear-User-Can-Reauthenticate: true\n"
		    "X-Authgear-User-Can-Reauthenticate: true\n",
		USER "X-Authgear-Session-Amr: \nX-Authgear-Session-Amr: \n",
		USER "X-Authgear-Session-Authenticated-At: 1\n"
		    "X-Authgear-Session-Authenticated-At: 1\n",
		USER "X-Authgear-New: 1\nx-authgear-NEW: 1\n",
		"X-Authgear-New: 1\nX-Authgear-New: 2\n",
		"X-Authgear-Session-Valid: false\n"
		    "X-Authgear-Session-Valid: false\n",
		/* yes or no */
		USER "X-Authgear-User-Anonymous: \n",
		USER "X-Authgear-User-Anonymous: False\n",
		USER "X-Authgear-User-Anonymous: no\n",
		USER "X-Authgear-User-Verified: True\n",
		USER "X-Authgear-User-Verified:  true\n",
		USER "X-Authgear-User-Verified: true, true\n",
		USER "X-Authgear-User-Can-Reauthenticate: 1\n",
		USER "X-Authgear-User-Can-Reauthenticate: null\n",
		/* roles */
		USER "X-Authgear-User-Roles: \n",
		USER "X-Authgear-User-Roles: ,\n",
		USER "X-Authgear-User-Roles: a,\n",
		USER "X-Authgear-User-Roles: ,a\n",
		USER "X-Authgear-User-Roles: a,,b\n",
		USER "X-Authgear-User-Roles: a, b\n",
		USER "X-Authgear-User-Roles: a b\n",
		USER "X-Authgear-User-Roles: a\tb\n",
		USER "X-Authgear-User-Roles: a\x02\n",
		USER "X-Authgear-User-Roles: \xc3\xa4\n",
		/* how */
		USER "X-Authgear-Session-Amr:  \n",
		USER "X-Authgear-Session-Amr:  pwd\n",
		USER "X-Authgear-Session-Amr: pwd \n",
		USER "X-Authgear-Session-Amr: pwd  otp\n",
		USER "X-Authgear-Session-Amr: pwd\totp\n",
		USER "X-Authgear-Session-Amr: pwd\x1f\n",
		/* when */
		USER "X-Authgear-Session-Authenticated-At: \n",
		USER "X-Authgear-Session-Authenticated-At: -1\n",
		USER "X-Authgear-Session-Authenticated-At: +1\n",
		USER "X-Authgear-Session-Authenticated-At:  1\n",
		USER "X-Authgear-Session-Authenticated-At: 1.0\n",
		USER "X-Authgear-Session-Authenticated-At: 1e9\n",
		USER "X-Authgear-Session-Authenticated-At: 0x10\n",
		USER "X-Authgear-Session-Authenticated-At: 01\n",
		USER "X-Authgear-Session-Authenticated-At: 1 2\n",
		USER "X-Authgear-Session-Authenticated-At: now\n",
		USER "X-Authgear-Session-Authenticated-At: "
		    "9007199254740993\n",
		USER "X-Authgear-Session-Authenticated-At: "
		    "99999999999999999999\n",
		/* facts of nobody */
		WHO, "X-Authgear-User-Roles: a\n",
		"X-Authgear-Session-Amr: \n",
		"X-Authgear-Session-Valid: false\n" WHO,
		"X-Authgear-Session-Valid: false\n"
		    "X-Authgear-User-Roles: a\n",
		"X-Authgear-Session-Valid: false\n"
		    "X-Authgear-User-Anonymous: true\n",
		"X-Authgear-Session-Valid: false\n"
		    "X-Authgear-User-Verified: false\n",
		"X-Authgear-Session-Valid: false\n"
		    "X-Authgear-User-Can-Reauthenticate: false\n",
		"X-Authgear-Session-Valid: false\n"
		    "X-Authgear-Session-Authenticated-At: 1\n",
		"X-Authgear-Session-Valid: false\n"
		    "X-Authgear-Session-Amr: \n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		expect(faults[i], RESOLVER_FAULT);
	expect(USER, RESOLVER_LIVE);
	expect(WHO VALID, RESOLVER_LIVE);
	expect(USER "X-Authgear-User-Anonymous: false\n", RESOLVER_LIVE);
	expect(USER "X-Authgear-Session-Authenticated-At: 0\n",
	    RESOLVER_LIVE);
	expect(USER "X-Authgear-Session-Authenticated-At: "
	    "9007199254740992\n", RESOLVER_LIVE);
	expect(USER "X-Authgear-User-Roles: a,a\n", RESOLVER_LIVE);
	expect("X-Authgear-Session-Valid: false\n", RESOLVER_NOT_LIVE);
	expect("X-Authgear-Session-Valid: false\nX-Authgear-New: 1\n",
	    RESOLVER_NOT_LIVE);
	expect("", RESOLVER_ABSENT);
	expect("X-Authgear-New: 1\n", RESOLVER_ABSENT);
	/* whoever keeps more than is asked for does no harm */
	expect("Date: x\nDate: x\n", RESOLVER_ABSENT);
	expect("Session-Valid: true\nUser-Id: a\n", RESOLVER_ABSENT);
}

static void
sizes(void **state)
{
	static const char roles[] = "X-Authgear-User-Roles";
	static const char amr[] = "X-Authgear-Session-Amr";
	char text[3 * 257 + 64];
	size_t count, i, len;

	(void)state;
	expect_long(VALID, "X-Authgear-User-Id", 'a', 255, RESOLVER_LIVE);
	expect_long(VALID, "X-Authgear-User-Id", 'a', 256, RESOLVER_FAULT);
	assert_non_null(strstr(said, "X-Authgear-User-Id of over 255 "
	    "characters"));
	expect_long(VALID, "X-Authgear-User-Id", 'a', 60000, RESOLVER_FAULT);
	expect_long(WHO, "X-Authgear-Session-Valid", 't', 60000,
	    RESOLVER_FAULT);
	expect_long(USER, roles, 'a', 100, RESOLVER_LIVE);
	expect_long(USER, roles, 'a', 101, RESOLVER_FAULT);
	assert_non_null(strstr(said, "X-Authgear-User-Roles of over 100 "
	    "characters in a word"));
	expect_long(USER, roles, ',', 60000, RESOLVER_FAULT);
	expect_long(USER, amr, 'a', 100, RESOLVER_LIVE);
	expect_long(USER, amr, 'a', 101, RESOLVER_FAULT);
	expect_long(USER, "X-Authgear-User-Anonymous", 't', 60000,
	    RESOLVER_FAULT);
	expect_long(USER, "X-Authgear-Session-Authenticated-At", '1', 60000,
	    RESOLVER_FAULT);
	for (count = 256; count <= 257; count++) {
		len = (size_t)snprintf(text, sizeof(text), USER "%s: a",
		    roles);
		for (i = 1; i < count; i++)
			len += (size_t)snprintf(text + len,
			    sizeof(text) - len, ",b");
		snprintf(text + len, sizeof(text) - len, "\n");
		expect(text, count == 256 ? RESOLVER_LIVE : RESOLVER_FAULT);
	}
	assert_string_equal(said, "the resolver answers with a "
	    "X-Authgear-User-Roles of over 256 words");
}

/* Whatever the headers say. */
static void
statuses(void **state)
{
	static const int faults[] = { 0, 100, 199, 201, 202, 204, 206, 301,
	    302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 429, 499, 600,
	    999 };
	static const int errors[] = { 500, 501, 502, 503, 504, 599 };
	struct exchange *exchange;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		exchange = answer_new(EXCHANGE_ANSWERED, faults[i]);
		add_lines(exchange, USER);
		expect_exchange(exchange, RESOLVER_FAULT, faults[i] == 429 ?
		    "limits how often" : "resolver_url");
	}
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		exchange = answer_new(EXCHANGE_ANSWERED, errors[i]);
		add_lines(exchange, USER);
		assert_int_equal(buffer_append_string(&exchange->body,
		    "{\"error\":{}}"), 0);
		expect_exchange(exchange, RESOLVER_SERVER_ERROR, "status");
	}
	exchange = answer_new(EXCHANGE_ANSWERED, 200);
	add_lines(exchange, USER);
	assert_int_equal(buffer_append(&exchange->body, "\n", 1), 0);
	expect_exchange(exchange, RESOLVER_FAULT, "a body");
	exchange = answer_new(EXCHANGE_ANSWERED, 200);
	assert_int_equal(buffer_append(&exchange->body, "", 1), 0);
	expect_exchange(exchange, RESOLVER_FAULT, "a body, no header");
	exchange = answer_new(EXCHANGE_UNREACHABLE, 200);
	add_lines(exchange, USER);
	error_set(&exchange->error, "timeout");
	expect_exchange(exchange, RESOLVER_UNREACHABLE, "unreachable");
	exchange = answer_new(EXCHANGE_FAULTY, 200);
	add_lines(exchange, USER);
	expect_exchange(exchange, RESOLVER_FAULT, "faulty");
	exchange = answer_new(EXCHANGE_FAULTY, 500);
	expect_exchange(exchange, RESOLVER_FAULT, "faulty 500");
	exchange = answer_new(EXCHANGE_UNSENT, 200);
	add_lines(exchange, USER);
	expect_exchange(exchange, RESOLVER_FAULT, "unsent");
	exchange = answer_new(EXCHANGE_LOCAL_FAULT, 200);
	add_lines(exchange, USER);
	error_set(&exchange->error, "no thread");
	expect_exchange(exchange, RESOLVER_LOCAL_FAULT, "local fault");
	exchange = answer_new(EXCHANGE_LOCAL_FAULT, 503);
	error_set(&exchange->error, "no memory");
	expect_exchange(exchange, RESOLVER_LOCAL_FAULT, "local fault, 503");
}

/* The response of a recording, as the transport would hand it over. */
static struct exchange *
replay(const struct json *response)
{
	struct exchange *exchange = answer_new(EXCHANGE_ANSWERED, 0);
	const struct json *headers, *pair;
	const char *body, *name, *value;
	int64_t status;
	size_t i;

	assert_int_equal(json_find_seconds(response, "status", &status),
	    JSON_FOUND);
	exchange->status = (int)status;
	assert_int_equal(json_find_string(response, "body", &body),
	    JSON_FOUND);
	assert_int_equal(buffer_append_string(&exchange->body, body), 0);
	assert_int_equal(json_find_array(response, "headers", &headers),
	    JSON_FOUND);
	for (i = 0; i < json_array_length(headers); i++) {
		pair = json_array_at(headers, i);
		name = json_string_of(json_array_at(pair, 0));
		value = json_string_of(json_array_at(pair, 1));
		if (strncasecmp(name, "x-authgear-", 11) != 0)
			continue;
		assert_int_equal(exchange_keep_header(exchange, name,
		    strlen(name), value, strlen(value)), 0);
	}
	return exchange;
}

/* What the answer says by itself; the facts are looked at in live(). */
static void
recorded_cases(void **state)
{
	struct json *json;
	const struct json *array, *one;
	struct exchange *exchange;
	struct error error = { "" };
	struct facts facts;
	const char *row, *word;
	size_t i, cases = 0, count[RESOLVER_UNREACHABLE + 1] = { 0 };
	enum resolver_answer answer, wanted;

	(void)state;
	json = recorded_exchanges("exchanges.json", &array);
	for (i = 0; i < json_array_length(array); i++) {
		one = json_array_at(array, i);
		if (json_find_string(one, "row", &row) != JSON_FOUND)
			continue;
		cases++;
		exchange = replay(recorded_object(one, "response"));
		wanted = RESOLVER_ABSENT;
		if (exchange_find_kept(exchange, "x-authgear-session-valid",
		    &word) == 1)
			wanted = strcmp(word, "true") == 0 ? RESOLVER_LIVE :
			    RESOLVER_NOT_LIVE;
		facts_init(&facts);
		answer = resolver_read(exchange, &facts, &error);
		if (answer != wanted)
			fail_msg("row %s: %d", row, answer);
		count[answer]++;
		if (answer == RESOLVER_LIVE) {
			assert_int_equal(strlen(facts.user_id), 36);
			assert_int_equal(facts.is_anonymous, FACT_NO);
			assert_int_equal(facts.is_verified, FACT_NO);
			assert_int_equal(facts.can_reauthenticate, FACT_YES);
			assert_int_equal(facts.has_amr, 1);
			assert_int_equal(facts.amr.count, 0);
			assert_true(facts.authenticated_at > 1795000000);
		} else
			expect_empty(&facts);
		facts_clear(&facts);
		exchange_free(exchange);
	}
	json_free(json);
	assert_int_equal(cases, RECORDED_RESOLVER);
	assert_int_equal(count[RESOLVER_LIVE], 21);
	assert_int_equal(count[RESOLVER_NOT_LIVE], 10);
	assert_int_equal(count[RESOLVER_ABSENT], 23);
}

static void
recorded_outage(void **state)
{
	struct json *json;
	const struct json *array, *one;
	struct exchange *exchange;
	const char *name;
	enum resolver_answer wanted;
	size_t i;

	(void)state;
	json = recorded_exchanges("outage.json", &array);
	for (i = 0; i < json_array_length(array); i++) {
		one = json_array_at(array, i);
		assert_int_equal(json_find_string(one, "name", &name),
		    JSON_FOUND);
		exchange = replay(recorded_object(one, "response"));
		wanted = RESOLVER_FAULT;	/* no resolver, or a body */
		if (exchange->status >= 500)
			wanted = RESOLVER_SERVER_ERROR;
		else if (exchange->status == 200 && exchange->body.len == 0)
			wanted = RESOLVER_LIVE;
		expect_exchange(exchange, wanted, name);
	}
	json_free(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(live),
		cmocka_unit_test(live_with_little),
		cmocka_unit_test(answers),
		cmocka_unit_test(sizes),
		cmocka_unit_test(statuses),
		cmocka_unit_test(recorded_cases),
		cmocka_unit_test(recorded_outage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
