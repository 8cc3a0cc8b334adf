/* Any text as a key set, and as metadata.
 * Own files: src/facts/jwks.c src/facts/key.c src/facts/key_jwk.c
 *     src/facts/key_weakness.c src/facts/metadata.c */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include <openssl/err.h>

#include "facts/jwks.h"
#include "facts/metadata.h"
#include "ground/json.h"
#include "ground/json_parse.h"
#include "ground/origin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A key that serves: strong, and nothing verifies that it did not sign. */
static void
check_key(const struct key *key, const char *kid)
{
	static const unsigned char signature[1024] = { 1 };

	assert(strcmp(key_id(key), kid) == 0 && key_id_is_valid(kid));
	assert(strlen(key_thumbprint(key)) == HASH_HEX_SIZE - 1);
	assert(key_signature_length(key) >= 256 &&
	    key_signature_length(key) <= 1024);
	assert(key_verifies(key, "x", 1, signature,
	    key_signature_length(key)) == 0);
	/* whatever the host left in OpenSSL's queue of errors stays there */
	ERR_raise(ERR_LIB_SYS, 7);
	assert(key_verifies(key, "x", 1, signature,
	    key_signature_length(key)) == 0);
	assert(ERR_GET_LIB(ERR_get_error()) == ERR_LIB_SYS);
	assert(ERR_peek_error() == 0);
	assert(key_verifies(key, "x", 1, signature, 1) == 0);
}

/* Each kid that serves is found; each flaw has a cause, and is found. */
static void
check_found(const struct jwks *jwks, const char *text, size_t len)
{
	struct json *json = json_parse(text, len, NULL);
	const struct json *array;
	const struct key *key;
	size_t i, count = 0;
	const char *kid;

	assert(json_find_array(json, "keys", &array) == JSON_FOUND);
	assert(json_array_length(array) <= JWKS_MAX_KEYS);
	for (i = 0; i < json_array_length(array); i++) {
		if (json_find_string(json_array_at(array, i), "kid", &kid) !=
		    JSON_FOUND || (key = jwks_find(jwks, kid)) == NULL)
			continue;
		check_key(key, kid);
		count++;
	}
	assert(count >= jwks_count(jwks) && (count > 0) ==
	    (jwks_count(jwks) > 0));
	json_free(json);
}

static void
check_flaws(const struct jwks *jwks)
{
	const struct key_flaw *flaw;
	size_t i;

	for (i = 0; i < jwks_flaw_count(jwks); i++) {
		flaw = jwks_flaw_at(jwks, i);
		assert(flaw->cause != NULL);
		assert(jwks_find_flaw(jwks, flaw->id) != NULL);
	}
	assert(jwks_flaw_at(jwks, i) == NULL);
}

static void
check_set(const char *text, size_t len)
{
	struct error error = { "" };
	struct jwks *jwks = jwks_parse(text, len, &error);

	if (jwks == NULL) {
		assert(error.text[0] != '\0');
		return;
	}
	assert(error.text[0] == '\0');
	assert(jwks_count(jwks) + jwks_flaw_count(jwks) > 0);
	check_found(jwks, text, len);
	check_flaws(jwks);
	assert(jwks_find(jwks, "") == NULL);
	jwks_free(jwks);
}

static void
check_metadata(const char *text, size_t len)
{
	static const char endpoint[] = "https://a.example";
	struct error error = { "" };
	struct metadata metadata;

	if (metadata_parse(&metadata, text, len, endpoint, &error) != 0) {
		assert(error.text[0] != '\0');
		assert(metadata.issuer == NULL && metadata.jwks_uri == NULL);
		return;
	}
	assert(strcmp(metadata.issuer, endpoint) == 0);
	assert(origin_of_url(endpoint, metadata.jwks_uri));
	metadata_clear(&metadata);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_set((const char *)data, size);
	check_metadata((const char *)data, size);
	return 0;
}
