/* Tokens taken apart, and the many that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "facts/jwt.h"
#include "ground/json.h"
#include "mint.h"

#define NOW 1795436000
#define GOOD_HEADER "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"at+jwt\"}"

static struct error said;	/* of the last one that was refused */

/* Of what did not parse nothing is left, or all but its signature. */
static int last_is_unsigned;

/* The answer for a token: GRANTED if it parses.  Frees it. */
static enum reason
parse(char *token)
{
	static const struct jwt empty;
	size_t len = strlen(token);
	char *bytes = malloc(len + 1);
	enum reason reason;
	struct jwt jwt;

	assert_non_null(bytes);
	/* what is behind it would make two dots of any text */
	memcpy(bytes, token, len);
	bytes[len] = '.';
	error_clear(&said);
	if (jwt_parse(&jwt, bytes, len, &reason, &said) == 0) {
		assert_string_equal(said.text, "");
		reason = REASON_GRANTED;
	} else {
		last_is_unsigned = jwt.claims != NULL;
		assert_int_equal(last_is_unsigned, jwt.kid[0] != '\0');
		assert_int_equal(jwt.signature_len, 0);
		assert_memory_equal(jwt.signature, empty.signature,
		    sizeof(jwt.signature));
		if (!last_is_unsigned)
			assert_memory_equal(&jwt, &empty, sizeof(jwt));
	}
	jwt_clear(&jwt);
	free(bytes);
	free(token);
	return reason;
}

static int
setup(void **state)
{
	*state = mint_key_new(MINT_FIRST);
	return 0;
}

static int
teardown(void **state)
{
	mint_key_free(*state);
	return 0;
}

static void
a_good_token(void **state)
{
	char *token = mint_good(*state, "key-1", NOW);
	enum reason reason;
	struct jwt jwt;
	const char *subject;

	assert_int_equal(jwt_parse(&jwt, token, strlen(token), &reason,
	    NULL), 0);
	assert_string_equal(jwt.kid, "key-1");
	assert_ptr_equal(jwt.signing_input, token);
	assert_int_equal(jwt.signing_input_len,
	    strrchr(token, '.') - token);
	assert_int_equal(jwt.signature_len, 256);
	assert_int_equal(json_find_string(jwt.claims, "sub", &subject),
	    JSON_FOUND);
	assert_string_equal(subject, MINT_USER);
	jwt_clear(&jwt);
	assert_null(jwt.claims);
	jwt_clear(&jwt);
	free(token);
}

