/* JWKs into keys, and what they have signed. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "facts/key.h"
#include "facts/key_jwk.h"
#include "ground/base64url.h"
#include "ground/json.h"
#include "ground/json_parse.h"
#include "mint.h"

/* RFC 7515 appendix A.2 */
#define RFC_N "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHm" \
    "fHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWv" \
    "G6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-K" \
    "XBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5Ihl" \
    "JH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW" \
    "yuXpoQ"
#define RFC_D "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97Ijl" \
    "A7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVR" \
    "UCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4" \
    "D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGU" \
    "l_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRu" \
    "OopznQ"
#define RFC_INPUT "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA" \
    "4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define RFC_SIGNATURE "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu" \
    "3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQ" \
    "jbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07" \
    "Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv" \
    "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig" \
    "cN_IoypGlUPQGe77Rw"

static struct key_flaw flaw;	/* of the last one */

/* The key of a JWK's text; frees the text. */
static enum key_outcome
make(char *text, struct key **key_out)
{
	struct json *jwk = json_parse(text, strlen(text), NULL);
	enum key_outcome outcome;

	assert_non_null(jwk);
	outcome = key_jwk_read(jwk, key_out, &flaw);
	assert_int_equal(outcome == KEY_MADE, *key_out != NULL);
	if (outcome == KEY_LEFT_OUT)
		assert_true(strlen(flaw.cause) > 10);
	json_free(jwk);
	free(text);
	return outcome;
}

static enum key_outcome
outcome_of(char *text)
{
	struct key *key;
	enum key_outcome outcome = make(text, &key);

	key_free(key);
	return outcome;
}

static struct key *
key_of(enum mint_pair pair)
{
	struct mint_key *minted = mint_key_new(pair);
	struct key *key;

	assert_int_equal(make(mint_jwk(minted, "k", NULL), &key), KEY_MADE);
	mint_key_free(minted);
	return key;
}

/* Is the third part of the token a signature of the others?  Frees it. */
static int
verifies(const struct key *key, char *token)
{
	char *signature = strrchr(token, '.') + 1;
	unsigned char bytes[1024];
	size_t len;
	int ret;

	assert_int_equal(base64url_decode(signature, strlen(signature),
	    bytes, sizeof(bytes), &len), 0);
	ret = key_verifies(key, token, (size_t)(signature - token) - 1,
	    bytes, len);
	free(token);
	return ret;
}

static void
the_example_of_the_rfc(void **state)
{
	struct key *key;

	(void)state;
	/* as it stands there it is a private key, and has no kid */
	assert_int_equal(outcome_of(mint_text("{\"kty\":\"RSA\",\"n\":\"" RFC_N
	    "\",\"e\":\"AQAB\",\"d\":\"" RFC_D "\",\"kid\":\"k\"}")),
	    KEY_LEFT_OUT);
	assert_int_equal(outcome_of(mint_text("{\"kty\":\"RSA\",\"n\":\"" RFC_N
	    "\",\"e\":\"AQAB\"}")), KEY_LEFT_OUT);
	assert_int_equal(make(mint_text("{\"kty\":\"RSA\",\"n\":\"" RFC_N
	    "\",\"e\":\"AQAB\",\"kid\":\"k\"}"), &key), KEY_MADE);
	assert_string_equal(key_id(key), "k");
	assert_int_equal(key_signature_length(key), 256);
	assert_int_equal(verifies(key, mint_text("%s", RFC_INPUT "."
	    RFC_SIGNATURE)), 1);
	assert_int_equal(verifies(key, mint_text("%s", "f" RFC_INPUT "."
	    RFC_SIGNATURE)), 0);
	key_free(key);
}

