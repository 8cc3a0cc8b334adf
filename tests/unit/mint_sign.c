/* Signs tokens for unit tests, by algorithms that must be refused too. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include "mint_private.h"

#define MAX_SIGNATURE 1024	/* bytes */
#define COORDINATE 32		/* bytes of r and of s, P-256 */

static const struct {
	int bits;
	int padding;	/* 0: not RSA */
} methods[MINT_METHODS] = {
	[MINT_RS256] = { 256, RSA_PKCS1_PADDING },
	[MINT_RS384] = { 384, RSA_PKCS1_PADDING },
	[MINT_RS512] = { 512, RSA_PKCS1_PADDING },
	[MINT_PS256] = { 256, RSA_PKCS1_PSS_PADDING },
	[MINT_PS384] = { 384, RSA_PKCS1_PSS_PADDING },
	[MINT_PS512] = { 512, RSA_PKCS1_PSS_PADDING },
	[MINT_ES256] = { 256, 0 },
	[MINT_UNSIGNED] = { 0, 0 },
};

static const EVP_MD *
digest_of(int bits)
{
	switch (bits) {
	case 384:
		return EVP_sha384();
	case 512:
		return EVP_sha512();
	default:
		return EVP_sha256();
	}
}

/* DER of ECDSA into r || s. */
static size_t
flatten(unsigned char *signature, size_t len)
{
	const unsigned char *der = signature;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);

	mint_must(pair != NULL, "read an ECDSA signature");
	mint_must(BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature,
	    COORDINATE) == COORDINATE, "write r");
	mint_must(BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + COORDINATE,
	    COORDINATE) == COORDINATE, "write s");
	ECDSA_SIG_free(pair);
	return COORDINATE * 2;
}

/* The third part of a token. */
static char *
sign(const struct mint_key *key, enum mint_method method, const char *input)
{
	unsigned char signature[MAX_SIGNATURE];
	size_t len = sizeof(signature);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *options = NULL;
	int padding = methods[method].padding;

	mint_must(context != NULL && EVP_DigestSignInit(context, &options,
	    digest_of(methods[method].bits), NULL, key->pkey) == 1,
	    "begin to sign");
	mint_must(padding == 0 ||
	    EVP_PKEY_CTX_set_rsa_padding(options, padding) == 1, "pad");
	mint_must(padding != RSA_PKCS1_PSS_PADDING ||
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(options,
	    RSA_PSS_SALTLEN_DIGEST) == 1, "salt");
	mint_must(EVP_DigestSign(context, signature, &len,
	    (const unsigned char *)input, strlen(input)) == 1, "sign");
	EVP_MD_CTX_free(context);
	if (method == MINT_ES256)
		len = flatten(signature, len);
	return mint_base64url(signature, len);
}

/* The first two parts of a token. */
static char *
signing_input(const char *header, const char *payload)
{
	char *first = mint_base64url(header, strlen(header));
	char *second = mint_base64url(payload, strlen(payload));
	char *text = mint_text("%s.%s", first, second);

	free(first);
	free(second);
	return text;
}

char *
mint_sign_raw(const struct mint_key *key, const char *input)
{
	return sign(key, MINT_RS256, input);
}

char *
mint_token(const struct mint_key *key, enum mint_method method,
    const char *header, const char *payload)
{
	char *input = signing_input(header, payload);
	char *signature = method == MINT_UNSIGNED ? mint_text("%s", "") :
	    sign(key, method, input);
	char *token = mint_text("%s.%s", input, signature);

	free(input);
	free(signature);
	return token;
}

char *
mint_token_hmac(const void *secret, size_t secret_len, int bits,
    const char *header, const char *payload)
{
	unsigned char code[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	char *input = signing_input(header, payload);
	char *signature, *token;

	mint_must(HMAC(digest_of(bits), secret, (int)secret_len,
	    (const unsigned char *)input, strlen(input), code, &len) != NULL,
	    "make an HMAC");
	signature = mint_base64url(code, len);
	token = mint_text("%s.%s", input, signature);
	free(input);
	free(signature);
	return token;
}

char *
mint_good(const struct mint_key *key, const char *kid, int64_t now)
{
	char *header = mint_header(kid);
	char *payload = mint_claims(now, NULL);
	char *token = mint_token(key, MINT_RS256, header, payload);

	free(header);
	free(payload);
	return token;
}
