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
#include "mint.h"

static struct error said;	/* of the last count_in() */

/* How many usable keys a text holds; -1: refused.  Frees it. */
static int
count_in(char *text)
{
	struct error error = { "" };
	struct jwks *jwks = jwks_parse(text, strlen(text), &error);
	int count = -1;

	assert_int_equal(jwks == NULL, error.text[0] != '\0');
	if (jwks != NULL)
		count = (int)jwks_count(jwks);
	jwks_free(jwks);
	free(text);
	said = error;
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
	assert_int_equal(jwks_count(jwks), 3);
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

#define FIRST_N "tmLErw9kLhBnBaEwrss0iSwn-auv4um8e_uKRg43rWN0YZMHDfHk9kQ_dzF" \
    "YX2ZYT_MU2jHAZ9G9P7-vqMKLj18xNVw7ofzbQOyi5z-F4j4k3QDWhJIwjhBl5wo4h5ZO" \
    "R66jD8_sMfycLjtVxcRmBCIiwg7Icqc4fxmdLP0P93ukFxPeRY6jfREhjQ2X2__q7p6Hn" \
    "K6wJl5FGyCBTOA_LdUh4wMDjy0PUlB1VXFWyAbewcMI24YW5dLIa-3WsbDFbj1FXCcyPg" \
    "aHbLeD9Dnm37pMAc9W07_QHn_QzBxrGMlP9Ow6BZpxTR7jsrblVzVrNR3ZDMD9O3h7DH4p" \
    "IJnXAQ"

/* One shape; with NULL for the kid it is left out of the text. */
struct shape {
	const char *name;
	enum mint_pair pair;
	const char *kid;	/* between quotes; NULL: none */
	const char *more;	/* members; in place of all with `text` */
	const char *text;
	const char *cause;	/* a part of it; NULL: it serves */
};

/* What was tried on this product, beside one good key, and more. */
static const struct shape shapes[] = {
	{ "another", MINT_SECOND, "odd", NULL, NULL, NULL },
	{ "RS256, sig", MINT_SECOND, "odd",
	    "\"alg\":\"RS256\",\"use\":\"sig\"", NULL, NULL },
	{ "3072 bits", MINT_LARGE, "odd", NULL, NULL, NULL },
	{ "x5c and key_ops", MINT_SECOND, "odd",
	    "\"x5c\":[\"MIIB\"],\"key_ops\":[\"verify\"]", NULL, NULL },
	{ "EC", MINT_ELLIPTIC, "odd", NULL, NULL, "kty" },
	{ "EC without a kid", MINT_ELLIPTIC, NULL, NULL, NULL, "kty" },
	{ "OKP", 0, NULL, NULL, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
	    "\"kid\":\"odd\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPc"
	    "HURo\"}", "kty" },
	{ "ML-DSA", 0, NULL, NULL, "{\"kty\":\"AKP\",\"alg\":\"ML-DSA-65\","
	    "\"kid\":\"odd\",\"pub\":\"AAAA\"}", "kty" },
	{ "RSA-OAEP", MINT_SECOND, "odd",
	    "\"alg\":\"RSA-OAEP\",\"use\":\"enc\"", NULL, "alg" },
	{ "PS512", MINT_SECOND, "odd", "\"alg\":\"PS512\"", NULL, "alg" },
	{ "use enc", MINT_SECOND, "odd", "\"use\":\"enc\"", NULL, "use" },
	{ "1024 bits", MINT_WEAK, "odd", NULL, NULL, "2048" },
	{ "no kid", MINT_SECOND, NULL, NULL, NULL, "kid" },
	{ "kid null", MINT_SECOND, NULL, "\"kid\":null", NULL, "kid" },
	{ "kid a number", MINT_SECOND, NULL, "\"kid\":7", NULL, "kid" },
	{ "kid empty", MINT_SECOND, "", NULL, NULL, "kid" },
	{ "kid with a control", MINT_SECOND, "a\\nb", NULL, NULL, "kid" },
	{ "alg null", MINT_SECOND, "odd", "\"alg\":null", NULL, "malformed" },
	{ "use null", MINT_SECOND, "odd", "\"use\":null", NULL, "malformed" },
	{ "n with a zero in front", 0, NULL, NULL, "{\"kty\":\"RSA\","
	    "\"kid\":\"odd\",\"n\":\"AAAA" FIRST_N "\",\"e\":\"AQAB\"}",
	    "its n" },
	{ "e with a zero in front", 0, NULL, NULL, "{\"kty\":\"RSA\","
	    "\"kid\":\"odd\",\"n\":\"" FIRST_N "\",\"e\":\"AAEAAQ\"}",
	    "its e" },
	{ "padding", 0, NULL, NULL, "{\"kty\":\"RSA\",\"kid\":\"odd\","
	    "\"n\":\"" FIRST_N "==\",\"e\":\"AQAB\"}", "its n" },
	{ "standard base64", 0, NULL, NULL, "{\"kty\":\"RSA\","
	    "\"kid\":\"odd\",\"n\":\"++++" FIRST_N "\",\"e\":\"AQAB\"}",
	    "its n" },
	{ "only x5c", 0, NULL, NULL, "{\"kty\":\"RSA\",\"kid\":\"odd\","
	    "\"x5c\":[\"MIIB\"]}", "its n" },
	{ "no n", 0, NULL, NULL, "{\"kty\":\"RSA\",\"kid\":\"odd\","
	    "\"e\":\"AQAB\"}", "its n" },
	{ "e = 3", 0, NULL, NULL, "{\"kty\":\"RSA\",\"kid\":\"odd\","
	    "\"n\":\"" FIRST_N "\",\"e\":\"Aw\"}", NULL },
	{ "null", 0, NULL, NULL, "null", "object" },
	{ "a text", 0, NULL, NULL, "\"RSA\"", "object" },
	{ "{}", 0, NULL, NULL, "{}", "kty" },
	{ "oct with k", 0, NULL, NULL, "{\"kty\":\"oct\",\"kid\":\"odd\","
	    "\"k\":\"AAAA\"}", "private" },
	{ "EC with d", MINT_ELLIPTIC, "odd", "\"d\":\"AAAA\"", NULL,
	    "private" },
	{ "RSA with d", MINT_SECOND, "odd", "\"d\":\"AAAA\"", NULL,
	    "private" },
	{ "DSA", 0, NULL, NULL, "{\"kty\":\"DSA\",\"kid\":\"odd\","
	    "\"p\":\"AQAB\",\"q\":\"AQAB\",\"y\":\"AQAB\"}", "kty" },
	{ "an unknown kty", 0, NULL, NULL, "{\"kty\":\"NEW\","
	    "\"kid\":\"odd\",\"d\":\"AQAB\"}", "kty" },
	/* of a kid that a good key has as well */
	{ "EC, same kid", MINT_ELLIPTIC, "good", NULL, NULL, "kty" },
	{ "EC with d, same kid", MINT_ELLIPTIC, "good", "\"d\":\"AAAA\"",
	    NULL, "private" },
	{ "use enc, same kid", MINT_SECOND, "good", "\"use\":\"enc\"", NULL,
	    "use" },
	{ "weak, same kid", MINT_WEAK, "good", NULL, NULL, "2048" },
	{ "RSA with d, same kid", MINT_SECOND, "good", "\"d\":\"AAAA\"",
	    NULL, "private" },
};

static char *
text_of(const struct shape *shape)
{
	struct mint_key *key;
	char *text;

	if (shape->text != NULL)
		return mint_text("%s", shape->text);
	key = mint_key_new(shape->pair);
	text = mint_jwk(key, shape->kid, shape->more);
	mint_key_free(key);
	return text;
}

/* The good key serves, whatever stands beside it. */
static void
check_beside(const struct shape *shape, char *set)
{
	struct jwks *jwks = jwks_parse(set, strlen(set), NULL);
	const struct key_flaw *flaw;

	if (jwks == NULL || jwks_find(jwks, "good") == NULL ||
	    jwks_count(jwks) != (shape->cause == NULL ? 2 : 1) ||
	    jwks_flaw_count(jwks) != (shape->cause == NULL ? 0 : 1))
		fail_msg("%s", shape->name);
	flaw = jwks_flaw_at(jwks, 0);
	assert_int_equal(flaw != NULL, shape->cause != NULL);
	if (flaw != NULL && shape->cause != NULL &&
	    strstr(flaw->cause, shape->cause) == NULL)
		fail_msg("%s: %s", shape->name, flaw->cause);
	if (flaw != NULL && strcmp(flaw->id, "odd") == 0)
		assert_ptr_equal(jwks_find_flaw(jwks, "odd"), flaw);
	assert_null(jwks_flaw_at(jwks, jwks_flaw_count(jwks)));
	assert_null(jwks_find_flaw(jwks, "other"));
	jwks_free(jwks);
	free(set);
}

static void
beside_a_good_key(void **state)
{
	struct mint_key *first = mint_key_new(MINT_LARGE);
	char *good = mint_jwk(first, "good", "\"alg\":\"RS256\"");
	char *other;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		other = text_of(&shapes[i]);
		check_beside(&shapes[i], mint_set(good, other, NULL));
		check_beside(&shapes[i], mint_set(other, good, NULL));
		free(other);
	}
	free(good);
	mint_key_free(first);
}

