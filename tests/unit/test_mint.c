/* The mint itself: what it makes is what it was asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mint.h"

static void
base64url_is_that_of_the_rfc(void **state)
{
	static const unsigned char odd[] = { 3, 236, 255, 224, 193 };
	char *text = mint_base64url(odd, sizeof(odd));

	(void)state;
	/* RFC 7515 appendix C */
	assert_string_equal(text, "A-z_4ME");
	free(text);
	text = mint_base64url("", 0);
	assert_string_equal(text, "");
	free(text);
}

static void
claims_change_as_told(void **state)
{
	char *text = mint_claims(1000, "exp", "7", "sub", NULL, "new", "[]",
	    NULL);

	(void)state;
	assert_non_null(strstr(text, "\"iat\":1000,"));
	assert_non_null(strstr(text, "\"exp\":7,"));
	assert_non_null(strstr(text, ",\"new\":[]}"));
	assert_null(strstr(text, "\"sub\""));
	free(text);
	text = mint_claims(1000, NULL);
	assert_non_null(strstr(text, "\"exp\":1300,"));
	assert_non_null(strstr(text, "\"sub\":\"" MINT_USER "\"}"));
	free(text);
}

static void
every_method_signs(void **state)
{
	/* characters of the third part */
	static const struct {
		const char *name;
		enum mint_pair pair;
		enum mint_method method;
		size_t len;
	} cases[] = {
		{ "RS256", MINT_FIRST, MINT_RS256, 342 },
		{ "RS384", MINT_FIRST, MINT_RS384, 342 },
		{ "RS512", MINT_SECOND, MINT_RS512, 342 },
		{ "PS256", MINT_FIRST, MINT_PS256, 342 },
		{ "PS384", MINT_FIRST, MINT_PS384, 342 },
		{ "PS512", MINT_FIRST, MINT_PS512, 342 },
		{ "a large key", MINT_LARGE, MINT_RS256, 512 },
		{ "a weak key", MINT_WEAK, MINT_RS256, 171 },
		{ "ES256", MINT_ELLIPTIC, MINT_ES256, 86 },
		{ "unsigned", MINT_FIRST, MINT_UNSIGNED, 0 },
	};
	struct mint_key *key;
	char *token;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		key = mint_key_new(cases[i].pair);
		token = mint_token(key, cases[i].method, "{}", "{}");
		assert_memory_equal(token, "e30.e30.", 8);
		if (strlen(token) != 8 + cases[i].len)
			fail_msg("%s: %zu characters", cases[i].name,
			    strlen(token) - 8);
		free(token);
		mint_key_free(key);
	}
	token = mint_token_hmac("secret", 6, 256, "{}", "{}");
	assert_int_equal(strlen(token), 8 + 43);
	free(token);
}

static void
sets_hold_their_keys(void **state)
{
	struct mint_key *key = mint_key_new(MINT_ELLIPTIC);
	char *first = mint_jwk(key, NULL, NULL);
	char *second = mint_jwk(key, "k", "\"a\":1");
	char *set = mint_set(first, second, NULL);
	char *empty = mint_set(NULL, NULL);

	(void)state;
	assert_null(strstr(first, "kid"));
	assert_non_null(strstr(second, ",\"kid\":\"k\",\"a\":1}"));
	assert_non_null(strstr(set, "},{"));
	assert_string_equal(empty, "{\"keys\":[]}");
	free(first);
	free(second);
	free(set);
	free(empty);
	mint_key_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64url_is_that_of_the_rfc),
		cmocka_unit_test(claims_change_as_told),
		cmocka_unit_test(every_method_signs),
		cmocka_unit_test(sets_hold_their_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
