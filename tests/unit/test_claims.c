/* Claims into facts; issuer and times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "facts/claims.h"
#include "ground/json.h"
#include "ground/json_parse.h"
#include "mint.h"

#define NOW INT64_C(1795436000)
#define USER "https://authgear.com/claims/user/"

static struct error said;	/* of the last one that was refused */

/* Read a payload: GRANTED or the reason; facts are always to be cleared.
 * Frees the payload. */
static enum reason
read_payload(char *payload, struct facts *facts)
{
	struct json *claims = json_parse(payload, strlen(payload), NULL);
	enum reason reason;

	assert_non_null(claims);
	error_clear(&said);
	if (claims_read(claims, facts, &reason, &said) == 0) {
		assert_ptr_equal(facts->claims, claims);
		assert_string_equal(said.text, "");
		reason = REASON_GRANTED;
	} else {
		assert_true(said.text[0] != '\0');
		assert_null(facts->claims);
		assert_null(facts->user_id);
		assert_int_equal(facts->audience.count, 0);
		json_free(claims);
	}
	free(payload);
	return reason;
}

static enum reason
reason_of(char *payload)
{
	struct facts facts;
	enum reason reason = read_payload(payload, &facts);

	facts_clear(&facts);
	return reason;
}

static void
the_example_of_rfc_9068(void **state)
{
	static const char payload[] = "{\"iss\":"
	    "\"https://authorization-server.example.com/\","
	    "\"sub\":\"5ba552d67\",\"aud\":\"https://rs.example.com/\","
	    "\"exp\":1639528912,\"iat\":1618354090,"
	    "\"jti\":\"dbe39bf3a3ba4238a513f51d6e1691c4\","
	    "\"client_id\":\"s6BhdRkqt3\","
	    "\"scope\":\"openid profile reademail\"}";
	struct moment now = { .wall = 1618354090 };
	struct facts facts;
	enum reason reason;

	(void)state;
	assert_int_equal(read_payload(mint_text("%s", payload), &facts),
	    REASON_GRANTED);
	assert_string_equal(facts.issuer,
	    "https://authorization-server.example.com/");
	assert_string_equal(facts.user_id, "5ba552d67");
	assert_string_equal(facts.client_id, "s6BhdRkqt3");
	assert_string_equal(facts.token_id,
	    "dbe39bf3a3ba4238a513f51d6e1691c4");
	assert_int_equal(facts.audience.count, 1);
	assert_true(word_list_has(&facts.audience, "https://rs.example.com/"));
	assert_int_equal(facts.scopes.count, 3);
	assert_int_equal(facts.has_roles, 0);
	assert_int_equal(facts.is_verified, FACT_ABSENT);
	assert_int_equal(facts.authenticated_at, FACTS_NO_TIME);
	assert_int_equal(claims_check(&facts,
	    "https://authorization-server.example.com/", &now, 0, &reason), 0);
	facts_clear(&facts);
}

