#include "live.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *found = c != '\0' ? strchr(digits, c) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* To be freed; NULL if it is no base64url. */
static unsigned char *
decode(const char *text, size_t len, size_t *len_out)
{
	unsigned char *out = calloc(1, len + 1);
	unsigned int bits = 0, value = 0;
	size_t i, n = 0;

	for (i = 0; out != NULL && i < len; i++) {
		if (digit(text[i]) < 0) {
			free(out);
			return NULL;
		}
		value = value << 6 | (unsigned int)digit(text[i]);
		if ((bits += 6) >= 8) {
			bits -= 8;
			out[n++] = (unsigned char)(value >> bits);
		}
	}
	*len_out = n;
	return out;
}

static json_t *
decode_object(const char *text, size_t len)
{
	unsigned char *bytes;
	json_t *object;
	size_t n;

	if ((bytes = decode(text, len, &n)) == NULL)
		return NULL;
	object = json_loadb((char *)bytes, n, 0, NULL);
	free(bytes);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

static int
signature_holds(EVP_PKEY *key, const char *input, size_t len,
    const char *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *bytes;
	size_t n;
	int good = 0;

	if ((bytes = decode(signature, strlen(signature), &n)) != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1)
		good = EVP_DigestVerify(ctx, bytes, n,
		    (const unsigned char *)input, len) == 1;
	EVP_MD_CTX_free(ctx);
	free(bytes);
	return good;
}

/* exp, iat and nbf without any leeway, as Authgear checks them */
static int
is_timely(const json_t *claims, int64_t now)
{
	return now < sim_integer(claims, "exp", INT64_MAX) &&
	    now >= sim_integer(claims, "iat", INT64_MIN) &&
	    now >= sim_integer(claims, "nbf", INT64_MIN);
}

static EVP_PKEY *
key_of(struct sim *sim, const json_t *header)
{
	const char *kid = sim_string(header, "kid");
	const char *alg = sim_string(header, "alg");
	char found[37];

	if (kid == NULL || alg == NULL || strcmp(alg, "RS256") != 0)
		return NULL;
	return sim_keys_get(&sim->keys, kid, found);
}

json_t *
sim_jwt_claims(struct sim *sim, const char *text)
{
	const char *first = strchr(text, '.');
	const char *second = first != NULL ? strchr(first + 1, '.') : NULL;
	EVP_PKEY *key = NULL;
	json_t *header, *claims;
	int good = 0;

	if (second == NULL || strchr(second + 1, '.') != NULL)
		return NULL;
	header = decode_object(text, (size_t)(first - text));
	claims = decode_object(first + 1, (size_t)(second - first - 1));
	if (header != NULL && claims != NULL &&
	    (key = key_of(sim, header)) != NULL)
		good = is_timely(claims, sim_now(sim)) && signature_holds(key,
		    text, (size_t)(second - text), second + 1);
	EVP_PKEY_free(key);
	json_decref(header);
	if (good)
		return claims;
	json_decref(claims);
	return NULL;
}

static BIGNUM *
number(const json_t *jwk, const char *name)
{
	const char *text = sim_string(jwk, name);
	unsigned char *bytes;
	BIGNUM *value = NULL;
	size_t n;

	if (text != NULL &&
	    (bytes = decode(text, strlen(text), &n)) != NULL) {
		value = BN_bin2bn(bytes, (int)n, NULL);
		free(bytes);
	}
	return value;
}

static EVP_PKEY *
public_key(const json_t *jwk)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *n = number(jwk, "n"), *e = number(jwk, "e");
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (n != NULL && e != NULL &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
	    (params = OSSL_PARAM_BLD_to_param(build)) != NULL &&
	    EVP_PKEY_fromdata_init(ctx) == 1)
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
	return key;
}

const char *
sim_keys_adopt(struct sim_keys *keys, const json_t *jwks)
{
	const json_t *jwk, *list = json_object_get(jwks, "keys");
	struct sim_key *added;
	const char *kid;
	EVP_PKEY *key;
	size_t i;

	json_array_foreach(list, i, jwk) {
		kid = sim_string(jwk, "kid");
		if (kid == NULL || strlen(kid) >= sizeof(added->kid) ||
		    (key = public_key(jwk)) == NULL)
			return "no RSA key with kid, n and e";
		pthread_mutex_lock(&keys->lock);
		if (keys->count == SIM_MAX_KEYS) {
			pthread_mutex_unlock(&keys->lock);
			EVP_PKEY_free(key);
			return "too many keys";
		}
		added = &keys->keys[keys->count++];
		snprintf(added->kid, sizeof(added->kid), "%s", kid);
		added->created_at = sim_integer(jwk, "created_at", 0);
		added->pair = key;
		pthread_mutex_unlock(&keys->lock);
	}
	return json_array_size(list) > 0 ? NULL : "keys are needed";
}
