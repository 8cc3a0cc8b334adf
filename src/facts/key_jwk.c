/* JWKs: which of them are keys for RS256, and why the others are not. */
#include "facts/key_jwk.h"

#include <string.h>
#include <strings.h>

#include <openssl/bn.h>
#include <openssl/err.h>

#include "facts/key_weakness.h"
#include "ground/base64url.h"
#include "ground/buffer.h"
#include "ground/json.h"

#define MAX_NUMBER 4096			/* bytes that are looked at */
#define MAX_EXPONENT 8			/* bytes */

/* By kty, what a public key of that kind does not have (RFC 7518 section 6,
 * RFC 8037): of a kind that is not listed nothing is known. */
static const struct {
	const char *type;
	const char *members[9];
} private_members[] = {
	{ "RSA", { "d", "p", "q", "dp", "dq", "qi", "oth", "k" } },
	{ "EC", { "d" } },
	{ "OKP", { "d" } },
	{ "oct", { "k" } },
	{ "AKP", { "priv" } }
};

/* What may be a private half of a key that says of no kind that it is. */
static const char *const halves[] = { "d", "p", "q", "dp", "dq", "qi", "oth",
    "k", "priv" };

/* 1 if the member is absent or `wanted`, 0 if another, -1 if no string. */
static int
allows(const struct json *jwk, const char *name, const char *wanted)
{
	const char *value;

	switch (json_find_string(jwk, name, &value)) {
	case JSON_ABSENT:
		return 1;
	case JSON_FOUND:
		return strcmp(value, wanted) == 0;
	case JSON_WRONG_TYPE:
	default:
		return -1;
	}
}

/* The same for key_ops, an array in which "verify" must be. */
static int
allows_verify(const struct json *jwk)
{
	const struct json *operations;
	const char *operation;
	size_t i;
	int found = 0;

	switch (json_find_array(jwk, "key_ops", &operations)) {
	case JSON_ABSENT:
		return 1;
	case JSON_FOUND:
		break;
	case JSON_WRONG_TYPE:
	default:
		return -1;
	}
	for (i = 0; i < json_array_length(operations); i++) {
		operation = json_string_of(json_array_at(operations, i));
		if (operation == NULL)
			return -1;
		if (strcmp(operation, "verify") == 0)
			found = 1;
	}
	return found;
}

static int
is_private(const struct json *jwk, const char *type)
{
	const char *const *member;
	size_t i;

	for (i = 0; i < sizeof(private_members) / sizeof(private_members[0]);
	    i++) {
		if (strcmp(type, private_members[i].type) != 0)
			continue;
		for (member = private_members[i].members; *member != NULL;
		    member++)
			if (json_has(jwk, *member))
				return 1;
	}
	return 0;
}

static int
holds_a_half(const struct json *jwk)
{
	size_t i;

	for (i = 0; i < sizeof(halves) / sizeof(halves[0]); i++)
		if (json_has(jwk, halves[i]))
			return 1;
	return 0;
}

/* Six bits; -1: none of either alphabet of RFC 4648. */
static int
digit_of(char character)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *digit;

	if (character == '+' || character == '/')
		return character == '+' ? 62 : 63;
	digit = strchr(digits, character);
	return digit == NULL ? -1 : (int)(digit - digits);
}

/* The bytes of a number, however badly it is written: padding, blanks, zeros in
 * front.  How many, at most MAX_NUMBER; 0: it says nothing. */
static size_t
read_loosely(const struct json *jwk, const char *name, unsigned char *bytes)
{
	unsigned int bits = 0;
	const char *text;
	size_t len = 0;
	int held = 0, digit;

	if (json_find_string(jwk, name, &text) != JSON_FOUND)
		return 0;
	for (; *text != '\0'; text++) {
		if (strchr("= \t\r\n", *text) != NULL)
			continue;
		digit = digit_of(*text);
		if (digit == -1 || len == MAX_NUMBER)
			return 0;
		bits = (bits << 6 | (unsigned int)digit) & 0x3fff;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		bytes[len] = (unsigned char)(bits >> held);
		len += len > 0 || bytes[len] != 0;
	}
	return len;
}