static void
headers(void **state)
{
	static const struct {
		const char *header;
		enum reason reason;
	} rows[] = {
		{ GOOD_HEADER, REASON_GRANTED },
		{ " {\"typ\" : \"at+jwt\", \"kid\" : \"k\", "
		    "\"alg\" : \"RS256\"} ", REASON_GRANTED },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"AT+JWT\"}",
		    REASON_GRANTED },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\","
		    "\"typ\":\"application/at+jwt\"}", REASON_GRANTED },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\","
		    "\"typ\":\"Application/AT+JWT\"}", REASON_GRANTED },
		/* keys and addresses in a header mean nothing */
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"at+jwt\","
		    "\"jku\":\"https://evil.example\",\"jwk\":{},"
		    "\"x5c\":[]}", REASON_GRANTED },
		/* typ */
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"JWT\"}",
		    REASON_WRONG_TYPE },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\"}", REASON_WRONG_TYPE },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"\"}",
		    REASON_WRONG_TYPE },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":null}",
		    REASON_WRONG_TYPE },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":[\"at+jwt\"]}",
		    REASON_WRONG_TYPE },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"at+jwt \"}",
		    REASON_WRONG_TYPE },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"at+jwt;x\"}",
		    REASON_WRONG_TYPE },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\","
		    "\"typ\":\"text/at+jwt\"}", REASON_WRONG_TYPE },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"TYP\":\"at+jwt\"}",
		    REASON_WRONG_TYPE },
		/* alg */
		{ "{\"kid\":\"k\",\"typ\":\"at+jwt\"}",
		    REASON_BAD_ALGORITHM },
		{ "{\"alg\":null,\"kid\":\"k\",\"typ\":\"at+jwt\"}",
		    REASON_BAD_ALGORITHM },
		{ "{\"alg\":256,\"kid\":\"k\",\"typ\":\"at+jwt\"}",
		    REASON_BAD_ALGORITHM },
		{ "{\"alg\":[\"RS256\"],\"kid\":\"k\",\"typ\":\"at+jwt\"}",
		    REASON_BAD_ALGORITHM },
		{ "{\"ALG\":\"RS256\",\"kid\":\"k\",\"typ\":\"at+jwt\"}",
		    REASON_BAD_ALGORITHM },
		/* RFC 7515 section 4.1.11, RFC 7797 */
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"at+jwt\","
		    "\"crit\":[\"exp\"],\"exp\":1}", REASON_MALFORMED },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"at+jwt\","
		    "\"crit\":[]}", REASON_MALFORMED },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"at+jwt\","
		    "\"crit\":null}", REASON_MALFORMED },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"at+jwt\","
		    "\"b64\":false}", REASON_MALFORMED },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"at+jwt\","
		    "\"b64\":true}", REASON_MALFORMED },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"at+jwt\","
		    "\"b64\":false,\"crit\":[\"b64\"]}", REASON_MALFORMED },
		/* members twice */
		{ "{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"k\","
		    "\"typ\":\"at+jwt\"}", REASON_MALFORMED },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"kid\":\"k\","
		    "\"typ\":\"at+jwt\"}", REASON_MALFORMED },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"at+jwt\","
		    "\"\\u0061lg\":\"none\"}", REASON_MALFORMED },
		/* kid */
		{ "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}",
		    REASON_MALFORMED },
		{ "{\"alg\":\"RS256\",\"kid\":\"\",\"typ\":\"at+jwt\"}",
		    REASON_MALFORMED },
		{ "{\"alg\":\"RS256\",\"kid\":1,\"typ\":\"at+jwt\"}",
		    REASON_MALFORMED },
		{ "{\"alg\":\"RS256\",\"kid\":null,\"typ\":\"at+jwt\"}",
		    REASON_MALFORMED },
		{ "{\"alg\":\"RS256\",\"kid\":[\"k\"],\"typ\":\"at+jwt\"}",
		    REASON_MALFORMED },
		/* no object, no JSON */
		{ "", REASON_MALFORMED },
		{ "x", REASON_MALFORMED },
		{ "[]", REASON_MALFORMED },
		{ "[" GOOD_HEADER "]", REASON_MALFORMED },
		{ "\"RS256\"", REASON_MALFORMED },
		{ "null", REASON_MALFORMED },
		{ GOOD_HEADER "x", REASON_MALFORMED },
		{ GOOD_HEADER GOOD_HEADER, REASON_MALFORMED },
		{ "\xef\xbb\xbf" GOOD_HEADER, REASON_MALFORMED },
		{ "{'alg':'RS256','kid':'k','typ':'at+jwt'}",
		    REASON_MALFORMED },
		{ "{\"alg\":\"RS256\",\"kid\":\"\xff\",\"typ\":\"at+jwt\"}",
		    REASON_MALFORMED },
	};
	enum reason reason;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reason = parse(mint_token(*state, MINT_RS256, rows[i].header,
		    "{\"sub\":\"x\"}"));
		if (reason != rows[i].reason)
			fail_msg("%s: %s", rows[i].header,
			    reason_name(reason));
	}
}

static void
every_other_algorithm(void **state)
{
	static const char *const names[] = { "none", "None", "NONE", "nOnE",
		"", "HS256", "HS384", "HS512", "RS384", "RS512", "RS1", "rs256",
		"Rs256", "RS256 ", " RS256", "RS-256", "RS2567", "RS25",
		"RSA", "PS256", "PS384", "PS512", "ES256", "ES256K", "ES384",
		"ES512", "EdDSA", "Ed25519", "RSA-OAEP", "A128GCM", "dir",
		"RS256\\u0020", "SHA256" };
	char *header;
	size_t i;
	int method;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		header = mint_text("{\"alg\":\"%s\",\"kid\":\"k\","
		    "\"typ\":\"at+jwt\"}", names[i]);
		for (method = MINT_RS256; method < MINT_METHODS; method++) {
			if (method == MINT_ES256)
				continue;
			if (parse(mint_token(*state, (enum mint_method)method,
			    header, "{}")) != REASON_BAD_ALGORITHM)
				fail_msg("%s by method %d", names[i], method);
		}
		free(header);
	}
}

