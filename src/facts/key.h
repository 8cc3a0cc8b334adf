#ifndef KEY_H_
#define KEY_H_

#include <stddef.h>

#define KEY_MAX_ID 255		/* bytes of a kid */

struct json;

/* One RSA public key.  Threads: any together; once made it does not change. */
struct key;

enum key_outcome {
	KEY_MADE = 0,
	KEY_SKIPPED,		/* of a kind that never verifies RS256 */
	KEY_REFUSED		/* malformed, private, too weak: the set goes */
};

/*
 * A JWK (RFC 7517) into a key.
 *
 * Skipped: unknown kty, alg present and not RS256, use present and not "sig",
 * key_ops without "verify".
 * Refused: no object, no kty, a private member whatever the kty (d, p, q, dp,
 * dq, qi, oth, k), alg, use or key_ops of a wrong type; RSA without a
 * well-formed n, e or kid, modulus not of 2048 to 8192 bits or even, e even,
 * below 3 or longer than 64 bits; and want of memory.
 */
enum key_outcome key_from_jwk(const struct json *jwk, struct key **key_out);
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
