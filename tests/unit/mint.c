/* Makes key sets and signed tokens for unit tests. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "mint_keys.h"
#include "mint_private.h"

#define MINT_MAX_NUMBER 1024	/* bytes of a modulus or coordinate */

void
mint_must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "mint: cannot %s\n", what);
	abort();
}

char *
mint_text(const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	mint_must(vasprintf(&text, format, args) >= 0, "allocate");
	va_end(args);
	return text;
}

char *
mint_base64url(const void *data, size_t len)
{
	unsigned char *text = malloc(len / 3 * 4 + 5);
	size_t i, end;

	mint_must(text != NULL, "allocate");
	end = (size_t)EVP_EncodeBlock(text, data, (int)len);
	while (end > 0 && text[end - 1] == '=')
		end--;
	text[end] = '\0';
	for (i = 0; i < end; i++) {
		if (text[i] == '+')
			text[i] = '-';
		else if (text[i] == '/')
			text[i] = '_';
	}
	return (char *)text;
}

struct mint_key *
mint_key_new(enum mint_pair pair)
{
	struct mint_key *key = calloc(1, sizeof(*key));
	BIO *bio = BIO_new_mem_buf(mint_keys_pem[pair], -1);

	mint_must(key != NULL && bio != NULL, "allocate");
	key->pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	mint_must(key->pkey != NULL, "read a test key");
	BIO_free(bio);
	return key;
}

void
mint_key_free(struct mint_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

char *
mint_public_pem(const struct mint_key *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *text;
	long len;

	mint_must(bio != NULL && PEM_write_bio_PUBKEY(bio, key->pkey) == 1,
	    "write PEM");
	len = BIO_get_mem_data(bio, &data);
	text = mint_text("%.*s", (int)len, data);
	BIO_free(bio);
	return text;
}

unsigned char *
mint_public_der(const struct mint_key *key, size_t *len_out)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key->pkey, &der);
	unsigned char *copy;

	mint_must(len > 0, "write DER");
	copy = malloc((size_t)len);
	mint_must(copy != NULL, "allocate");
	memcpy(copy, der, (size_t)len);
	OPENSSL_free(der);
	*len_out = (size_t)len;
	return copy;
}

/* A number of the key as base64url: `width` bytes, 0 for the fewest. */
static char *
number_text(const struct mint_key *key, const char *name, int width)
{
	unsigned char bytes[MINT_MAX_NUMBER];
	BIGNUM *number = NULL;
	char *text;

	mint_must(EVP_PKEY_get_bn_param(key->pkey, name, &number) == 1,
	    "take a key apart");
	if (width == 0)
		width = BN_num_bytes(number);
	mint_must(BN_bn2binpad(number, bytes, width) == width,
	    "write a number");
	text = mint_base64url(bytes, (size_t)width);
	BN_free(number);
	return text;
}

char *
mint_jwk(const struct mint_key *key, const char *kid, const char *more)
{
	int elliptic = EVP_PKEY_is_a(key->pkey, "EC");
	char *first = number_text(key, elliptic ? OSSL_PKEY_PARAM_EC_PUB_X :
	    OSSL_PKEY_PARAM_RSA_N, elliptic ? 32 : 0);
	char *second = number_text(key, elliptic ? OSSL_PKEY_PARAM_EC_PUB_Y :
	    OSSL_PKEY_PARAM_RSA_E, elliptic ? 32 : 0);
	char *text = mint_text("{%s\"%s\":\"%s\",\"%s\":\"%s\"%s%s%s%s%s}",
	    elliptic ? "\"kty\":\"EC\",\"crv\":\"P-256\"," :
	    "\"kty\":\"RSA\",", elliptic ? "x" : "n", first,
	    elliptic ? "y" : "e", second, kid != NULL ? ",\"kid\":\"" : "",
	    kid != NULL ? kid : "", kid != NULL ? "\"" : "",
	    more != NULL ? "," : "", more != NULL ? more : "");

	free(first);
	free(second);
	return text;
}

