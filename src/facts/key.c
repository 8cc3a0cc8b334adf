/* RSA public keys for RS256; the only file that verifies signatures. */
#include "facts/key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

/* Marks in OpenSSL's queue of errors, where it holds some that are not ours. */
#define BEGIN_OF_OURS 1
#define END_OF_OURS 2

struct key {
	char *id;
	EVP_PKEY *pkey;
	EVP_MD_CTX *ready;	/* verification begun with nothing in it */
	size_t signature_len;
	char thumbprint[HASH_HEX_SIZE];
	char modulus[HASH_HEX_SIZE];
};

int
key_id_is_valid(const char *kid)
{
	const char *p;

	if (kid == NULL || *kid == '\0')
		return 0;
	for (p = kid; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return 0;
	return (size_t)(p - kid) <= KEY_MAX_ID;
}

static EVP_PKEY *
make_pkey(const BIGNUM *modulus, const BIGNUM *exponent)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *context = NULL;
	EVP_PKEY *pkey = NULL;

	if (builder == NULL ||
	    !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) ||
	    !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent))
		goto done;
	if ((params = OSSL_PARAM_BLD_to_param(builder)) == NULL)
		goto done;
	context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (context == NULL || EVP_PKEY_fromdata_init(context) <= 0)
		goto done;
	if (EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		pkey = NULL;
done:
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	return pkey;
}

/* Finding the algorithms costs more than the arithmetic around it: done once
 * a key, and copied by every verification. */
static EVP_MD_CTX *
make_ready(EVP_PKEY *pkey)
{
	EVP_MD_CTX *ready = EVP_MD_CTX_new();
	EVP_PKEY_CTX *options = NULL;	/* ready's */

	if (ready != NULL &&
	    EVP_DigestVerifyInit_ex(ready, &options, "SHA256", NULL, NULL,
	    pkey, NULL) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PADDING) == 1)
		return ready;
	EVP_MD_CTX_free(ready);
	return NULL;
}

struct key *
key_new(const struct key_flaw *name, const BIGNUM *modulus,
    const BIGNUM *exponent)
{
	struct key *key = calloc(1, sizeof(*key));

	if (key == NULL)
		return NULL;
	key->id = strdup(name->id);
	key->pkey = make_pkey(modulus, exponent);
	if (key->id == NULL || key->pkey == NULL ||
	    (key->ready = make_ready(key->pkey)) == NULL) {
		key_free(key);
		return NULL;
	}
	key->signature_len = (size_t)BN_num_bytes(modulus);
	memcpy(key->thumbprint, name->thumbprint, sizeof(key->thumbprint));
	memcpy(key->modulus, name->modulus, sizeof(key->modulus));
	return key;
}

void
key_free(struct key *key)
{
	if (key == NULL)
		return;
	EVP_MD_CTX_free(key->ready);
	EVP_PKEY_free(key->pkey);
	free(key->id);
	free(key);
}

const char *
key_id(const struct key *key)
{
	return key->id;
}

const char *
key_thumbprint(const struct key *key)
{
	return key->thumbprint;
}

const char *
key_modulus(const struct key *key)
{
	return key->modulus;
}

size_t
key_signature_length(const struct key *key)
{
	return key->signature_len;
}

/* What OpenSSL says of a signature that does not fit. */
static int
is_mismatch(unsigned long code)
{
	if (ERR_GET_LIB(code) != ERR_LIB_RSA)
		return 0;
	switch (ERR_GET_REASON(code)) {
	case RSA_R_BAD_SIGNATURE:
	case RSA_R_BLOCK_TYPE_IS_NOT_01:
	case RSA_R_BAD_FIXED_HEADER_DECRYPT:
	case RSA_R_BAD_PAD_BYTE_COUNT:
	case RSA_R_DATA_TOO_LARGE_FOR_MODULUS:
	case RSA_R_INVALID_PADDING:
	case RSA_R_NULL_BEFORE_BLOCK_MISSING:
	case RSA_R_PADDING_CHECK_FAILED:
	case RSA_R_WRONG_SIGNATURE_LENGTH:
		return 1;
	default:
		return 0;
	}
}

/* The floors of OpenSSL above the arithmetic say only that it failed. */
static int
is_repeated(unsigned long code)
{
	return (ERR_GET_LIB(code) == ERR_LIB_PROV ||
	    ERR_GET_LIB(code) == ERR_LIB_EVP) &&
	    ERR_GET_REASON(code) != ERR_R_MALLOC_FAILURE;
}

/* The queue is read from its oldest end: errors that the host had there go
 * back in behind ours, which end with a mark. */
static int
move_others(void)
{
	const char *file, *function;
	unsigned long code;
	int line, i;

	ERR_raise(ERR_LIB_USER, END_OF_OURS);
	for (i = 0; i < ERR_NUM_ERRORS; i++) {
		code = ERR_get_error_all(&file, &line, &function, NULL, NULL);
		if (ERR_GET_LIB(code) == ERR_LIB_USER &&
		    ERR_GET_REASON(code) == BEGIN_OF_OURS)
			return 0;
		ERR_new();
		ERR_set_debug(file, line, function);
		ERR_set_error(ERR_GET_LIB(code), ERR_GET_REASON(code), NULL);
	}
	return -1;
}

/*
 * Did OpenSSL compare, and find another signature?  It answers the same for a
 * forgery and for want of memory: whatever else it says is no denial.
 */
static int
is_denied(int has_others)
{
	unsigned long code;
	int found = 0, strange = 0;

	if (has_others && move_others() == -1)
		return 0;
	while ((code = ERR_get_error()) != 0) {
		if (ERR_GET_LIB(code) == ERR_LIB_USER &&
		    ERR_GET_REASON(code) == END_OF_OURS)
			break;
		if (is_mismatch(code))
			found = 1;
		else if (!is_repeated(code))
			strange = 1;
	}
	return found && !strange;
}

int
key_verifies(const struct key *key, const char *input, size_t input_len,
    const unsigned char *signature, size_t signature_len)
{
	const int has_others = ERR_peek_error() != 0;
	EVP_MD_CTX *context;
	int ret = -1;

	/* RFC 8017 section 8.2.2 step 1 */
	if (signature_len != key->signature_len)
		return 0;
	if (has_others) {
		ERR_set_mark();
		ERR_raise(ERR_LIB_USER, BEGIN_OF_OURS);
	}
	context = EVP_MD_CTX_new();
	if (context != NULL && EVP_MD_CTX_copy_ex(context, key->ready) == 1 &&
	    EVP_DigestVerify(context, signature, signature_len,
	    (const unsigned char *)input, input_len) == 1)
		ret = 1;
	else if (is_denied(has_others))
		ret = 0;
	EVP_MD_CTX_free(context);
	if (ret == 1)
		ERR_pop_to_mark();
	return ret;
}
