/* Key sets: complete or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "facts/jwks.h"
#include "ground/buffer.h"
#include "ground/json.h"
#include "mint.h"

/* How many keys of the text are found by their kids. */
static int
count_found(const struct jwks *jwks, const char *text)
{
	const struct key *found[JWKS_MAX_KEYS], *key;
	struct json *json = json_parse(text, strlen(text));
	const struct json *array;
	const char *kid;
	int count = 0, j;
	size_t i;

	assert_int_equal(json_find_array(json, "keys", &array), JSON_FOUND);
	for (i = 0; i < json_array_length(array); i++) {
		if (json_find_string(json_array_at(array, i), "kid", &kid) !=
		    JSON_FOUND || (key = jwks_find(jwks, kid)) == NULL)
			continue;
		for (j = 0; j < count && found[j] != key; j++)
			;
		if (j == count)
			found[count++] = key;
	}
	json_free(json);
	return count;
}

/* How many usable keys a text holds; -1: refused.  Frees it. */
static int
count_in(char *text)
{
	struct error error = { "" };
	struct jwks *jwks = jwks_parse(text, strlen(text), &error);
	int count = -1;

	assert_int_equal(jwks == NULL, error.text[0] != '\0');
	if (jwks != NULL)
		count = count_found(jwks, text);
	jwks_free(jwks);
	free(text);
	return count;
}

static void
keys_are_found_by_kid(void **state)
{
	struct mint_key *first = mint_key_new(MINT_FIRST);
	struct mint_key *second = mint_key_new(MINT_SECOND);
	char *b = mint_jwk(first, "b", NULL), *a = mint_jwk(second, "a", NULL);
	char *c = mint_jwk(first, "B", NULL);
	char *text = mint_set(b, a, c, NULL);
	struct error error = { "" };
	struct jwks *jwks = jwks_parse(text, strlen(text), &error);
	static const char *const absent[] = { "", "c", "aa", "ab", "A", " a",
		"a ", "\"a\"" };
	size_t i;

	(void)state;
	assert_non_null(jwks);
	assert_int_equal(count_found(jwks, text), 3);
	assert_string_equal(key_id(jwks_find(jwks, "a")), "a");
	assert_string_equal(key_id(jwks_find(jwks, "b")), "b");
	assert_string_equal(key_id(jwks_find(jwks, "B")), "B");
	for (i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		assert_null(jwks_find(jwks, absent[i]));
	jwks_free(jwks);
	free(a);
	free(b);
	free(c);
	free(text);
	mint_key_free(first);
	mint_key_free(second);
}

/* A good key beside another: still there, or the set refused? */
static void
beside_a_good_key(void **state)
{
	static const struct {
		const char *name;
		enum mint_pair pair;
		const char *kid;
		const char *more;
		int count;
	} rows[] = {
		{ "another key", MINT_SECOND, "other", NULL, 2 },
		{ "the same key by another kid", MINT_FIRST, "other", NULL, 2 },
		{ "an elliptic one", MINT_ELLIPTIC, "other", NULL, 1 },
		{ "an elliptic one without a kid",
		    MINT_ELLIPTIC, NULL, "\"alg\":\"ES256\"", 1 },
		{ "an elliptic one of the same kid",
		    MINT_ELLIPTIC, "good", NULL, 1 },
		{ "alg RS512", MINT_SECOND, "other", "\"alg\":\"RS512\"", 1 },
		{ "alg PS256", MINT_SECOND, "other", "\"alg\":\"PS256\"", 1 },
		{ "for encryption",
		    MINT_SECOND, "other", "\"use\":\"enc\"", 1 },
		{ "for encryption, of the same kid",
		    MINT_SECOND, "good", "\"use\":\"enc\"", 1 },
		{ "weak, for encryption",
		    MINT_WEAK, "other", "\"use\":\"enc\"", 1 },
		{ "another key of the same kid",
		    MINT_SECOND, "good", NULL, -1 },
		{ "twice the same", MINT_FIRST, "good", NULL, -1 },
		{ "an empty kid", MINT_SECOND, "", NULL, -1 },
		{ "no kid", MINT_SECOND, NULL, NULL, -1 },
		{ "a private one", MINT_SECOND, "other", "\"d\":\"AQAB\"", -1 },
		{ "a private elliptic one",
		    MINT_ELLIPTIC, "other", "\"d\":\"AQAB\"", -1 },
		{ "for encryption, with a secret",
		    MINT_SECOND, "other", "\"use\":\"enc\",\"k\":\"\"", -1 },
		{ "a short modulus",
		    MINT_SECOND, "other", "\"n\":\"AQAB\"", -1 },
		{ "use of a wrong type",
		    MINT_SECOND, "other", "\"use\":[]", -1 },
		{ "a weak one", MINT_WEAK, "other", NULL, -1 },
	};
	struct mint_key *first = mint_key_new(MINT_FIRST), *key;
	char *good = mint_jwk(first, "good", "\"alg\":\"RS256\"");
	char *other;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		key = mint_key_new(rows[i].pair);
		other = mint_jwk(key, rows[i].kid, rows[i].more);
		if (count_in(mint_set(good, other, NULL)) != rows[i].count ||
		    count_in(mint_set(other, good, NULL)) != rows[i].count)
			fail_msg("%s", rows[i].name);
		free(other);
		mint_key_free(key);
	}
	free(good);
	mint_key_free(first);
}