/* Sizes, and kids of 255 and 256 bytes. */
static void
lengths_beside_a_good_key(void **state)
{
	static const struct {
		size_t bits, kid;
		int count;
	} rows[] = {
		{ 1024, 1, 1 }, { 2047, 1, 1 }, { 2048, 1, 2 }, { 3072, 1, 2 },
		{ 4096, 1, 2 }, { 8192, 1, 2 }, { 8193, 1, 1 },
		{ 16384, 1, 1 }, { 2048, 255, 2 }, { 2048, 256, 1 },
		{ 2048, 300, 1 },
	};
	struct mint_key *first = mint_key_new(MINT_FIRST);
	char *good = mint_jwk(first, "good", NULL);
	char *number, *other, kid[301];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(kid, 'k', sizeof(kid));
		kid[rows[i].kid] = '\0';
		number = mint_modulus(rows[i].bits);
		other = mint_text("{\"kty\":\"RSA\",\"kid\":\"%s\",\"n\":"
		    "\"%s\",\"e\":\"AQAB\"}", kid, number);
		if (count_in(mint_set(good, other, NULL)) != rows[i].count)
			fail_msg("row %zu", i);
		free(number);
		free(other);
	}
	free(good);
	mint_key_free(first);
}

/* How many of these serve, and is `kid` one of them? */
static void
check(char *set, int count, const char *kid, const char *cause)
{
	struct jwks *jwks = jwks_parse(set, strlen(set), NULL);
	const struct key_flaw *flaw;

	if (jwks == NULL)
		fail_msg("no set: %s", set);
	assert_int_equal(jwks_count(jwks), count);
	if (cause == NULL) {
		assert_non_null(jwks_find(jwks, kid));
	} else {
		assert_null(jwks_find(jwks, kid));
		assert_non_null(flaw = jwks_find_flaw(jwks, kid));
		assert_non_null(strstr(flaw->cause, cause));
	}
	jwks_free(jwks);
	free(set);
}

