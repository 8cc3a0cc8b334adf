#include "sim.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *
sim_base64url(const unsigned char *data, size_t len)
{
	unsigned char *text;
	char *byte;

	if ((text = malloc((len + 2) / 3 * 4 + 1)) == NULL)
		return NULL;
	EVP_EncodeBlock(text, data, (int)len);
	for (byte = (char *)text; *byte != '\0'; byte++) {
		if (*byte == '+')
			*byte = '-';
		else if (*byte == '/')
			*byte = '_';
		else if (*byte == '=') {
			*byte = '\0';
			break;
		}
	}
	return (char *)text;
}

void
sim_random_hex(char *out, size_t digits)
{
	unsigned char bytes[64];
	size_t i;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		abort();
	for (i = 0; i < digits; i++)
		out[i] = "0123456789abcdef"[bytes[i % sizeof(bytes)] & 15];
	out[digits] = '\0';
}

void
sim_uuid(char out[37])
{
	char hex[33];

	sim_random_hex(hex, 32);
	snprintf(out, 37, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8,
	    hex + 12, hex + 15, hex + 18);
}

static int
add_key(struct sim_keys *keys, EVP_PKEY *pair, int64_t now)
{
	if (keys->count == SIM_MAX_KEYS || pair == NULL)
		return -1;
	memmove(&keys->keys[1], &keys->keys[0],
	    keys->count * sizeof(keys->keys[0]));
	sim_uuid(keys->keys[0].kid);
	keys->keys[0].created_at = now;
	keys->keys[0].pair = pair;
	keys->count++;
	return 0;
}

int
sim_keys_init(struct sim_keys *keys, int64_t now)
{
	pthread_mutex_init(&keys->lock, NULL);
	keys->count = 0;
	return add_key(keys, EVP_RSA_gen(2048), now);
}

void
sim_keys_clear(struct sim_keys *keys)
{
	while (keys->count > 0)
		EVP_PKEY_free(keys->keys[--keys->count].pair);
	pthread_mutex_destroy(&keys->lock);
}

int
sim_keys_rotate(struct sim_keys *keys, int keep, int64_t now, char *kid_out)
{
	EVP_PKEY *pair = EVP_RSA_gen(2048);
	int ret;

	if (pair == NULL)
		return -1;
	pthread_mutex_lock(&keys->lock);
	while (!keep && keys->count > 0)
		EVP_PKEY_free(keys->keys[--keys->count].pair);
	if (keys->count == SIM_MAX_KEYS)
		EVP_PKEY_free(keys->keys[--keys->count].pair);
	ret = add_key(keys, pair, now);
	if (ret == 0)
		memcpy(kid_out, keys->keys[0].kid, 37);
	pthread_mutex_unlock(&keys->lock);
	return ret;
}

int
sim_keys_retire(struct sim_keys *keys, const char *kid)
{
	int ret = -1;
	size_t i;

	pthread_mutex_lock(&keys->lock);
	for (i = 0; i < keys->count && ret == -1; i++) {
		if (strcmp(keys->keys[i].kid, kid) != 0)
			continue;
		EVP_PKEY_free(keys->keys[i].pair);
		memmove(&keys->keys[i], &keys->keys[i + 1],
		    (keys->count - i - 1) * sizeof(keys->keys[0]));
		keys->count--;
		ret = 0;
	}
	pthread_mutex_unlock(&keys->lock);
	return ret;
}

EVP_PKEY *
sim_keys_get(struct sim_keys *keys, const char *kid, char *kid_out)
{
	EVP_PKEY *pair = NULL;
	size_t i;

	pthread_mutex_lock(&keys->lock);
	for (i = 0; i < keys->count && pair == NULL; i++) {
		if (kid != NULL && strcmp(keys->keys[i].kid, kid) != 0)
			continue;
		pair = keys->keys[i].pair;
		EVP_PKEY_up_ref(pair);
		memcpy(kid_out, keys->keys[i].kid, 37);
	}
	pthread_mutex_unlock(&keys->lock);
	return pair;
}

static json_t *
number_member(EVP_PKEY *pair, const char *name)
{
	unsigned char bytes[1024];
	BIGNUM *number = NULL;
	json_t *member = NULL;
	char *text = NULL;
	int len;

	if (EVP_PKEY_get_bn_param(pair, name, &number) != 1)
		return NULL;
	len = BN_bn2bin(number, bytes);
	if ((text = sim_base64url(bytes, (size_t)len)) != NULL)
		member = json_string(text);
	free(text);
	BN_free(number);
	return member;
}

json_t *
sim_key_public(EVP_PKEY *pair)
{
	return json_pack("{s:o, s:o}",
	    "e", number_member(pair, OSSL_PKEY_PARAM_RSA_E),
	    "n", number_member(pair, OSSL_PKEY_PARAM_RSA_N));
}

json_t *
sim_keys_jwks(struct sim_keys *keys)
{
	json_t *list = json_array();
	const struct sim_key *key;
	size_t i;

	pthread_mutex_lock(&keys->lock);
	for (i = 0; i < keys->count; i++) {
		key = &keys->keys[i];
		json_array_append_new(list, json_pack(
		    "{s:s, s:I, s:o, s:s, s:s, s:o, s:s}",
		    "alg", "RS256",
		    "created_at", (json_int_t)key->created_at,
		    "e", number_member(key->pair, OSSL_PKEY_PARAM_RSA_E),
		    "kid", key->kid, "kty", "RSA",
		    "n", number_member(key->pair, OSSL_PKEY_PARAM_RSA_N),
		    "use", "sig"));
	}
	pthread_mutex_unlock(&keys->lock);
	return json_pack("{s:o}", "keys", list);
}