/* Each claim dropped, and of every type that it must not have. */
static void
one_by_one(void **state)
{
	enum type { TEXT, TIME, TRUTH, LIST, AUDIENCE };
	static const struct {
		const char *name;
		enum type type;
		int is_required;
	} rows[] = {
		{ "iss", TEXT, 1 }, { "aud", AUDIENCE, 1 },
		{ "sub", TEXT, 1 }, { "client_id", TEXT, 1 },
		{ "jti", TEXT, 1 }, { "iat", TIME, 1 }, { "exp", TIME, 1 },
		{ "nbf", TIME, 0 }, { "auth_time", TIME, 0 },
		{ "scope", TEXT, 0 }, { USER "roles", LIST, 0 },
		{ "amr", LIST, 0 },
		{ USER "is_anonymous", TRUTH, 0 },
		{ USER "is_verified", TRUTH, 0 },
		{ USER "can_reauthenticate", TRUTH, 0 },
	};
	static const struct {
		const char *value;
		int fits[5];	/* by enum type */
	} values[] = {
		{ "\"x\"", { 1, 0, 0, 0, 1 } },
		{ "1", { 0, 1, 0, 0, 0 } },
		{ "true", { 0, 0, 1, 0, 0 } },
		{ "false", { 0, 0, 1, 0, 0 } },
		{ "[\"x\"]", { 0, 0, 0, 1, 1 } },
		{ "[1]", { 0, 0, 0, 0, 0 } },
		{ "[null]", { 0, 0, 0, 0, 0 } },
		{ "[\"\"]", { 0, 0, 0, 0, 0 } },
		{ "[\"x\",\"y\\n\"]", { 0, 0, 0, 0, 0 } },
		{ "[[\"x\"]]", { 0, 0, 0, 0, 0 } },
		{ "{}", { 0, 0, 0, 0, 0 } },
		{ "null", { 0, 0, 0, 0, 0 } },
		{ "1.0", { 0, 0, 0, 0, 0 } },
		{ "\"1\"", { 1, 0, 0, 0, 1 } },
		{ "\"true\"", { 1, 0, 0, 0, 1 } },
		{ "\"a\\u0001\"", { 0, 0, 0, 0, 0 } },
		{ "\"a\\r\\nX: y\"", { 0, 0, 0, 0, 0 } },
		{ "\"\\u007f\"", { 0, 0, 0, 0, 0 } },
		{ "\"a\\tb\"", { 0, 0, 0, 0, 0 } },
	};
	enum reason reason, wanted;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reason = reason_of(mint_claims(NOW, rows[i].name, NULL, NULL));
		if (reason != (rows[i].is_required ? REASON_MISSING_CLAIM :
		    REASON_GRANTED))
			fail_msg("no %s: %s", rows[i].name,
			    reason_name(reason));
		for (j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
			wanted = values[j].fits[rows[i].type] ?
			    REASON_GRANTED : REASON_MALFORMED;
			reason = reason_of(mint_claims(NOW, rows[i].name,
			    values[j].value, NULL));
			if (reason != wanted)
				fail_msg("%s = %s: %s", rows[i].name,
				    values[j].value, reason_name(reason));
		}
		if (rows[i].type == TEXT && rows[i].is_required &&
		    reason_of(mint_claims(NOW, rows[i].name, "\"\"",
		    NULL)) != REASON_MISSING_CLAIM)
			fail_msg("%s is empty", rows[i].name);
	}
	assert_int_equal(reason_of(mint_claims(NOW, "aud", "\"\"", NULL)),
	    REASON_MISSING_CLAIM);
	assert_int_equal(reason_of(mint_claims(NOW, "aud", "[]", NULL)),
	    REASON_MISSING_CLAIM);
}

static void
times_as_numbers(void **state)
{
	static const char *const names[] = { "iat", "exp", "nbf",
		"auth_time" };
	static const struct {
		const char *value;
		int is_good;
	} rows[] = {
		{ "0", 1 }, { "1", 1 }, { "2147483647", 1 },
		{ "2147483648", 1 },			/* 2^31 */
		{ "4294967296", 1 }, { "5743440000", 1 },	/* year 2152 */
		{ "9007199254740992", 1 },		/* 2^53 */
		{ "9007199254740993", 0 },
		{ "9223372036854775807", 0 }, { "9223372036854775808", 0 },
		{ "18446744073709551616", 0 }, { "-1", 0 },
		{ "-9223372036854775808", 0 }, { "1.5", 0 }, { "1.0", 0 },
		{ "1e3", 0 }, { "1E9", 0 }, { "1e300", 0 }, { "-0.0", 0 },
		{ "\"1795436000\"", 0 }, { "\"\"", 0 }, { "[1]", 0 },
		{ "{}", 0 }, { "true", 0 }, { "null", 0 },
	};
	struct json *json;
	char *payload;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
			payload = mint_claims(NOW, names[i], rows[j].value,
			    NULL);
			/* some are refused with the whole text */
			json = json_parse(payload, strlen(payload), NULL);
			if (json == NULL) {
				assert_int_equal(rows[j].is_good, 0);
				free(payload);
				continue;
			}
			json_free(json);
			if (reason_of(payload) != (rows[j].is_good ?
			    REASON_GRANTED : REASON_MALFORMED))
				fail_msg("%s = %s", names[i], rows[j].value);
		}
}