static void
keys_that_stand_there_twice(void **state)
{
	struct mint_key *first = mint_key_new(MINT_FIRST);
	struct mint_key *second = mint_key_new(MINT_SECOND);
	char *a = mint_jwk(first, "k", NULL);
	char *a_labelled = mint_jwk(first, "k", "\"alg\":\"RS256\"");
	char *a_other = mint_jwk(first, "l", NULL);
	char *a_private = mint_jwk(first, "m", "\"d\":\"AQAB\"");
	char *b = mint_jwk(second, "k", NULL);
	char *b_other = mint_jwk(second, "n", NULL);
	char *unread = mint_text("{\"kty\":\"RSA\",\"kid\":\"k\",\"d\":"
	    "\"AQAB\"}");

	(void)state;
	check(mint_set(a, a, NULL), 1, "k", NULL);
	check(mint_set(a, a_labelled, a, NULL), 1, "k", NULL);
	check(mint_set(a, a_other, NULL), 2, "l", NULL);
	check(mint_set(a, b, b_other, NULL), 1, "k", "two different");
	check(mint_set(b, a, a, b, b_other, NULL), 1, "k", "two different");
	check(mint_set(a, b, NULL), 0, "k", "two different");
	/* its private half stands there under any name */
	check(mint_set(a, a_other, a_private, b_other, NULL), 1, "k",
	    "private");
	check(mint_set(a_private, a, a_other, b_other, NULL), 1, "l",
	    "private");
	check(mint_set(a_private, a, NULL), 0, "m", "private");
	check(mint_set(unread, a, b_other, NULL), 1, "k", "private");
	check(mint_set(a_private, b, NULL), 1, "k", NULL);
	free(a);
	free(a_labelled);
	free(a_other);
	free(a_private);
	free(b);
	free(b_other);
	free(unread);
	mint_key_free(first);
	mint_key_free(second);
}

