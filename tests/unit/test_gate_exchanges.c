/*
 * The 54 questions that a real Authgear's resolver was asked, put to the
 * gate, with the answers recorded then.  Where the verdict is not Authgear's
 * own, `why` says so: this is the list of departures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "gate_fixture.h"
#include "ground/json.h"
#include "mint.h"
#include "recorded.h"

#define POLICIES \
	"[policy default]\n" \
	"[policy mail]\n" \
	"audience = https://mail.example/api\n" \
	"clients = m2mclient\n"

#define ONE "one credential a decision: a bad bearer is not replaced"
#define SHAPE "not the shape of a credential: sent nowhere"

static const struct row {
	const char *row;
	enum reason expected;
	int sent;		/* questions at the resolver */
	const char *why;	/* NULL: as Authgear itself decides */
	const char *answer;	/* the row whose answer fits what we ask */
} rows[] = {
	{ "1", REASON_NO_CREDENTIAL, 0, NULL, NULL },
	{ "2", REASON_GRANTED, 1, NULL, NULL },
	{ "3", REASON_GRANTED, 1, NULL, NULL },
	{ "3b", REASON_GRANTED, 1, NULL, NULL },
	{ "3c", REASON_GRANTED, 1, NULL, NULL },
	{ "3d", REASON_GRANTED, 1, NULL, NULL },
	{ "3e", REASON_GRANTED, 1, NULL, NULL },
	{ "4", REASON_NOT_LIVE, 2, NULL, NULL },
	{ "4b", REASON_NOT_LIVE, 2, NULL, NULL },
	{ "4c", REASON_WRONG_ISSUER, 0, NULL, NULL },
	{ "4d", REASON_GRANTED, 1, NULL, NULL },
	{ "6", REASON_MALFORMED, 0, NULL, NULL },
	{ "6b", REASON_BAD_SIGNATURE, 0, NULL, NULL },
	{ "6c", REASON_NOT_LIVE, 1, NULL, NULL },
	{ "6d", REASON_NO_CREDENTIAL, 0, NULL, NULL },
	{ "6e", REASON_NO_CREDENTIAL, 0, NULL, NULL },
	{ "6f", REASON_GRANTED, 1, NULL, NULL },
	{ "6g", REASON_MALFORMED, 0, NULL, NULL },
	{ "6h", REASON_MALFORMED, 0, NULL, NULL },
	{ "6i", REASON_MALFORMED, 0, NULL, NULL },
	{ "7", REASON_MALFORMED, 0, ONE, NULL },
	{ "7b", REASON_BAD_SIGNATURE, 0, ONE, NULL },
	{ "8", REASON_GRANTED, 1, NULL, NULL },
	{ "8b", REASON_GRANTED, 1, NULL, NULL },
	{ "9", REASON_NO_CREDENTIAL, 0, SHAPE, NULL },
	{ "9b", REASON_NOT_LIVE, 1, NULL, NULL },
	{ "9c", REASON_GRANTED, 1, NULL, NULL },
	{ "9d", REASON_GRANTED, 1, NULL, NULL },
	{ "9e", REASON_GRANTED, 1,
	    "another application's cookie of this name is dropped", "9c" },
	{ "9f", REASON_GRANTED, 1, NULL, NULL },
	{ "10", REASON_NO_CREDENTIAL, 0, SHAPE, NULL },
	{ "10b", REASON_NO_CREDENTIAL, 0, SHAPE, NULL },
	{ "10c", REASON_GRANTED, 1, NULL, NULL },
	{ "10d", REASON_GRANTED, 1, NULL, NULL },
	{ "20", REASON_WRONG_TYPE, 0, NULL, NULL },
	{ "20b", REASON_WRONG_TYPE, 0,
	    "a refresh token looks like a session cookie: sent nowhere",
	    NULL },
	{ "19", REASON_WRONG_AUDIENCE, 0, NULL, NULL },
	{ "6r", REASON_NOT_LIVE, 1, NULL, NULL },
	{ "3r", REASON_GRANTED, 1, NULL, NULL },
	{ "6s", REASON_NOT_LIVE, 2, NULL, NULL },
	{ "9s", REASON_NOT_LIVE, 1, NULL, NULL },
	{ "13-", REASON_GRANTED, 1, NULL, NULL },
	{ "13", REASON_NOT_LIVE, 1, NULL, NULL },
	{ "13c", REASON_NOT_LIVE, 1, NULL, NULL },
	{ "13b", REASON_NOT_LIVE, 1, NULL, NULL },
	{ "13g", REASON_NOT_LIVE, 1, NULL, NULL },
	{ "13a", REASON_MALFORMED, 0, ONE, NULL },
	{ "13+", REASON_GRANTED, 1, NULL, NULL },
	{ "11", REASON_NOT_LIVE, 1, NULL, NULL },
	{ "11j", REASON_NOT_LIVE, 2, NULL, NULL },
	{ "12", REASON_NOT_LIVE, 1, NULL, NULL },
	{ "11+", REASON_NOT_LIVE, 1, NULL, NULL },
	{ "14", REASON_NOT_LIVE, 1, NULL, NULL },
	{ "14c", REASON_NOT_LIVE, 1, NULL, NULL },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* The exchange of a row; NULL if none has it. */
static const struct json *
find_row(const struct json *exchanges, const char *row)
{
	const struct json *exchange;
	const char *name;
	size_t i;

	for (i = 0; i < json_array_length(exchanges); i++) {
		exchange = json_array_at(exchanges, i);
		if (json_find_string(exchange, "row", &name) == JSON_FOUND &&
		    strcmp(name, row) == 0)
			return exchange;
	}
	return NULL;
}

static const struct json *
headers_of(const struct json *exchange, const char *side)
{
	const struct json *headers;

	assert_int_equal(json_find_array(recorded_object(exchange, side),
	    "headers", &headers), JSON_FOUND);
	return headers;
}

static const char *
header(const struct json *headers, const char *name)
{
	const struct json *pair;
	size_t i;

	for (i = 0; i < json_array_length(headers); i++) {
		pair = json_array_at(headers, i);
		if (strcasecmp(json_string_of(json_array_at(pair, 0)),
		    name) == 0)
			return json_string_of(json_array_at(pair, 1));
	}
	return NULL;
}

static void
take_answer(const struct json *headers, const char *answer[65])
{
	const struct json *pair;
	size_t i, count = 0;

	for (i = 0; i < json_array_length(headers); i++) {
		pair = json_array_at(headers, i);
		if (strncasecmp(json_string_of(json_array_at(pair, 0)),
		    "X-Authgear-", 11) != 0)
			continue;
		assert_true(count + 2 < 65);
		answer[count++] = json_string_of(json_array_at(pair, 0));
		answer[count++] = json_string_of(json_array_at(pair, 1));
	}
	answer[count] = NULL;
}

/* The key set that was served while these were recorded. */
static char *
recorded_set(const struct json *exchanges)
{
	const struct json *exchange;
	const char *name, *body;
	size_t i;

	for (i = 0; i < json_array_length(exchanges); i++) {
		exchange = json_array_at(exchanges, i);
		if (json_find_string(exchange, "name", &name) == JSON_FOUND &&
		    strcmp(name, "jwks") == 0 &&
		    json_find_string(recorded_object(exchange, "response"),
		    "body", &body) == JSON_FOUND)
			return mint_text("%s", body);
	}
	fail_msg("no key set among the exchanges");
	return NULL;
}

static void
ask_row(const struct json *exchanges, const char *jwks,
    const char *discovery, const struct row *row, const char *validate)
{
	const struct json *exchange = find_row(exchanges, row->row);
	const struct decision *decision;
	struct web_question question = { .policy_name = "default" };
	struct gate_fixture *gate;
	const char *answer[65];
	int64_t at;

	if (exchange == NULL)
		fail_msg("row %s is not recorded", row->row);
	assert_int_equal(json_find_seconds(exchange, "at", &at), JSON_FOUND);
	gate = gate_fixture_new(RECORDED_ENDPOINT, validate, POLICIES);
	free(gate->metadata);
	gate->metadata = mint_text("%s", discovery);
	gate_fixture_serve(gate, jwks);
	gate->now.wall = at;
	question.authorization = header(headers_of(exchange, "request"),
	    "Authorization");
	question.cookie = header(headers_of(exchange, "request"), "Cookie");
	take_answer(headers_of(row->answer == NULL ? exchange :
	    find_row(exchanges, row->answer), "response"), answer);
	gate->resolver.headers = answer;
	decision = gate_fixture_question(gate, &question);
	if (decision->reason != row->expected)
		fail_msg("row %s: %s instead of %s (%s)", row->row,
		    reason_name(decision->reason),
		    reason_name(row->expected),
		    error_text(&decision->detail));
	if (gate->resolver.count != row->sent)
		fail_msg("row %s: %d questions at the resolver", row->row,
		    gate->resolver.count);
	gate_fixture_free(gate);
}

static void
every_row(void **state)
{
	struct recorded *recorded = recorded_load();
	const struct json *exchanges;
	struct json *document = recorded_exchanges("exchanges.json",
	    &exchanges);
	char *jwks;
	size_t i;

	(void)state;
	assert_int_equal(ROWS, 54);
	jwks = recorded_set(exchanges);
	for (i = 0; i < ROWS; i++)
		ask_row(exchanges, jwks, recorded->discovery, &rows[i],
		    "validate = hybrid");
	free(jwks);
	json_free(document);
	recorded_free(recorded);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