static void
times_against_the_clock(void **state)
{
	static const struct {
		const char *name;
		int iat;	/* seconds from now */
		int exp;
		int nbf;
		int leeway;
		enum reason reason;
	} rows[] = {
		{ "just issued", 0, 300, 0, 0, REASON_GRANTED },
		{ "its last second", -300, 1, -300, 0, REASON_GRANTED },
		{ "over now", -300, 0, -300, 0, REASON_EXPIRED },
		{ "over since 1 s", -300, -1, -300, 0, REASON_EXPIRED },
		{ "over since 59 s, leeway 60", -300, -59, -300, 60,
		    REASON_GRANTED },
		{ "over since 60 s, leeway 60", -300, -60, -300, 60,
		    REASON_EXPIRED },
		{ "over since 61 s, leeway 60", -300, -61, -300, 60,
		    REASON_EXPIRED },
		{ "over since 299 s, leeway 300", -300, -299, -300, 300,
		    REASON_GRANTED },
		{ "issued in 1 s", 1, 300, 0, 0, REASON_NOT_YET_VALID },
		{ "issued in 60 s, leeway 60", 60, 300, 0, 60,
		    REASON_GRANTED },
		{ "issued in 61 s, leeway 60", 61, 300, 0, 60,
		    REASON_NOT_YET_VALID },
		{ "begins in 1 s", 0, 300, 1, 0, REASON_NOT_YET_VALID },
		{ "begins in 60 s, leeway 60", 0, 300, 60, 60,
		    REASON_GRANTED },
		{ "begins in 61 s, leeway 60", 0, 300, 61, 60,
		    REASON_NOT_YET_VALID },
		{ "over before it was issued", 100, -100, 0, 60,
		    REASON_EXPIRED },
		{ "good for 68 years", 0, 2147483647, 0, 60, REASON_GRANTED },
	};
	struct moment now = { .wall = NOW };
	struct facts facts;
	char iat[32], expires[32], nbf[32];
	enum reason reason;
	size_t i;
	int ret;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(iat, sizeof(iat), "%lld",
		    (long long)NOW + rows[i].iat);
		snprintf(expires, sizeof(expires), "%lld",
		    (long long)NOW + rows[i].exp);
		snprintf(nbf, sizeof(nbf), "%lld",
		    (long long)NOW + rows[i].nbf);
		assert_int_equal(read_payload(mint_claims(NOW, "iat", iat,
		    "exp", expires, "nbf", nbf, NULL), &facts),
		    REASON_GRANTED);
		ret = claims_check(&facts, MINT_ISSUER, &now, rows[i].leeway,
		    &reason);
		if (ret == 0)
			reason = REASON_GRANTED;
		if (reason != rows[i].reason)
			fail_msg("%s: %s", rows[i].name,
			    reason_name(reason));
		facts_clear(&facts);
	}
}

static void
issuers_byte_for_byte(void **state)
{
	static const char *const wrong[] = { "", MINT_ISSUER "/",
		MINT_ISSUER " ", " " MINT_ISSUER, MINT_ISSUER ":443",
		"https://AUTH.example.test", "http://auth.example.test",
		"https://auth.example.tes", MINT_ISSUER ".evil.example",
		"https://evil.example" };
	struct moment now = { .wall = NOW };
	struct facts facts;
	enum reason reason;
	size_t i;

	(void)state;
	assert_int_equal(read_payload(mint_claims(NOW, NULL), &facts),
	    REASON_GRANTED);
	assert_int_equal(claims_check(&facts, MINT_ISSUER, &now, 0, &reason),
	    0);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (claims_check(&facts, wrong[i], &now, 0, &reason) != -1 ||
		    reason != REASON_WRONG_ISSUER)
			fail_msg("%s", wrong[i]);
	}
	/* before the times */
	now.wall = NOW + 100000;
	assert_int_equal(claims_check(&facts, "https://evil.example", &now, 0,
	    &reason), -1);
	assert_int_equal(reason, REASON_WRONG_ISSUER);
	facts_clear(&facts);
	facts_init(&facts);
	assert_int_equal(claims_check(&facts, MINT_ISSUER, &now, 0, &reason),
	    -1);
	assert_int_equal(reason, REASON_WRONG_ISSUER);
}

/* [word,word,...] or "word word ..." of `count` words. */
static char *
many(size_t count, int is_list)
{
	const char *quote = is_list ? "\"" : "";
	const char *separator = is_list ? "," : " ";
	char *text = mint_text("%s", is_list ? "[" : "\""), *longer;
	size_t i;

	for (i = 0; i < count; i++) {
		longer = mint_text("%s%s%sw%zu%s", text,
		    i == 0 ? "" : separator, quote, i, quote);
		free(text);
		text = longer;
	}
	longer = mint_text("%s%s", text, is_list ? "]" : "\"");
	free(text);
	return longer;
}