static void
kids(void **state)
{
	static const struct {
		const char *kid;
		const char *read;	/* NULL: refused */
	} rows[] = {
		{ "a b", "a b" },
		{ "it's", "it's" },
		{ "\\\"quoted\\\"", "\"quoted\"" },
		{ "../../etc/passwd", "../../etc/passwd" },
		{ "x' OR '1'='1", "x' OR '1'='1" },
		{ "\xe9\x8d\xb5", "\xe9\x8d\xb5" },
		{ "\\u0000", NULL },
		{ "k\\u0000", NULL },
		{ "k\\u0000x", NULL },
		{ "\\u0001", NULL },
		{ "k\\n", NULL },
		{ "k\\r\\nX: y", NULL },
		{ "\\t", NULL },
		{ "k\\u001f", NULL },
		{ "k\\u007f", NULL },
		{ "k\x01", NULL },
		{ "\\ud800", NULL },
	};
	char *header, *token;
	enum reason reason;
	struct jwt jwt;
	size_t i;
	int ret;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		header = mint_header(rows[i].kid);
		token = mint_token(*state, MINT_RS256, header, "{}");
		ret = jwt_parse(&jwt, token, strlen(token), &reason, NULL);
		if ((ret == 0) != (rows[i].read != NULL) ||
		    (ret == 0 && strcmp(jwt.kid, rows[i].read) != 0) ||
		    (ret != 0 && reason != REASON_MALFORMED))
			fail_msg("%s: %d", rows[i].kid, ret);
		jwt_clear(&jwt);
		free(header);
		free(token);
	}
}

static void
long_kids(void **state)
{
	static const struct {
		size_t len;
		enum reason reason;
	} rows[] = {
		{ JWT_MAX_KID, REASON_GRANTED },
		{ JWT_MAX_KID + 1, REASON_MALFORMED },
		{ 64 * 1024, REASON_MALFORMED },
	};
	char *kid, *header;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		kid = malloc(rows[i].len + 1);
		memset(kid, 'k', rows[i].len);
		kid[rows[i].len] = '\0';
		header = mint_header(kid);
		if (parse(mint_token(*state, MINT_RS256, header, "{}")) !=
		    rows[i].reason)
			fail_msg("%zu bytes", rows[i].len);
		free(kid);
		free(header);
	}
}

static void
payloads(void **state)
{
	static const struct {
		const char *payload;
		enum reason reason;
	} rows[] = {
		{ "{}", REASON_GRANTED },
		{ "{\"aud\":[]}", REASON_GRANTED },
		{ "", REASON_MALFORMED },
		{ "[]", REASON_MALFORMED },
		{ "\"x\"", REASON_MALFORMED },
		{ "1", REASON_MALFORMED },
		{ "null", REASON_MALFORMED },
		{ "{", REASON_MALFORMED },
		{ "{}{}", REASON_MALFORMED },
		{ "{\"sub\":\"a\",\"sub\":\"b\"}", REASON_MALFORMED },
		{ "{\"a\":{\"b\":1,\"b\":2}}", REASON_MALFORMED },
		{ "{\"sub\":\"\\u0000\"}", REASON_MALFORMED },
		{ "{\"sub\":\"\xc0\x80\"}", REASON_MALFORMED },
		{ "{\"sub\":\"\xed\xa0\x80\"}", REASON_MALFORMED },
		{ "{\"exp\":NaN}", REASON_MALFORMED },
		{ "{\"exp\":1e999}", REASON_OVER_LIMIT },
		{ "{\"nobody\":[18446744073709551616]}", REASON_GRANTED },
	};
	enum reason reason;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reason = parse(mint_token(*state, MINT_RS256, GOOD_HEADER,
		    rows[i].payload));
		if (reason != rows[i].reason)
			fail_msg("%s: %s", rows[i].payload,
			    reason_name(reason));
	}
}

static void
deep_payload(void **state)
{
	char payload[2 * 5000 + 16] = "{\"a\":";
	size_t i;

	for (i = 0; i < 5000; i++) {
		payload[5 + i] = '[';
		payload[5 + 5000 + i] = ']';
	}
	strcpy(payload + 5 + 2 * 5000, "}");
	assert_int_equal(parse(mint_token(*state, MINT_RS256, GOOD_HEADER,
	    payload)), REASON_OVER_LIMIT);
	assert_string_equal(said.text, "its payload is JSON that is nested "
	    "too deep (over 32)");
}

