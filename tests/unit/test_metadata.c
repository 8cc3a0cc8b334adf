/* Issuer metadata, and what must not be believed of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "facts/metadata.h"
#include "mint.h"

#define JWKS MINT_ISSUER "/oauth2/jwks"
#define DEEP_OPEN "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
#define DEEP_CLOSE "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"

static struct error said;	/* of the last one */

static int
parse(char *text, const char *endpoint)
{
	struct metadata metadata;
	struct error error = { "" };
	int ret = metadata_parse(&metadata, text, strlen(text), endpoint,
	    &error);

	assert_int_equal(ret != 0, error.text[0] != '\0');
	if (ret != 0) {
		assert_null(metadata.issuer);
		assert_null(metadata.jwks_uri);
		assert_null(metadata.authorization_endpoint);
	} else {
		assert_string_equal(metadata.issuer, endpoint);
		assert_non_null(metadata.jwks_uri);
	}
	metadata_clear(&metadata);
	metadata_clear(&metadata);
	said = error;
	free(text);
	return ret;
}

static void
good_ones(void **state)
{
	(void)state;
	assert_int_equal(parse(mint_text("{\"issuer\":\"" MINT_ISSUER "\","
	    "\"jwks_uri\":\"" JWKS "\"}"), MINT_ISSUER), 0);
	assert_int_equal(parse(mint_text("{\"issuer\":\"" MINT_ISSUER "\","
	    "\"jwks_uri\":\"" JWKS "?a=b\",\"authorization_endpoint\":\""
	    MINT_ISSUER "/oauth2/authorize\",\"other\":[{}]}"), MINT_ISSUER),
	    0);
}

static void
other_issuers(void **state)
{
	static const char *const issuers[] = { "\"\"", "null", "1", "[]",
		"\"" MINT_ISSUER "/\"", "\"" MINT_ISSUER ":443\"",
		"\"https://evil.example\"", "\"http://auth.example.test\"",
		"\"https://AUTH.example.test\"", "[\"" MINT_ISSUER "\"]" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(issuers) / sizeof(issuers[0]); i++)
		if (parse(mint_text("{\"issuer\":%s,\"jwks_uri\":\"" JWKS
		    "\"}", issuers[i]), MINT_ISSUER) != -1)
			fail_msg("%s", issuers[i]);
	assert_int_equal(parse(mint_text("{\"jwks_uri\":\"" JWKS "\"}"),
	    MINT_ISSUER), -1);
}

static void
other_places(void **state)
{
	static const char *const uris[] = { "\"\"", "null", "1", "{}",
		"\"/oauth2/jwks\"", "\"oauth2/jwks\"",
		"\"https://evil.example/oauth2/jwks\"",
		"\"http://auth.example.test/oauth2/jwks\"",
		"\"" MINT_ISSUER ".evil.example/jwks\"",
		"\"" MINT_ISSUER "@evil.example/jwks\"",
		"\"" MINT_ISSUER ":8443/jwks\"",
		"\"" MINT_ISSUER "\\\\@evil.example/jwks\"",
		"\"https://user@auth.example.test/jwks\"",
		"\"file:///etc/passwd\"",
		"\" " JWKS "\"", "\"" JWKS " \"", "\"" JWKS "#x\"",
		"\"" JWKS "\\n\"", "\"" JWKS "\\u007f\"",
		"\"" JWKS "\\u0000\"", "\"" JWKS "\xc3\xa9\"" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
		if (parse(mint_text("{\"issuer\":\"" MINT_ISSUER "\","
		    "\"jwks_uri\":%s}", uris[i]), MINT_ISSUER) != -1)
			fail_msg("%s", uris[i]);
	assert_int_equal(parse(mint_text("{\"issuer\":\"" MINT_ISSUER "\"}"),
	    MINT_ISSUER), -1);
}

static void
authorization_endpoints(void **state)
{
	static const char *const urls[] = { "null", "1", "[]",
		"\"" MINT_ISSUER "/a b\"", "\"" MINT_ISSUER "/\\r\\nX: y\"",
		"\"" MINT_ISSUER "/#x\"", "\"\xc3\xa9\"" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		if (parse(mint_text("{\"issuer\":\"" MINT_ISSUER
		    "\",\"jwks_uri\":\"" JWKS "\","
		    "\"authorization_endpoint\":%s}", urls[i]),
		    MINT_ISSUER) != -1)
			fail_msg("%s", urls[i]);
}

static void
texts_that_are_none(void **state)
{
	static const char *const texts[] = { "", "x", "[]", "null", "{",
		"<html></html>", "{\"issuer\":\"" MINT_ISSUER "\",\"issuer\":"
		"\"" MINT_ISSUER "\",\"jwks_uri\":\"" JWKS "\"}",
		"{\"issuer\":\"" MINT_ISSUER "\",\"jwks_uri\":\"" JWKS
		"\"}x" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (parse(mint_text("%s", texts[i]), MINT_ISSUER) != -1)
			fail_msg("%s", texts[i]);
}

static void
limits(void **state)
{
	static const char text[] = "{\"issuer\":\"" MINT_ISSUER "\","
	    "\"jwks_uri\":\"" JWKS "\"}";
	int blanks = METADATA_MAX_TEXT - (int)strlen(text);
	int path = 2048 - (int)strlen(MINT_ISSUER "/");

	(void)state;
	assert_int_equal(parse(mint_text("%s%*s", text, blanks, ""),
	    MINT_ISSUER), 0);
	assert_int_equal(parse(mint_text("%s%*s", text, blanks + 1, ""),
	    MINT_ISSUER), -1);
	assert_string_equal(said.text, "metadata: longer than 262144 bytes");
	assert_int_equal(parse(mint_text("{\"issuer\":\"" MINT_ISSUER "\","
	    "\"jwks_uri\":\"" MINT_ISSUER "/%0*d\"}", path, 0), MINT_ISSUER),
	    0);
	assert_int_equal(parse(mint_text("{\"issuer\":\"" MINT_ISSUER "\","
	    "\"jwks_uri\":\"" MINT_ISSUER "/%0*d\"}", path + 1, 0),
	    MINT_ISSUER), -1);
	assert_string_equal(said.text, "metadata: the jwks_uri has 2049 "
	    "characters, and 2048 is the most");
	assert_int_equal(parse(mint_text("{\"issuer\":\"" MINT_ISSUER "\","
	    "\"jwks_uri\":\"" JWKS "\",\"authorization_endpoint\":\""
	    MINT_ISSUER "/%0*d\"}", path + 1, 0), MINT_ISSUER), -1);
	assert_string_equal(said.text, "metadata: the authorization_endpoint "
	    "has 2049 characters, and 2048 is the most");
	assert_int_equal(parse(mint_text("{\"a\":%s%s}", DEEP_OPEN,
	    DEEP_CLOSE), MINT_ISSUER), -1);
	assert_string_equal(said.text, "metadata: JSON that is nested too deep "
	    "(over 32)");
	assert_int_equal(parse(mint_text("{\"a\":1e400}"), MINT_ISSUER), -1);
	assert_string_equal(said.text, "metadata: JSON with a number that is "
	    "too large (over 1.8e308)");
	assert_int_equal(parse(mint_text("{\"issuer\":\"" MINT_ISSUER "\","
	    "\"jwks_uri\":\"" JWKS "\",\"a\":18446744073709551616}"),
	    MINT_ISSUER), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones),
		cmocka_unit_test(other_issuers),
		cmocka_unit_test(other_places),
		cmocka_unit_test(authorization_endpoints),
		cmocka_unit_test(texts_that_are_none),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