static void
texts_that_are_none(void **state)
{
	static const char *const texts[] = { "", " ", "x", "null", "1", "\"\"",
		"[]", "{}", "{\"keys\":null}", "{\"keys\":{}}",
		"{\"keys\":\"\"}", "{\"keys\":1}", "{\"keys\":[]}",
		"{\"keys\":[{}]}", "{\"keys\":[null]}", "{\"keys\":[1]}",
		"{\"keys\":[\"RSA\"]}", "{\"keys\":[[]]}", "{\"Keys\":[]}",
		"{\"keys\":[{\"kty\":\"EC\"}]}",
		"{\"keys\":[{\"kty\":\"oct\"},{\"kty\":\"OKP\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\"}]}",
		"<html><body>502 Bad Gateway</body></html>" };
	struct mint_key *key = mint_key_new(MINT_FIRST);
	char *good = mint_set_of(key, "k"), *jwk = mint_jwk(key, "k", NULL);
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (count_in(mint_text("%s", texts[i])) != -1)
			fail_msg("%s", texts[i]);
	assert_int_equal(count_in(mint_text("%s", good)), 1);
	assert_int_equal(count_in(mint_text("%s ", good)), 1);
	assert_int_equal(count_in(mint_text("%sx", good)), -1);
	assert_int_equal(count_in(mint_text("%s%s", good, good)), -1);
	assert_int_equal(count_in(mint_text("[%s]", jwk)), -1);
	assert_int_equal(count_in(mint_text("%s", jwk)), -1);
	assert_int_equal(count_in(mint_text("{\"keys\":[%s],\"keys\":[]}",
	    jwk)), -1);
	assert_int_equal(count_in(mint_text("{\"keys\":[%s,]}", jwk)), -1);
	len = strlen(good);
	for (i = 0; i < len; i += i < 40 ? 1 : 13)
		assert_int_equal(count_in(mint_text("%.*s", (int)i, good)),
		    -1);
	free(good);
	free(jwk);
	mint_key_free(key);
}

/* A set of `usable` keys and `others` that are skipped. */
static char *
make_many(const char *number, size_t usable, size_t others)
{
	struct buffer buffer;
	char *text;
	size_t i;

	buffer_init(&buffer, 4 * JWKS_MAX_TEXT);
	buffer_append_string(&buffer, "{\"keys\":[");
	for (i = 0; i < usable; i++)
		buffer_append_format(&buffer, "%s{\"kty\":\"RSA\",\"kid\":"
		    "\"%zu\",\"n\":\"%s\",\"e\":\"AQAB\"}", i > 0 ? "," : "",
		    i, number);
	for (i = 0; i < others; i++)
		buffer_append_format(&buffer, "%s{\"kty\":\"EC\"}",
		    i > 0 || usable > 0 ? "," : "");
	buffer_append_string(&buffer, "]}");
	assert_int_equal(buffer.failed, 0);
	text = mint_text("%s", buffer.data);
	buffer_clear(&buffer);
	return text;
}

static void
many_keys(void **state)
{
	char *number = mint_modulus(2048);

	(void)state;
	assert_int_equal(count_in(make_many(number, 1000, 0)), 1000);
	assert_int_equal(count_in(make_many(number, 1001, 0)), -1);
	assert_int_equal(count_in(make_many(number, 1, 999)), 1);
	assert_int_equal(count_in(make_many(number, 1, 1000)), -1);
	assert_int_equal(count_in(make_many(number, 0, 1000)), -1);
	free(number);
}

static void
long_texts(void **state)
{
	struct mint_key *key = mint_key_new(MINT_FIRST);
	char *set = mint_set_of(key, "k");
	int blanks = JWKS_MAX_TEXT - (int)strlen(set);

	(void)state;
	assert_int_equal(count_in(mint_text("%s%*s", set, blanks, "")), 1);
	assert_int_equal(count_in(mint_text("%s%*s", set, blanks + 1, "")),
	    -1);
	free(set);
	mint_key_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_found_by_kid),
		cmocka_unit_test(beside_a_good_key),
		cmocka_unit_test(texts_that_are_none),
		cmocka_unit_test(many_keys),
		cmocka_unit_test(long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
