/* Any text as a token; and any header and payload, well encoded.
 * Own files: src/facts/claims.c src/facts/jwt.c */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "facts/claims.h"
#include "facts/facts.h"
#include "facts/jwks.h"
#include "facts/jwt.h"
#include "facts/key.h"
#include "ground/json.h"

#define INPUT_MAX 8192
#define SIGNATURE 256	/* bytes */
#define SIGNED 32	/* recorded tokens, and some more */

/* Of the recorded Authgear, whose key is gone. */
static const char set[] = "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\","
    "\"kid\":\"522b60db-b047-41e8-a27c-53228494ee94\",\"n\":\""
    "y_2iJ_fUz3simaE3onczMfteK-YfglhgFiYz80ZvdkUWNY-kxWPOf1kU_1YO"
    "8t55c8fo-ORHo3DAcwjn-nwsZjBhNq7WozBTsXbzrhODUf8vSZlimhCK4uYw"
    "37u-KLZjMWFz6U244hjDu0MYl121laITQ2t9QvdoPFkyGSxBOlbMmOecDIJI"
    "x6dQv55Wy9JncKww5J6izLFCc0HkNGwvAhawr61xBPh4UXjRuVIYuzQXmhIs"
    "x8x1LOkVMPCQDeNECIP58ULbA95Xov5Njhiwh1w0B_SkcHiZpP5hGTwwFPnO"
    "Za9TJ_5A_bBDH8d2L3JgoX8HdpeZ3PIf2xDKQbjmIQ"
    "\"}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct key *
find_key(void)
{
	static struct jwks *jwks;
	struct error error = { "" };

	if (jwks == NULL)
		jwks = jwks_parse(set, strlen(set), &error);
	if (jwks == NULL || jwks_count(jwks) != 1)
		abort();
	return jwks_find(jwks, "522b60db-b047-41e8-a27c-53228494ee94");
}

/* Nobody has the key: no more texts verify than were ever signed.  OpenSSL's
 * queue of errors may hold some of the host's. */
static void
check_signature(const struct jwt *jwt)
{
	static char known[SIGNED][HASH_HEX_SIZE];
	char hash[HASH_HEX_SIZE];
	size_t i;
	int ret;

	if (jwt->signing_input_len % 2 == 0)
		ERR_raise(ERR_LIB_SYS, 7);
	ret = key_verifies(find_key(), jwt->signing_input,
	    jwt->signing_input_len, jwt->signature, jwt->signature_len);
	if (jwt->signing_input_len % 2 == 0)
		assert(ERR_GET_LIB(ERR_get_error()) == ERR_LIB_SYS);
	assert((ret == 0 || ret == 1) && ERR_peek_error() == 0);
	if (ret == 0)
		return;
	if (hash_hex(jwt->signing_input, jwt->signing_input_len, hash) != 0)
		abort();
	for (i = 0; i < SIGNED && known[i][0] != '\0'; i++)
		if (strcmp(known[i], hash) == 0)
			return;
	assert(i < SIGNED);
	memcpy(known[i], hash, sizeof(hash));
}

static void
check_claims(struct jwt *jwt)
{
	const struct moment now = { .wall = 1795436000 };
	struct facts facts;
	enum reason reason;

	if (claims_read(jwt->claims, &facts, &reason, NULL) != 0) {
		assert(reason == REASON_MISSING_CLAIM ||
		    reason == REASON_MALFORMED ||
		    reason == REASON_OVER_LIMIT);
		return;
	}
	jwt->claims = NULL;	/* facts' now */
	assert(facts.issuer != NULL && facts.user_id != NULL &&
	    facts.client_id != NULL && facts.token_id != NULL);
	assert(facts.audience.count >= 1 && facts.audience.count <= 16);
	assert(facts.issued_at >= 0 && facts.expires_at >= 0);
	assert(claims_check(&facts, "", &now, 60, &reason) != 0);
	if (claims_check(&facts, facts.issuer, &now, 60, &reason) == 0)
		assert(facts.expires_at > now.wall - 60 &&
		    facts.issued_at <= now.wall + 60);
	else
		assert(reason == REASON_EXPIRED ||
		    reason == REASON_NOT_YET_VALID);
	facts_clear(&facts);
}

/* The product only decodes. */
static void
encode(const unsigned char *data, size_t len, char *out)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned int bits = 0, held = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		bits = (bits << 8 | data[i]) & 0xffff;
		for (held += 8; held >= 6; ) {
			held -= 6;
			*out++ = alphabet[bits >> held & 0x3f];
		}
	}
	if (held > 0)
		*out++ = alphabet[bits << (6 - held) & 0x3f];
	*out = '\0';
}

/* A text that parses is the one text of what it holds. */
static void
check(const char *text, size_t len)
{
	char encoded[JWT_MAX_SIGNATURE * 2];
	size_t input_len;
	struct jwt jwt;
	enum reason reason;

	if (jwt_parse(&jwt, text, len, &reason, NULL) != 0) {
		assert(jwt.signature_len == 0);
		jwt_clear(&jwt);
		assert(reason == REASON_MALFORMED ||
		    reason == REASON_OVER_LIMIT ||
		    reason == REASON_TRUNCATED ||
		    reason == REASON_WRONG_TYPE ||
		    reason == REASON_BAD_ALGORITHM);
		return;
	}
	assert(key_id_is_valid(jwt.kid));
	assert(jwt.claims != NULL && jwt.signing_input == text);
	input_len = jwt.signing_input_len;
	assert(input_len < len && text[input_len] == '.');
	assert(memchr(text, '.', input_len) != NULL);
	encode(jwt.signature, jwt.signature_len, encoded);
	assert(strlen(encoded) == len - input_len - 1);
	assert(memcmp(encoded, text + input_len + 1, strlen(encoded)) == 0);
	check_signature(&jwt);
	check_claims(&jwt);
	jwt_clear(&jwt);
}

/* data = header NUL payload: the same from behind the encoding. */
static void
check_encoded(const uint8_t *data, size_t size)
{
	static const unsigned char signature[SIGNATURE] = { 1 };
	const uint8_t *nul = memchr(data, '\0', size);
	size_t header_len = nul != NULL ? (size_t)(nul - data) : size;
	size_t payload_len = nul != NULL ? size - header_len - 1 : 0;
	static char header[INPUT_MAX * 2], payload[INPUT_MAX * 2];
	static char token[INPUT_MAX * 4];
	char last[SIGNATURE * 2];
	int len;

	encode(data, header_len, header);
	encode(nul != NULL ? nul + 1 : data, payload_len, payload);
	encode(signature, sizeof(signature), last);
	len = snprintf(token, sizeof(token), "%s.%s.%s", header, payload,
	    last);
	assert(len > 0 && (size_t)len < sizeof(token));
	check(token, (size_t)len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > INPUT_MAX)
		return 0;
	check((const char *)data, size);
	check_encoded(data, size);
	return 0;
}