static void
labels(void **state)
{
	static const struct {
		const char *more;	/* members */
		const char *cause;	/* a part of it; NULL: it serves */
	} rows[] = {
		{ NULL, NULL },
		{ "\"alg\":\"RS256\"", NULL },
		{ "\"use\":\"sig\"", NULL },
		{ "\"alg\":\"RS256\",\"use\":\"sig\","
		    "\"key_ops\":[\"verify\"]", NULL },
		{ "\"key_ops\":[\"sign\",\"verify\"]", NULL },
		{ "\"created_at\":1,\"x5c\":[],\"x\":null,\"priv\":1", NULL },
		/* not for us */
		{ "\"alg\":\"RS384\"", "its alg" },
		{ "\"alg\":\"PS256\"", "its alg" },
		{ "\"alg\":\"RSA-OAEP\"", "its alg" },
		{ "\"alg\":\"HS256\"", "its alg" },
		{ "\"alg\":\"none\"", "its alg" },
		{ "\"alg\":\"rs256\"", "its alg" },
		{ "\"alg\":\"\"", "its alg" },
		{ "\"use\":\"enc\"", "its use" },
		{ "\"use\":\"SIG\"", "its use" },
		{ "\"use\":\"\"", "its use" },
		{ "\"key_ops\":[]", "its key_ops" },
		{ "\"key_ops\":[\"encrypt\",\"wrapKey\"]", "its key_ops" },
		/* malformed */
		{ "\"alg\":null", "malformed" },
		{ "\"alg\":[\"RS256\"]", "malformed" },
		{ "\"use\":1", "malformed" },
		{ "\"use\":null", "malformed" },
		{ "\"key_ops\":\"verify\"", "malformed" },
		{ "\"key_ops\":[\"verify\",1]", "malformed" },
		{ "\"key_ops\":null", "malformed" },
		/* private */
		{ "\"d\":\"AQAB\"", "private" },
		{ "\"p\":\"AQAB\"", "private" },
		{ "\"q\":\"AQAB\"", "private" },
		{ "\"dp\":\"AQAB\"", "private" },
		{ "\"dq\":\"AQAB\"", "private" },
		{ "\"qi\":\"AQAB\"", "private" },
		{ "\"oth\":[]", "private" },
		{ "\"k\":\"AQAB\"", "private" },
		{ "\"d\":null", "private" },
		{ "\"use\":\"enc\",\"d\":\"AQAB\"", "private" },
	};
	struct mint_key *minted = mint_key_new(MINT_FIRST);
	enum key_outcome outcome;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		outcome = outcome_of(mint_jwk(minted, "k", rows[i].more));
		if ((outcome == KEY_MADE) != (rows[i].cause == NULL) ||
		    (rows[i].cause != NULL &&
		    strstr(flaw.cause, rows[i].cause) == NULL))
			fail_msg("row %zu", i);
		assert_string_equal(flaw.id, "k");
		/* it is known by its numbers, whatever is wrong with it */
		assert_string_not_equal(flaw.thumbprint, "");
		assert_int_equal(flaw.is_private, rows[i].cause != NULL &&
		    strcmp(rows[i].cause, "private") == 0);
	}
	mint_key_free(minted);
}