/* Does the good one serve, or is it left out as private, in any order? */
static int
is_set_right(const char *good, const char *half, const char *more, int serves)
{
	char *sets[] = { mint_set(good, half, more, NULL),
		mint_set(half, more, good, NULL) };
	const struct key_flaw *flaw;
	struct jwks *jwks;
	int i, ret = 1;

	for (i = 0; i < 2; i++) {
		jwks = jwks_parse(sets[i], strlen(sets[i]), NULL);
		assert_non_null(jwks);
		flaw = jwks_find_flaw(jwks, "good");
		ret &= jwks_count(jwks) == (size_t)(1 + serves) &&
		    jwks_find(jwks, "more") != NULL && (serves ? flaw == NULL :
		    flaw != NULL && strstr(flaw->cause, "private") != NULL);
		jwks_free(jwks);
		free(sets[i]);
	}
	return ret;
}

/* A good key beside one of another kid that holds its private half, whatever
 * else is wrong with that; and beside one that does not. */
static void
a_half_under_another_kid(void **state)
{
	static const struct {
		const char *name;
		const char *members;
		int serves;
	} rows[] = {
		{ "d", "\"kty\":\"RSA\",\"n\":\"" FIRST_N "\","
		    "\"e\":\"AQAB\",\"d\":\"AQAB\"", 0 },
		{ "no kty", "\"n\":\"" FIRST_N "\",\"e\":\"AQAB\","
		    "\"d\":\"AQAB\"", 0 },
		{ "kty rsa", "\"kty\":\"rsa\",\"n\":\"" FIRST_N "\","
		    "\"e\":\"AQAB\",\"p\":\"AQAB\"", 0 },
		{ "kty a number", "\"kty\":5,\"n\":\"" FIRST_N "\","
		    "\"e\":\"AQAB\",\"q\":\"AQAB\"", 0 },
		{ "kty NEW", "\"kty\":\"NEW\",\"n\":\"" FIRST_N "\","
		    "\"priv\":\"AQAB\"", 0 },
		{ "kty EC with p", "\"kty\":\"EC\",\"n\":\"" FIRST_N "\","
		    "\"e\":\"AQAB\",\"p\":\"AQAB\"", 0 },
		{ "no e", "\"kty\":\"RSA\",\"n\":\"" FIRST_N "\","
		    "\"dp\":\"AQAB\"", 0 },
		{ "another e", "\"kty\":\"RSA\",\"n\":\"" FIRST_N "\","
		    "\"e\":\"Aw\",\"dq\":\"AQAB\"", 0 },
		{ "e with a zero", "\"kty\":\"RSA\",\"n\":\"" FIRST_N
		    "\",\"e\":\"AAEAAQ\",\"qi\":\"AQAB\"", 0 },
		{ "n with zeros", "\"kty\":\"RSA\",\"n\":\"AAAA" FIRST_N
		    "\",\"e\":\"AQAB\",\"d\":\"AQAB\"", 0 },
		{ "n padded", "\"kty\":\"RSA\",\"n\":\"" FIRST_N "==\","
		    "\"e\":\"AQAB\",\"d\":null", 0 },
		{ "n on a line", "\"kty\":\"RSA\",\"n\":\"" FIRST_N
		    "\\r\\n\",\"e\":\"AQAB\",\"oth\":[]", 0 },
		{ "p and q alone", "\"kty\":\"RSA\",\"p\":\"" FIRST_N "\","
		    "\"q\":\"AQ\"", 0 },
		{ "q and p, badly written", "\"q\":\"AAAA" FIRST_N "==\","
		    "\"p\":\"AAAB\"", 0 },
		{ "p and q of another", "\"kty\":\"RSA\",\"p\":\"" FIRST_N
		    "\",\"q\":\"Ag\"", 1 },
		{ "p and q unread", "\"kty\":\"RSA\",\"p\":\"" FIRST_N "\","
		    "\"q\":7", 1 },
		{ "k alone", "\"n\":\"" FIRST_N "\","
		    "\"k\":1", 0 },
		{ "another n", "\"kty\":\"RSA\",\"n\":\"AQAB" FIRST_N
		    "\",\"e\":\"AQAB\",\"d\":\"AQAB\"", 1 },
		{ "n unread", "\"kty\":\"RSA\",\"n\":\"*" FIRST_N "\","
		    "\"d\":\"AQAB\"", 1 },
		{ "no n", "\"kty\":\"RSA\",\"d\":\"AQAB\"", 1 },
		{ "nothing private", "\"n\":\"" FIRST_N "\",\"D\":1", 1 },
	};
	struct mint_key *key = mint_key_new(MINT_FIRST);
	struct mint_key *other = mint_key_new(MINT_SECOND);
	char *good = mint_jwk(key, "good", NULL), *half;
	char *more = mint_jwk(other, "more", NULL);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		half = mint_text("{\"kid\":\"half\",%s}", rows[i].members);
		if (!is_set_right(good, half, more, rows[i].serves))
			fail_msg("%s", rows[i].name);
		free(half);
	}
	/* of the same kid it need not name an n */
	check(mint_set(good, "{\"kid\":\"good\",\"d\":\"AQAB\"}", more,
	    NULL), 1, "good", "private");
	free(good);
	free(more);
	mint_key_free(key);
	mint_key_free(other);
}

