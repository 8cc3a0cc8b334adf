#ifndef KEY_H_
#define KEY_H_

#include <stddef.h>

#include "ground/hash.h"

#define KEY_MAX_ID 255		/* bytes of a kid */

struct json;

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
	int is_rsa;
	int is_private;		/* its private half is published */
};

/*
 * A JWK (RFC 7517) into a key.  Left out: no object, no kty, another kty than
 * RSA; a private member of its kty (of RSA d, p, q, dp, dq, qi, oth, k); alg
 * present and not RS256, use present and not "sig", key_ops without "verify",
 * each of them of a wrong type; no kid that key_id_is_valid(); an n or e that
 * is not well-formed; what key_weakness() knows.
 */
enum key_outcome key_from_jwk(const struct json *jwk, struct key **key_out,
    struct key_flaw *flaw_out);
void key_free(struct key *key);

/* 1 for a kid of 1 to KEY_MAX_ID bytes without control bytes. */
int key_id_is_valid(const char *kid);

const char *key_id(const struct key *key);	/* kid; borrowed */

/* SHA-256 of the key itself (RFC 7638), whatever its kid: hex; borrowed. */
const char *key_thumbprint(const struct key *key);

/* Length in bytes of this key's signatures (RFC 8017 section 8.2). */
size_t key_signature_length(const struct key *key);

/* RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3).  1: signed by this
 * key, 0: not, -1: could not tell (memory). */
int key_verifies(const struct key *key, const char *input, size_t input_len,
    const unsigned char *signature, size_t signature_len);

#endif /* !KEY_H_ */