static void
texts(void **state)
{
	static const struct {
		const char *text;
		enum key_outcome outcome;
	} rows[] = {
		{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\"}",
		    KEY_LEFT_OUT },
		{ "{\"kty\":\"OKP\"}", KEY_LEFT_OUT },
		{ "{\"kty\":\"oct\"}", KEY_LEFT_OUT },
		{ "{\"kty\":\"rsa\"}", KEY_LEFT_OUT },
		{ "{\"kty\":\"\"}", KEY_LEFT_OUT },
		{ "{\"kty\":\"oct\",\"k\":\"AA\"}", KEY_LEFT_OUT },
		{ "{\"kty\":\"EC\",\"d\":\"AA\"}", KEY_LEFT_OUT },
		{ "{}", KEY_LEFT_OUT },
		{ "{\"kty\":null}", KEY_LEFT_OUT },
		{ "{\"kty\":1}", KEY_LEFT_OUT },
		{ "{\"kty\":[\"RSA\"]}", KEY_LEFT_OUT },
		{ "{\"kty\":\"RSA\"}", KEY_LEFT_OUT },
		{ "{\"kty\":\"RSA\",\"kid\":\"k\",\"n\":\"" RFC_N "\"}",
		    KEY_LEFT_OUT },
		{ "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\"}",
		    KEY_LEFT_OUT },
	};
	/* kid, n, e behind a good rest */
	static const char *const bad[][3] = {
		{ "\"\"", "\"" RFC_N "\"", "\"AQAB\"" },
		{ "1", "\"" RFC_N "\"", "\"AQAB\"" },
		{ "null", "\"" RFC_N "\"", "\"AQAB\"" },
		{ "\"a\\nb\"", "\"" RFC_N "\"", "\"AQAB\"" },
		{ "\"\\u007f\"", "\"" RFC_N "\"", "\"AQAB\"" },
		{ "\"k\"", "\"\"", "\"AQAB\"" },
		{ "\"k\"", "1", "\"AQAB\"" },
		{ "\"k\"", "null", "\"AQAB\"" },
		{ "\"k\"", "\"" RFC_N "=\"", "\"AQAB\"" },
		{ "\"k\"", "\"" RFC_N "==\"", "\"AQAB\"" },
		{ "\"k\"", "\"" RFC_N " \"", "\"AQAB\"" },
		{ "\"k\"", "\"+" RFC_N "\"", "\"AQAB\"" },
		{ "\"k\"", "\"AAAA" RFC_N "\"", "\"AQAB\"" },
		{ "\"k\"", "\"" RFC_N "\"", "\"\"" },
		{ "\"k\"", "\"" RFC_N "\"", "65537" },
		{ "\"k\"", "\"" RFC_N "\"", "\"AQAB=\"" },
		{ "\"k\"", "\"" RFC_N "\"", "\"AAEAAQ\"" },
		{ "\"k\"", "\"" RFC_N "\"", "\"AA\"" },
		{ "\"k\"", "\"" RFC_N "\"", "\"AQ\"" },		/* 1 */
		{ "\"k\"", "\"" RFC_N "\"", "\"Ag\"" },		/* 2 */
		{ "\"k\"", "\"" RFC_N "\"", "\"AQAA\"" },	/* even */
		{ "\"k\"", "\"" RFC_N "\"", "\"AQAAAAAAAAAB\"" },
		{ "\"k\"", "\"" RFC_N "\"", "\"" RFC_N "\"" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (outcome_of(mint_text("%s", rows[i].text)) !=
		    rows[i].outcome)
			fail_msg("%s", rows[i].text);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (outcome_of(mint_text("{\"kty\":\"RSA\",\"kid\":%s,"
		    "\"n\":%s,\"e\":%s}", bad[i][0], bad[i][1], bad[i][2])) !=
		    KEY_LEFT_OUT)
			fail_msg("bad row %zu", i);
	/* 3 is small but lawful */
	assert_int_equal(outcome_of(mint_text("{\"kty\":\"RSA\",\"kid\":\"k\","
	    "\"n\":\"" RFC_N "\",\"e\":\"Aw\"}")), KEY_MADE);
}

static void
sizes(void **state)
{
	static const struct {
		size_t bits;
		enum key_outcome outcome;
	} rows[] = {
		{ 512, KEY_LEFT_OUT }, { 1024, KEY_LEFT_OUT },
		{ 2040, KEY_LEFT_OUT }, { 2047, KEY_LEFT_OUT },
		{ 2048, KEY_MADE }, { 2049, KEY_MADE }, { 3072, KEY_MADE },
		{ 4096, KEY_MADE }, { 8192, KEY_MADE },
		{ 8193, KEY_LEFT_OUT }, { 8200, KEY_LEFT_OUT },
		{ 16384, KEY_LEFT_OUT },
	};
	char *modulus;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		modulus = mint_modulus(rows[i].bits);
		if (outcome_of(mint_text("{\"kty\":\"RSA\",\"kid\":\"k\","
		    "\"n\":\"%s\",\"e\":\"AQAB\"}", modulus)) !=
		    rows[i].outcome)
			fail_msg("%zu bits", rows[i].bits);
		/* the last character holds the lowest bit: make it even */
		if (rows[i].bits == 3072) {
			modulus[strlen(modulus) - 1] = 'A';
			assert_int_equal(outcome_of(mint_text("{\"kty\":"
			    "\"RSA\",\"kid\":\"k\",\"n\":\"%s\",\"e\":"
			    "\"AQAB\"}", modulus)), KEY_LEFT_OUT);
		}
		free(modulus);
	}
}

/* Made as that library made them, and one that differs in a bit. */
static void
moduli_of_the_roca_class(void **state)
{
	static const char roca[] = "6-ZVe5Lbi2bsYZd3n0oAq2VCnu7Ac_cbAmotgw6Grm"
	    "ePGCL-LhC7S1hZpheM4ZJv7YWxYs-pICmP-LHVdi3rGxnWqpA6Fyo2RFzywclrgCJ"
	    "gmvR45lkRqPsUj1sHr6_mmywZ8xzRR8DBGBYJWmFStE_-3VQFNW8DB605cBFSg_Hc"
	    "Dpy-WrrRUPZOXRefHFgYW5Nq8Vv3pP4FacF2MZH24Z3PqO0a7rzlFXeBsY2ampY3G"
	    "6_NtIApfwvQfPxmouWZkWu_XD-ZfYY7ZIXT9KpPACk54rLJqg8Dr0petJ-dkpMjmg"
	    "kjq-12Gt5j0tx-g-KImusENdivPR2XellGwzN69w";
	char *text = mint_text("%s", roca);

	(void)state;
	assert_int_equal(outcome_of(mint_text("{\"kty\":\"RSA\",\"kid\":\"k\","
	    "\"n\":\"%s\",\"e\":\"AQAB\"}", text)), KEY_LEFT_OUT);
	assert_non_null(strstr(flaw.cause, "ROCA"));
	text[100] ^= 1;
	assert_int_equal(outcome_of(mint_text("{\"kty\":\"RSA\",\"kid\":\"k\","
	    "\"n\":\"%s\",\"e\":\"AQAB\"}", text)), KEY_MADE);
	free(text);
}

static void
only_its_own_signatures(void **state)
{
	struct mint_key *first = mint_key_new(MINT_FIRST);
	struct mint_key *second = mint_key_new(MINT_SECOND);
	struct mint_key *large = mint_key_new(MINT_LARGE);
	struct key *key = key_of(MINT_FIRST);
	struct key *large_key = key_of(MINT_LARGE);
	int method;

	(void)state;
	assert_int_equal(key_signature_length(large_key), 384);
	assert_int_equal(verifies(key, mint_good(first, "k", 1)), 1);
	assert_int_equal(verifies(large_key, mint_good(large, "k", 1)), 1);
	assert_int_equal(verifies(key, mint_good(second, "k", 1)), 0);
	assert_int_equal(verifies(key, mint_good(large, "k", 1)), 0);
	assert_int_equal(verifies(large_key, mint_good(first, "k", 1)), 0);
	for (method = MINT_RS384; method <= MINT_PS512; method++)
		assert_int_equal(verifies(key, mint_token(first,
		    (enum mint_method)method, "{}", "{}")), 0);
	assert_int_equal(verifies(key, mint_token(first, MINT_UNSIGNED, "{}",
	    "{}")), 0);
	mint_key_free(first);
	mint_key_free(second);
	mint_key_free(large);
	key_free(key);
	key_free(large_key);
}

/* RFC 8725 section 2.1: the public key as the secret of an HMAC. */
static void
no_public_key_is_a_secret(void **state)
{
	struct mint_key *minted = mint_key_new(MINT_FIRST);
	struct key *key = key_of(MINT_FIRST);
	char *pem = mint_public_pem(minted), *jwk = mint_jwk(minted, "k", NULL);
	size_t der_len;
	unsigned char *der = mint_public_der(minted, &der_len);
	int bits;

	(void)state;
	for (bits = 256; bits <= 512; bits += 128) {
		assert_int_equal(verifies(key, mint_token_hmac(pem,
		    strlen(pem), bits, "{}", "{}")), 0);
		assert_int_equal(verifies(key, mint_token_hmac(der, der_len,
		    bits, "{}", "{}")), 0);
		assert_int_equal(verifies(key, mint_token_hmac(jwk,
		    strlen(jwk), bits, "{}", "{}")), 0);
	}
	free(pem);
	free(der);
	free(jwk);
	key_free(key);
	mint_key_free(minted);
}

static void
every_bit_counts(void **state)
{
	struct key *key = key_of(MINT_FIRST);
	struct mint_key *minted = mint_key_new(MINT_FIRST);
	static const char input[] = "e30.e30";
	char *text = mint_sign_raw(minted, input);
	unsigned char signature[257] = { 0 };
	size_t i, len;

	(void)state;
	assert_int_equal(base64url_decode(text, strlen(text), signature,
	    sizeof(signature), &len), 0);
	assert_int_equal(len, 256);
	for (i = 0; i < len; i++) {
		signature[i] ^= (unsigned char)(1U << (i % 8));
		assert_int_equal(key_verifies(key, input, strlen(input),
		    signature, len), 0);
		signature[i] ^= (unsigned char)(1U << (i % 8));
	}
	assert_int_equal(key_verifies(key, input, strlen(input), signature,
	    len), 1);
	assert_int_equal(key_verifies(key, input, strlen(input) - 1,
	    signature, len), 0);
	assert_int_equal(key_verifies(key, "", 0, signature, len), 0);
	for (i = 0; i <= 257; i++)
		if (i != 256)
			assert_int_equal(key_verifies(key, input,
			    strlen(input), signature, i), 0);
	memset(signature, 0, sizeof(signature));
	assert_int_equal(key_verifies(key, input, strlen(input), signature,
	    256), 0);
	memset(signature, 0xff, sizeof(signature));
	assert_int_equal(key_verifies(key, input, strlen(input), signature,
	    256), 0);
	free(text);
	mint_key_free(minted);
	key_free(key);
}

/* What the host has in OpenSSL's queue of errors stays there, and decides
 * nothing. */
static void
errors_of_the_host(void **state)
{
	struct key *key = key_of(MINT_FIRST);
	struct mint_key *first = mint_key_new(MINT_FIRST);
	struct mint_key *second = mint_key_new(MINT_SECOND);
	unsigned long code;
	int count, i;

	(void)state;
	for (count = 0; count < 4; count++) {
		ERR_clear_error();
		for (i = 0; i < count; i++)
			ERR_raise(ERR_LIB_RSA, RSA_R_BAD_SIGNATURE + i);
		assert_int_equal(verifies(key, mint_good(first, "k", 1)), 1);
		assert_int_equal(verifies(key, mint_good(second, "k", 1)), 0);
		assert_int_equal(verifies(key, mint_good(second, "k", 1)), 0);
		assert_int_equal(verifies(key, mint_good(first, "k", 1)), 1);
		for (i = 0; i < count; i++) {
			code = ERR_get_error();
			assert_int_equal(ERR_GET_LIB(code), ERR_LIB_RSA);
			assert_int_equal(ERR_GET_REASON(code),
			    RSA_R_BAD_SIGNATURE + i);
		}
		assert_int_equal(ERR_peek_error(), 0);
	}
	mint_key_free(first);
	mint_key_free(second);
	key_free(key);
}

struct work {
	const struct key *key;
	const unsigned char *signature;
	int good;
};

static void *
verify_often(void *argument)
{
	struct work *work = argument;
	int i;

	for (i = 0; i < 50; i++)
		work->good += key_verifies(work->key, "e30.e30", 7,
		    work->signature, 256) == 1;
	return NULL;
}

static void
several_threads(void **state)
{
	struct key *key = key_of(MINT_FIRST);
	struct mint_key *minted = mint_key_new(MINT_FIRST);
	char *text = mint_sign_raw(minted, "e30.e30");
	unsigned char signature[256];
	struct work work[4];
	pthread_t threads[4];
	size_t i, len;

	(void)state;
	assert_int_equal(base64url_decode(text, strlen(text), signature,
	    sizeof(signature), &len), 0);
	for (i = 0; i < 4; i++) {
		work[i] = (struct work) { key, signature, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL,
		    verify_often, &work[i]), 0);
	}
	for (i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(work[i].good, 50);
	}
	free(text);
	mint_key_free(minted);
	key_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_rfc),
		cmocka_unit_test(labels),
		cmocka_unit_test(texts),
		cmocka_unit_test(sizes),
		cmocka_unit_test(moduli_of_the_roca_class),
		cmocka_unit_test(only_its_own_signatures),
		cmocka_unit_test(no_public_key_is_a_secret),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(errors_of_the_host),
		cmocka_unit_test(several_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