static void
limits(void **state)
{
	static const struct {
		const char *name;
		size_t count;
		int is_list;
		enum reason reason;
		const char *said;	/* NULL: nothing */
	} counts[] = {
		{ "aud", 16, 1, REASON_GRANTED, NULL },
		{ "aud", 17, 1, REASON_OVER_LIMIT,
		    "its claim aud has 17 words, and 16 is the most" },
		{ USER "roles", 256, 1, REASON_GRANTED, NULL },
		{ USER "roles", 257, 1, REASON_OVER_LIMIT, "its claim " USER
		    "roles has 257 words, and 256 is the most" },
		{ "amr", 256, 1, REASON_GRANTED, NULL },
		{ "amr", 257, 1, REASON_OVER_LIMIT,
		    "its claim amr has 257 words, and 256 is the most" },
		{ "scope", 256, 0, REASON_GRANTED, NULL },
		{ "scope", 257, 0, REASON_OVER_LIMIT,
		    "its claim scope has 257 words, and 256 is the most" },
	};
	static const char *const texts[] = { "iss", "sub", "aud", "client_id",
		"jti", "scope" };
	char *value;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		value = many(counts[i].count, counts[i].is_list);
		if (reason_of(mint_claims(NOW, counts[i].name, value,
		    NULL)) != counts[i].reason)
			fail_msg("%zu of %s", counts[i].count,
			    counts[i].name);
		assert_string_equal(said.text, counts[i].said != NULL ?
		    counts[i].said : "");
		free(value);
	}
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		value = mint_text("\"%02048d\"", 0);
		if (reason_of(mint_claims(NOW, texts[i], value, NULL)) !=
		    REASON_GRANTED)
			fail_msg("%s of 2,048 bytes", texts[i]);
		free(value);
		value = mint_text("\"%02049d\"", 0);
		if (reason_of(mint_claims(NOW, texts[i], value, NULL)) !=
		    REASON_OVER_LIMIT || strstr(said.text, texts[i]) == NULL ||
		    strstr(said.text, "has 2049 bytes, or a word of it has, "
		    "and 2048 is the most") == NULL)
			fail_msg("%s of 2,049 bytes: %s", texts[i], said.text);
		free(value);
	}
	/* claims that nobody reads have no limit */
	value = mint_text("\"%05000d\"", 0);
	assert_int_equal(reason_of(mint_claims(NOW, "team", value,
	    "number", "18446744073709551616", NULL)), REASON_GRANTED);
	free(value);
}

/* What is wrong is named with its claim. */
static void
words_of_faults(void **state)
{
	static const struct {
		const char *name;
		const char *value;	/* NULL: dropped */
		enum reason reason;
		const char *said;
	} rows[] = {
		{ "sub", NULL, REASON_MISSING_CLAIM, "it has no sub" },
		{ "sub", "\"\"", REASON_MISSING_CLAIM, "it has no sub" },
		{ "aud", "[]", REASON_MISSING_CLAIM, "it has no aud" },
		{ "jti", "1", REASON_MALFORMED, "jti is not a text" },
		{ "exp", "18446744073709551616", REASON_MALFORMED,
		    "exp is not a whole number of seconds from 0 to 2^53" },
		{ "iat", "1.5", REASON_MALFORMED, "iat is not a whole" },
		{ USER "is_verified", "1", REASON_MALFORMED,
		    "is_verified is not true or false" },
		{ USER "roles", "\"a\"", REASON_MALFORMED,
		    "roles is not a list" },
		{ USER "roles", "[\"a,b\"]", REASON_MALFORMED,
		    "a comma" },
		{ "scope", "\"a\\u0009\"", REASON_MALFORMED,
		    "scope is not without control bytes" },
	};
	enum reason reason;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reason = reason_of(mint_claims(NOW, rows[i].name,
		    rows[i].value, NULL));
		if (reason != rows[i].reason ||
		    strstr(said.text, rows[i].said) == NULL)
			fail_msg("%s %s: %s, %s", rows[i].name,
			    rows[i].value != NULL ? rows[i].value : "-",
			    reason_name(reason), said.text);
	}
}

