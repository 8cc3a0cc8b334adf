#ifndef KEY_H_
#define KEY_H_

#include <stddef.h>

#include "ground/hash.h"

#define KEY_MAX_ID 255		/* bytes of a kid */

struct bignum_st;		/* BIGNUM of OpenSSL */

/* One RSA public key.  Threads: any together; once made it does not change. */
struct key;

enum key_outcome {
	KEY_MADE = 0,
	KEY_LEFT_OUT,		/* it cannot serve: the flaw says why */
	KEY_NO_MEMORY		/* says nothing of it */
};

/* Of a key that cannot serve. */
struct key_flaw {
	const char *cause;	/* "its alg is not RS256"; a static text */
	char id[KEY_MAX_ID + 1]; /* its kid; "": it has none that may be one */
	char thumbprint[HASH_HEX_SIZE]; /* "": its n or e is malformed */
	char modulus[HASH_HEX_SIZE]; /* of what its n says, also if malformed;
				   "": nothing */
	int is_rsa;		/* or of a kind that it does not tell */
	int is_private;		/* a member of it is private in some kind */
};

#define KEY_CAUSE_PRIVATE "its private half is published; let Authgear " \
    "sign with another key"

/* For key_jwk.c: the key of this kid, thumbprint and modulus.  NULL:
 * memory. */
struct key *key_new(const struct key_flaw *name,
    const struct bignum_st *modulus, const struct bignum_st *exponent);
void key_free(struct key *key);

/* 1 for a kid of 1 to KEY_MAX_ID bytes without control bytes. */
int key_id_is_valid(const char *kid);

const char *key_id(const struct key *key);	/* kid; borrowed */

/* SHA-256 of the key itself (RFC 7638), whatever its kid: hex; borrowed. */
const char *key_thumbprint(const struct key *key);

/* SHA-256 of its n alone: hex; borrowed. */
const char *key_modulus(const struct key *key);

/* Length in bytes of this key's signatures (RFC 8017 section 8.2). */
size_t key_signature_length(const struct key *key);

/* RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3).  1: signed by this
 * key, 0: not, -1: could not tell (memory). */
int key_verifies(const struct key *key, const char *input, size_t input_len,
    const unsigned char *signature, size_t signature_len);

#endif /* !KEY_H_ */