/* Of p and q their product, into bytes[2 * MAX_NUMBER].  0, or -1: memory. */
static int
multiply(const struct json *jwk, unsigned char *bytes, size_t *len_out)
{
	unsigned char factor[MAX_NUMBER];
	const size_t p_len = read_loosely(jwk, "p", factor);
	BIGNUM *p = BN_bin2bn(factor, (int)p_len, NULL);
	const size_t q_len = read_loosely(jwk, "q", factor);
	BIGNUM *q = BN_bin2bn(factor, (int)q_len, NULL);
	BN_CTX *context = BN_CTX_new();
	int ret = -1;

	*len_out = 0;
	if (p != NULL && q != NULL && context != NULL &&
	    BN_mul(p, p, q, context) == 1) {
		*len_out = (size_t)BN_bn2bin(p, bytes);
		ret = 0;
	}
	BN_CTX_free(context);
	BN_clear_free(p);
	BN_clear_free(q);
	explicit_bzero(factor, sizeof(factor));
	return ret;
}

/* What n says; where it says nothing, what a private key has in its stead. */
static int
name_modulus(const struct json *jwk, char modulus[HASH_HEX_SIZE])
{
	unsigned char bytes[2 * MAX_NUMBER];
	size_t len = read_loosely(jwk, "n", bytes);

	if (len == 0 && json_has(jwk, "p") && json_has(jwk, "q") &&
	    multiply(jwk, bytes, &len) == -1)
		return -1;
	return len == 0 ? 0 : hash_hex(bytes, len, modulus);
}

/* The labels of an RSA key. */
static const char *
check_use(const struct json *jwk)
{
	const int algorithm = allows(jwk, "alg", "RS256");
	const int use = allows(jwk, "use", "sig");
	const int operations = allows_verify(jwk);

	if (algorithm < 0 || use < 0 || operations < 0)
		return "its alg, use or key_ops is malformed";
	if (!algorithm)
		return "its alg is not RS256";
	if (!use)
		return "its use is not sig";
	return operations ? NULL : "its key_ops are without verify";
}

/* Why its labels keep it from verifying RS256; NULL: they do not. */
static const char *
check_labels(const struct json *jwk, struct key_flaw *flaw)
{
	const char *type;
	int is_typed;

	if (json_find_string(jwk, "kty", &type) != JSON_FOUND)
		type = "";
	is_typed = strcmp(type, "RSA") == 0;
	flaw->is_rsa = type[0] == '\0' || strcasecmp(type, "RSA") == 0;
	/* of another kind its n may tell all the same whose half it is */
	flaw->is_private = is_private(jwk, type) ||
	    (!is_typed && holds_a_half(jwk));
	if (flaw->is_private && (flaw->is_rsa || is_private(jwk, type)))
		return KEY_CAUSE_PRIVATE;
	if (is_typed)
		return check_use(jwk);
	return type[0] == '\0' ? "it has no kty" :
	    "its kty is of no kind that signs with RS256";
}

/* A Base64urlUInt (RFC 7518 section 2): KEY_LEFT_OUT if it is none, longer
 * than `max` bytes, zero or has leading zeros. */
static enum key_outcome
read_number(const struct json *jwk, const char *name, size_t max,
    BIGNUM **number_out)
{
	unsigned char bytes[MAX_NUMBER];
	const char *text;
	size_t len;

	if (json_find_string(jwk, name, &text) != JSON_FOUND ||
	    base64url_decode(text, strlen(text), bytes, max, &len) != 0 ||
	    len == 0 || bytes[0] == 0)
		return KEY_LEFT_OUT;
	*number_out = BN_bin2bn(bytes, (int)len, NULL);
	return *number_out != NULL ? KEY_MADE : KEY_NO_MEMORY;
}

