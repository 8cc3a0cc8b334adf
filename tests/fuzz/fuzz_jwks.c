/* Any text as a key set, and as metadata. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "facts/jwks.h"
#include "facts/metadata.h"
#include "ground/json.h"
#include "ground/json_parse.h"
#include "ground/origin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Its keys are found by their kids, as many as serve at least. */
static void
check_found(const struct jwks *jwks, const char *text, size_t len)
{
	struct json *json = json_parse(text, len, NULL);
	const struct json *array;
	size_t i, count = 0;
	const char *kid;

	assert(json_find_array(json, "keys", &array) == JSON_FOUND);
	assert(json_array_length(array) <= JWKS_MAX_KEYS);
	for (i = 0; i < json_array_length(array); i++)
		if (json_find_string(json_array_at(array, i), "kid", &kid) ==
		    JSON_FOUND)
			count += jwks_find(jwks, kid) != NULL;
	assert(count >= jwks_count(jwks));
	assert(jwks_count(jwks) + jwks_flaw_count(jwks) <= 2 * JWKS_MAX_KEYS);
	json_free(json);
}

static void
check_set(const char *text, size_t len)
{
	static const unsigned char signature[1024] = { 1 };
	struct error error = { "" };
	struct jwks *jwks = jwks_parse(text, len, &error);
	const struct key *key;

	if (jwks == NULL) {
		assert(error.text[0] != '\0');
		return;
	}
	assert(error.text[0] == '\0');
	check_found(jwks, text, len);
	assert(jwks_find(jwks, "") == NULL);
	if ((key = jwks_find(jwks, "k")) != NULL) {
		assert(strcmp(key_id(key), "k") == 0);
		assert(key_signature_length(key) >= 256 &&
		    key_signature_length(key) <= 1024);
		assert(key_verifies(key, "x", 1, signature,
		    key_signature_length(key)) != 1);
	}
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