/* What is wrong has its own words; of the signature the keys may know more. */
static void
words_of_faults(void **state)
{
	static const struct {
		const char *header;
		const char *payload;
		enum reason reason;
		const char *said;
	} rows[] = {
		{ "{", "{}", REASON_MALFORMED,
		    "its header is not strict JSON" },
		{ "{\"a\":1,\"a\":1}", "{}", REASON_MALFORMED,
		    "its header is JSON with the same member twice" },
		{ "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
		    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}", "{}",
		    REASON_OVER_LIMIT,
		    "its header is JSON that is nested too deep (over 32)" },
		{ GOOD_HEADER, "{\"a\":1e400}", REASON_OVER_LIMIT,
		    "its payload is JSON with a number that is too large (over "
		    "1.8e308)" },
		{ GOOD_HEADER, "{\"a\":1,\"a\":1}", REASON_MALFORMED,
		    "its payload is JSON with the same member twice" },
		{ "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"at+jwt\","
		    "\"b64\":true}", "{}", REASON_MALFORMED,
		    "its header asks for an extension (crit or b64)" },
		{ "{\"alg\":\"RS256\",\"kid\":\"\",\"typ\":\"at+jwt\"}", "{}",
		    REASON_MALFORMED, "its kid is no text of 1 to 255 bytes "
		    "without control bytes" },
	};
	enum reason reason;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reason = parse(mint_token(*state, MINT_RS256, rows[i].header,
		    rows[i].payload));
		if (reason != rows[i].reason ||
		    strcmp(said.text, rows[i].said) != 0)
			fail_msg("%s %s: %s, %s", rows[i].header,
			    rows[i].payload, reason_name(reason), said.text);
	}
	assert_int_equal(parse(mint_text("e30=.e30.x")), REASON_MALFORMED);
	assert_string_equal(said.text, "its header is no base64url");
}

/* `token` with `insert` before its byte `at` (negative: from the end), and
 * `drop` bytes there left out. */
static char *
change(const char *token, long at, size_t drop, const char *insert)
{
	size_t len = strlen(token);
	size_t place = at < 0 ? len - (size_t)-at : (size_t)at;

	return mint_text("%.*s%s%s", (int)place, token, insert,
	    token + place + drop);
}

static void
odd_texts(void **state)
{
	char *token = mint_good(*state, "key-1", NOW);
	long first = strchr(token, '.') - token;
	long second = strrchr(token, '.') - token;
	static const char *const foreign[] = { "=", "==", "+", "/", " ", "\t",
		"\n", "\r\n", "%2e", "\x01", "\x80", "~", "\"", ",", "." };
	size_t i;

	assert_int_equal(parse(change(token, 0, 0, "")), REASON_GRANTED);
	for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		assert_int_equal(parse(change(token, 0, 0, foreign[i])),
		    REASON_MALFORMED);
		assert_int_equal(parse(change(token, 4, 1, foreign[i])),
		    REASON_MALFORMED);
		assert_int_equal(parse(change(token, first, 0, foreign[i])),
		    REASON_MALFORMED);
		assert_int_equal(parse(change(token, first + 1, 0,
		    foreign[i])), REASON_MALFORMED);
		assert_int_equal(parse(change(token, second, 0, foreign[i])),
		    REASON_MALFORMED);
		assert_int_equal(parse(change(token, second + 1, 0,
		    foreign[i])), REASON_MALFORMED);
		assert_int_equal(parse(mint_text("%s%s", token, foreign[i])),
		    REASON_MALFORMED);
	}
	/* an empty header, an empty payload */
	assert_int_equal(parse(mint_text("%s", token + first)),
	    REASON_MALFORMED);
	assert_int_equal(parse(change(token, first + 1,
	    (size_t)(second - first) - 1, "")), REASON_MALFORMED);
	assert_int_equal(parse(mint_text("..")), REASON_MALFORMED);
	/* JWE has five parts */
	assert_int_equal(parse(mint_text("%s.x.y", token)),
	    REASON_MALFORMED);
	free(token);
}