static void
words(void **state)
{
	struct facts facts;

	(void)state;
	/* a role must not be able to look like two */
	assert_int_equal(reason_of(mint_claims(NOW, USER "roles",
	    "[\"a,admin\"]", NULL)), REASON_MALFORMED);
	assert_int_equal(reason_of(mint_claims(NOW, USER "roles",
	    "[\"a admin\"]", NULL)), REASON_MALFORMED);
	assert_int_equal(read_payload(mint_claims(NOW, USER "roles", "[]",
	    "scope", "\"\"", NULL), &facts), REASON_GRANTED);
	assert_int_equal(facts.has_roles, 1);
	assert_int_equal(facts.roles.count, 0);
	assert_int_equal(facts.has_scopes, 1);
	assert_int_equal(facts.scopes.count, 0);
	assert_int_equal(facts.has_amr, 0);
	facts_clear(&facts);
	assert_int_equal(reason_of(mint_claims(NOW, "amr", "[\"a b\"]",
	    NULL)), REASON_MALFORMED);
	assert_int_equal(reason_of(mint_claims(NOW, "amr", "[\"\"]",
	    NULL)), REASON_MALFORMED);
	assert_int_equal(reason_of(mint_claims(NOW, "amr", "\"pwd\"",
	    NULL)), REASON_MALFORMED);
	assert_int_equal(read_payload(mint_claims(NOW, "amr",
	    "[\"pwd\",\"otp\"]", NULL), &facts), REASON_GRANTED);
	assert_int_equal(facts.has_amr, 1);
	assert_int_equal(facts.amr.count, 2);
	assert_string_equal(facts.amr.words[1], "otp");
	facts_clear(&facts);
	assert_int_equal(read_payload(mint_claims(NOW, "scope",
	    "\" a  b \"", "aud", "[\"x\",\"y\"]", NULL), &facts),
	    REASON_GRANTED);
	assert_int_equal(facts.scopes.count, 2);
	assert_int_equal(facts.audience.count, 2);
	facts_clear(&facts);
}

static void
clients(void **state)
{
	static const struct {
		const char *subject;
		int is_client;
	} rows[] = {
		{ "\"client_id_portal\"", 1 }, { "\"client_id_\"", 1 },
		{ "\"client_id\"", 0 }, { "\"Client_id_portal\"", 0 },
		{ "\" client_id_portal\"", 0 }, { "\"x\"", 0 },
	};
	struct facts facts;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(read_payload(mint_claims(NOW, "sub",
		    rows[i].subject, NULL), &facts), REASON_GRANTED);
		if (facts.is_client != rows[i].is_client)
			fail_msg("%s", rows[i].subject);
		assert_int_equal(facts.kind, CREDENTIAL_JWT);
		facts_clear(&facts);
	}
}

/* Of any length, where nobody reads them; where somebody does, never as
 * another one. */
static void
numbers_beyond_64_bits(void **state)
{
	static const char large[] = "123456789012345678901234567890";
	static const char *const read[] = { "exp", "iat", "nbf", "auth_time",
		"sub", "aud", USER "is_verified", USER "roles" };
	struct facts facts;
	size_t i;

	(void)state;
	assert_int_equal(read_payload(mint_claims(NOW, "https://x.test/quota",
	    large, "more", "{\"a\":[9223372036854775808,-1e-5]}", NULL),
	    &facts), REASON_GRANTED);
	assert_int_equal(facts.issued_at, NOW);
	facts_clear(&facts);
	for (i = 0; i < sizeof(read) / sizeof(read[0]); i++)
		if (reason_of(mint_claims(NOW, read[i], large, NULL)) !=
		    REASON_MALFORMED)
			fail_msg("%s", read[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_rfc_9068),
		cmocka_unit_test(one_by_one),
		cmocka_unit_test(times_as_numbers),
		cmocka_unit_test(times_against_the_clock),
		cmocka_unit_test(issuers_byte_for_byte),
		cmocka_unit_test(limits),
		cmocka_unit_test(words_of_faults),
		cmocka_unit_test(words),
		cmocka_unit_test(clients),
		cmocka_unit_test(numbers_beyond_64_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