/* The required members in their order, as RFC 7638 section 3.2 has them. */
static int
make_thumbprint(const struct json *jwk, char thumbprint[HASH_HEX_SIZE])
{
	const char *modulus = NULL, *exponent = NULL;
	struct buffer text;
	int ret = -1;

	if (json_find_string(jwk, "n", &modulus) != JSON_FOUND ||
	    json_find_string(jwk, "e", &exponent) != JSON_FOUND)
		return -1;
	buffer_init(&text, 3 * MAX_NUMBER);
	(void)buffer_append_format(&text, "{\"e\":\"%s\",\"kty\":\"RSA\","
	    "\"n\":\"%s\"}", exponent, modulus);
	if (!text.failed)
		ret = hash_hex(text.data, text.len, thumbprint);
	buffer_clear(&text);
	return ret;
}

/* n and e, whatever the labels say.  KEY_LEFT_OUT and the cause. */
static enum key_outcome
read_numbers(const struct json *jwk, BIGNUM **modulus, BIGNUM **exponent,
    struct key_flaw *flaw)
{
	enum key_outcome outcome;

	flaw->cause = "its n is malformed";
	outcome = read_number(jwk, "n", MAX_NUMBER, modulus);
	if (outcome != KEY_MADE)
		return outcome;
	flaw->cause = "its e is malformed, or longer than 64 bits";
	outcome = read_number(jwk, "e", MAX_EXPONENT, exponent);
	if (outcome != KEY_MADE)
		return outcome;
	if (make_thumbprint(jwk, flaw->thumbprint) == -1)
		return KEY_NO_MEMORY;
	flaw->cause = key_weakness(*modulus, *exponent);
	return flaw->cause == NULL ? KEY_MADE : KEY_LEFT_OUT;
}

static void
read_id(const struct json *jwk, struct key_flaw *flaw)
{
	const char *kid;

	if (json_find_string(jwk, "kid", &kid) == JSON_FOUND &&
	    key_id_is_valid(kid))
		memcpy(flaw->id, kid, strlen(kid) + 1);
}

static enum key_outcome
judge(const struct json *jwk, struct key **key_out, struct key_flaw *flaw)
{
	BIGNUM *modulus = NULL, *exponent = NULL;
	const char *cause = check_labels(jwk, flaw);
	enum key_outcome outcome;

	outcome = name_modulus(jwk, flaw->modulus) == -1 ? KEY_NO_MEMORY :
	    read_numbers(jwk, &modulus, &exponent, flaw);
	if (outcome != KEY_NO_MEMORY && cause == NULL && flaw->id[0] == '\0')
		cause = "it has no kid of 1 to 255 bytes";
	if (outcome != KEY_NO_MEMORY && cause != NULL) {
		flaw->cause = cause;
		outcome = KEY_LEFT_OUT;
	}
	/* nothing of it is wrong: what fails is memory */
	if (outcome == KEY_MADE && (*key_out = key_new(flaw, modulus,
	    exponent)) == NULL)
		outcome = KEY_NO_MEMORY;
	BN_free(modulus);
	BN_free(exponent);
	return outcome;
}

enum key_outcome
key_jwk_read(const struct json *jwk, struct key **key_out,
    struct key_flaw *flaw_out)
{
	enum key_outcome outcome;

	*key_out = NULL;
	memset(flaw_out, 0, sizeof(*flaw_out));
	flaw_out->cause = "it is no JSON object";
	if (!json_is_an_object(jwk))
		return KEY_LEFT_OUT;
	read_id(jwk, flaw_out);
	/* the host's own OpenSSL errors are not ours to clear */
	ERR_set_mark();
	outcome = judge(jwk, key_out, flaw_out);
	ERR_pop_to_mark();
	return outcome;
}
