#include "sim.h"

#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIGNATURE 1024
#define CURVE_BYTES 32

enum method { METHOD_RSA, METHOD_PSS, METHOD_EC, METHOD_HMAC, METHOD_NONE };

static const struct algorithm {
	const char *name;
	enum method method;
	const char *digest;
	const char *form;	/* of the public key as a secret */
} algorithms[] = {
	{ "RS256", METHOD_RSA, "SHA256", NULL },
	{ "RS384", METHOD_RSA, "SHA384", NULL },
	{ "RS512", METHOD_RSA, "SHA512", NULL },
	{ "PS256", METHOD_PSS, "SHA256", NULL },
	{ "ES256", METHOD_EC, "SHA256", NULL },
	{ "none", METHOD_NONE, NULL, NULL },
	{ "HS256-pem", METHOD_HMAC, "SHA256", "pem" },
	{ "HS256-der", METHOD_HMAC, "SHA256", "der" },
	{ "HS256-jwk", METHOD_HMAC, "SHA256", "jwk" },
};

static const struct algorithm *
find_algorithm(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	}
	return NULL;
}

static unsigned char *
public_bytes(EVP_PKEY *pair, const char *form, size_t *len)
{
	unsigned char *bytes = NULL;
	json_t *jwk;
	BIO *bio;
	char *text;
	long n;

	if (strcmp(form, "der") == 0) {
		*len = (size_t)i2d_PUBKEY(pair, &bytes);
		return bytes;
	}
	if (strcmp(form, "jwk") == 0) {
		jwk = sim_key_public(pair);
		json_object_set_new(jwk, "kty", json_string("RSA"));
		bytes = (unsigned char *)json_dumps(jwk, JSON_COMPACT);
		json_decref(jwk);
		*len = strlen((char *)bytes);
		return bytes;
	}
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PUBKEY(bio, pair);
	n = BIO_get_mem_data(bio, &text);
	bytes = malloc((size_t)n);
	memcpy(bytes, text, (size_t)n);
	*len = (size_t)n;
	BIO_free(bio);
	return bytes;
}

static size_t
sign_hmac(EVP_PKEY *pair, const struct algorithm *algorithm,
    const char *input, unsigned char *out)
{
	unsigned char *key;
	unsigned int len = 0;
	size_t key_len;

	key = public_bytes(pair, algorithm->form, &key_len);
	HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)input,
	    strlen(input), out, &len);
	free(key);
	return len;
}

static size_t
sign_pair(EVP_PKEY *pair, const struct algorithm *algorithm,
    const char *input, unsigned char *out)
{
	EVP_MD_CTX *md_ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL;
	size_t len = 0, room = MAX_SIGNATURE;

	if (EVP_DigestSignInit_ex(md_ctx, &ctx, algorithm->digest, NULL, NULL,
	    pair, NULL) != 1)
		goto done;
	if (algorithm->method == METHOD_PSS &&
	    (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) !=
	    1))
		goto done;
	if (EVP_DigestSign(md_ctx, out, &room, (const unsigned char *)input,
	    strlen(input)) == 1)
		len = room;
done:
	EVP_MD_CTX_free(md_ctx);
	return len;
}

/* r and s one after the other, as RFC 7518 3.4 wants them. */
static size_t
sign_curve(const struct algorithm *algorithm, const char *input,
    unsigned char *out)
{
	unsigned char der[MAX_SIGNATURE];
	const unsigned char *start = der;
	EVP_PKEY *curve = EVP_EC_gen("P-256");
	ECDSA_SIG *pair = NULL;
	size_t len;

	len = curve ? sign_pair(curve, algorithm, input, der) : 0;
	EVP_PKEY_free(curve);
	if (len == 0 || (pair = d2i_ECDSA_SIG(NULL, &start, (long)len)) ==
	    NULL)
		return 0;
	BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, CURVE_BYTES);
	BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + CURVE_BYTES, CURVE_BYTES);
	ECDSA_SIG_free(pair);
	return (size_t)2 * CURVE_BYTES;
}

static size_t
sign(EVP_PKEY *pair, const struct algorithm *algorithm, const char *input,
    unsigned char *out)
{
	if (algorithm->method == METHOD_HMAC)
		return sign_hmac(pair, algorithm, input, out);
	if (algorithm->method == METHOD_EC)
		return sign_curve(algorithm, input, out);
	return sign_pair(pair, algorithm, input, out);
}

/* In base64url; a blank after it if it is to be another than was signed. */
static char *
encoded(const char *text, int changed)
{
	char *copy = NULL, *result;

	if (asprintf(&copy, "%s%s", text, changed ? " " : "") == -1)
		abort();
	result = sim_base64url((const unsigned char *)copy, strlen(copy));
	free(copy);
	return result;
}

static char *
joined(char *first, char *second)
{
	char *both = NULL;

	if (first == NULL || second == NULL ||
	    asprintf(&both, "%s.%s", first, second) == -1)
		abort();
	free(first);
	free(second);
	return both;
}

char *
sim_sign(EVP_PKEY *pair, const char *alg, const char *header,
    const char *payload, const char *tamper, const char **why)
{
	const struct algorithm *algorithm = find_algorithm(alg);
	unsigned char signature[MAX_SIGNATURE];
	char *input;
	size_t len = 0;

	if (algorithm == NULL) {
		*why = "no such alg";
		return NULL;
	}
	if (tamper[0] != '\0' && strcmp(tamper, "signature") != 0 &&
	    strcmp(tamper, "payload") != 0 && strcmp(tamper, "header") != 0) {
		*why = "tamper must be signature, payload or header";
		return NULL;
	}
	input = joined(encoded(header, 0), encoded(payload, 0));
	if (algorithm->method != METHOD_NONE)
		len = sign(pair, algorithm, input, signature);
	free(input);
	if (algorithm->method != METHOD_NONE && len == 0) {
		*why = "cannot be signed";
		return NULL;
	}
	if (strcmp(tamper, "signature") == 0 && len > 0)
		signature[len / 2] ^= 1;
	input = joined(encoded(header, strcmp(tamper, "header") == 0),
	    encoded(payload, strcmp(tamper, "payload") == 0));
	return joined(input, sim_base64url(signature, len));
}