/* The last character of a 256-byte signature holds four unused bits. */
static void
signatures_have_one_text(void **state)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	char *token = mint_good(*state, "key-1", NOW);
	char last[2] = "";
	size_t i, good = 0;

	for (i = 0; i < 64; i++) {
		last[0] = alphabet[i];
		if (parse(change(token, -1, 1, last)) == REASON_GRANTED) {
			assert_int_equal(i % 16, 0);
			good++;
		}
	}
	assert_int_equal(good, 4);
	free(token);
}

static void
signatures_have_a_limit(void **state)
{
	unsigned char bytes[JWT_MAX_SIGNATURE + 1] = { 1 };
	char *token = mint_good(*state, "key-1", NOW);
	int head = (int)(strrchr(token, '.') - token) + 1;
	char *signature = mint_base64url(bytes, JWT_MAX_SIGNATURE);

	assert_int_equal(parse(mint_text("%.*s%s", head, token, signature)),
	    REASON_GRANTED);
	free(signature);
	signature = mint_base64url(bytes, JWT_MAX_SIGNATURE + 1);
	assert_int_equal(parse(mint_text("%.*s%s", head, token, signature)),
	    REASON_MALFORMED);
	free(signature);
	free(token);
}

/* Cut anywhere, a good token is recognised as such: in its first part too
 * once it is longer than nothing. */
static void
truncated_at_every_length(void **state)
{
	char *token = mint_good(*state, "key-1", NOW);
	size_t len, whole = strlen(token);

	for (len = 0; len < whole; len++)
		assert_int_equal(parse(mint_text("%.*s", (int)len, token)),
		    REASON_TRUNCATED);
	assert_int_equal(parse(token), REASON_GRANTED);
	/* but not everything short is one */
	assert_int_equal(parse(mint_text("abc")), REASON_MALFORMED);
	assert_int_equal(parse(mint_text("eyJ=")), REASON_MALFORMED);
	assert_int_equal(parse(mint_text("eyJh.e y")), REASON_MALFORMED);
	assert_int_equal(parse(mint_text("eyJh eyJh")), REASON_MALFORMED);
}

static void
all_but_an_odd_signature_is_left(void **state)
{
	char *token = mint_good(*state, "key-1", NOW);
	const int head = (int)(strrchr(token, '.') - token) + 1;
	static const char *const signatures[] = { "", "AAAA", "A", "AA=" };
	size_t i;

	for (i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		assert_int_not_equal(parse(mint_text("%.*s%s", head, token,
		    signatures[i])), REASON_GRANTED);
		assert_int_equal(last_is_unsigned, 1);
	}
	/* nothing of what its head refuses already, or its claims */
	assert_int_equal(parse(mint_token(*state, MINT_RS256, GOOD_HEADER,
	    "{\"a\":1,\"a\":1}")), REASON_MALFORMED);
	assert_int_equal(last_is_unsigned, 0);
	assert_int_equal(parse(mint_text("%s", "e30.e30.AAAA")),
	    REASON_BAD_ALGORITHM);
	assert_int_equal(last_is_unsigned, 0);
	assert_int_equal(parse(mint_token(*state, MINT_RS256, "{\"alg\":"
	    "\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"key-1\"}", "x")),
	    REASON_MALFORMED);
	assert_int_equal(last_is_unsigned, 0);
	free(token);
}

static void
nul_inside(void **state)
{
	char *token = mint_good(*state, "key-1", NOW);
	size_t at, len = strlen(token);
	enum reason reason;
	struct jwt jwt;
	char kept;

	for (at = 0; at < len; at++) {
		kept = token[at];
		token[at] = '\0';
		assert_int_equal(jwt_parse(&jwt, token, len, &reason, NULL),
		    -1);
		assert_int_equal(reason, REASON_MALFORMED);
		jwt_clear(&jwt);
		token[at] = kept;
	}
	free(token);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_token),
		cmocka_unit_test(headers),
		cmocka_unit_test(every_other_algorithm),
		cmocka_unit_test(kids),
		cmocka_unit_test(long_kids),
		cmocka_unit_test(payloads),
		cmocka_unit_test(deep_payload),
		cmocka_unit_test(words_of_faults),
		cmocka_unit_test(odd_texts),
		cmocka_unit_test(signatures_have_one_text),
		cmocka_unit_test(signatures_have_a_limit),
		cmocka_unit_test(truncated_at_every_length),
		cmocka_unit_test(all_but_an_odd_signature_is_left),
		cmocka_unit_test(nul_inside),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