/* They are sets: what they do not hold serves no longer. */
static void
sets_of_which_nothing_serves(void **state)
{
	static const char *const texts[] = { "{\"keys\":[{}]}",
		"{\"keys\":[{\"kty\":\"EC\"}]}", "{\"keys\":[null,{}]}",
		"{\"keys\":[{\"kty\":\"oct\"},{\"kty\":\"OKP\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\"}]}" };
	struct mint_key *weak = mint_key_new(MINT_WEAK);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (count_in(mint_text("%s", texts[i])) != 0)
			fail_msg("%s", texts[i]);
	assert_int_equal(count_in(mint_set_of(weak, "k")), 0);
	mint_key_free(weak);
}

static void
texts_that_are_none(void **state)
{
	static const char *const texts[] = { "", " ", "x", "null", "1", "\"\"",
		"[]", "{}", "{\"keys\":null}", "{\"keys\":{}}",
		"{\"keys\":\"\"}", "{\"keys\":1}", "{\"keys\":[]}",
		"{\"keys\":[null]}", "{\"keys\":[1]}",
		"{\"keys\":[\"RSA\"]}", "{\"keys\":[[]]}", "{\"Keys\":[]}",
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
	assert_string_equal(said.text, "key set: more than 1000 keys");
	assert_int_equal(count_in(make_many(number, 1, 999)), 1);
	assert_int_equal(count_in(make_many(number, 1, 1000)), -1);
	assert_int_equal(count_in(make_many(number, 0, 1000)), 0);
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
	assert_string_equal(said.text, "key set: longer than 1048576 bytes");
	free(set);
	/* what nobody reads harms no key; what cannot be held says so */
	set = mint_jwk(key, "k", "\"created_at\":18446744073709551616");
	assert_int_equal(count_in(mint_set(set, NULL)), 1);
	free(set);
	set = mint_jwk(key, "k", "\"created_at\":1e400");
	assert_int_equal(count_in(mint_set(set, NULL)), -1);
	assert_string_equal(said.text, "key set: JSON with a number that is "
	    "too large (over 1.8e308)");
	free(set);
	set = mint_jwk(key, "k", "\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
	    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
	assert_int_equal(count_in(mint_set(set, NULL)), -1);
	assert_string_equal(said.text, "key set: JSON that is nested too deep "
	    "(over 32)");
	free(set);
	mint_key_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_found_by_kid),
		cmocka_unit_test(beside_a_good_key),
		cmocka_unit_test(lengths_beside_a_good_key),
		cmocka_unit_test(keys_that_stand_there_twice),
		cmocka_unit_test(a_half_under_another_kid),
		cmocka_unit_test(sets_of_which_nothing_serves),
		cmocka_unit_test(texts_that_are_none),
		cmocka_unit_test(many_keys),
		cmocka_unit_test(long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