char *
mint_set(const char *jwk, ...)
{
	va_list args;
	const char *next;
	char *text = mint_text("{\"keys\":[");
	char *longer;

	va_start(args, jwk);
	for (next = jwk; next != NULL; next = va_arg(args, const char *)) {
		longer = mint_text("%s%s%s", text,
		    text[strlen(text) - 1] == '[' ? "" : ",", next);
		free(text);
		text = longer;
	}
	va_end(args);
	longer = mint_text("%s]}", text);
	free(text);
	return longer;
}

char *
mint_set_of(const struct mint_key *key, const char *kid)
{
	char *jwk = mint_jwk(key, kid, "\"alg\":\"RS256\",\"use\":\"sig\"");
	char *text = mint_set(jwk, NULL);

	free(jwk);
	return text;
}

char *
mint_modulus(size_t bits)
{
	unsigned char bytes[MINT_MAX_NUMBER * 2];
	size_t len = (bits + 7) / 8;

	mint_must(bits >= 16 && len <= sizeof(bytes), "make such a modulus");
	memset(bytes, 0xa5, len);
	bytes[0] = (unsigned char)(1U << ((bits - 1) % 8));
	bytes[len - 1] |= 1;
	return mint_base64url(bytes, len);
}

char *
mint_header(const char *kid)
{
	return mint_text("{\"alg\":\"RS256\",\"kid\":\"%s\","
	    "\"typ\":\"at+jwt\"}", kid);
}

/* The standard members; times are added by mint_claims(). */
static const struct mint_member {
	const char *name;
	const char *value;	/* NULL: a time, `offset` from now */
	int offset;
} mint_members[] = {
	{ "aud", "[\"" MINT_ISSUER "\"]", 0 },
	{ "auth_time", NULL, 0 },
	{ "client_id", "\"" MINT_CLIENT "\"", 0 },
	{ "exp", NULL, 300 },
	{ "https://authgear.com/claims/user/can_reauthenticate", "true", 0 },
	{ "https://authgear.com/claims/user/is_anonymous", "false", 0 },
	{ "https://authgear.com/claims/user/is_verified", "true", 0 },
	{ "https://authgear.com/claims/user/roles", "[\"staff\"]", 0 },
	{ "iat", NULL, 0 },
	{ "iss", "\"" MINT_ISSUER "\"", 0 },
	{ "jti", "\"4b227777d4dd1fc61c6f884f48641d02"
	    "b4d121d3fd328cb08b5531fcacdabf8a\"", 0 },
	{ "scope", "\"openid offline_access\"", 0 },
	{ "sub", "\"" MINT_USER "\"", 0 },
};

/* `text` with one more member; frees text. */
static char *
add_member(char *text, const char *name, const char *value)
{
	char *longer = mint_text("%s%s\"%s\":%s", text,
	    text[1] == '\0' ? "" : ",", name, value);

	free(text);
	return longer;
}

/* What the changes say of `name`: 1 and its value (the last one), or 0. */
static int
find_change(va_list *args, const char *name, const char **value_out)
{
	const char *changed, *value;
	int found = 0;

	while ((changed = va_arg(*args, const char *)) != NULL) {
		value = va_arg(*args, const char *);
		if (strcmp(changed, name) != 0)
			continue;
		*value_out = value;
		found = 1;
	}
	return found;
}

static int
is_standard(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(mint_members) / sizeof(mint_members[0]); i++)
		if (strcmp(mint_members[i].name, name) == 0)
			return 1;
	return 0;
}

char *
mint_claims(int64_t now, ...)
{
	const struct mint_member *member;
	char *text = mint_text("{");
	char time_text[32];
	const char *name, *value;
	char *closed;
	va_list args;
	size_t i;

	for (i = 0; i < sizeof(mint_members) / sizeof(mint_members[0]); i++) {
		member = &mint_members[i];
		snprintf(time_text, sizeof(time_text), "%lld",
		    (long long)(now + member->offset));
		value = member->value != NULL ? member->value : time_text;
		va_start(args, now);
		(void)find_change(&args, member->name, &value);
		va_end(args);
		if (value != NULL)
			text = add_member(text, member->name, value);
	}
	va_start(args, now);
	while ((name = va_arg(args, const char *)) != NULL) {
		value = va_arg(args, const char *);
		if (value != NULL && !is_standard(name))
			text = add_member(text, name, value);
	}
	va_end(args);
	closed = mint_text("%s}", text);
	free(text);
	return closed;
}
