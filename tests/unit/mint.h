#ifndef TESTS_UNIT_MINT_H_
#define TESTS_UNIT_MINT_H_

#include <stddef.h>
#include <stdint.h>

/*
 * Key sets and tokens for unit tests, right ones and wrong ones: the text of
 * a header and a payload is signed as it is given.  Shares no code with the
 * product (its base64url is OpenSSL's), so that a bug cannot agree with
 * itself.  Every answer is malloc'd, the caller frees it; what cannot be made
 * ends the program.  Usable by several threads, except mint_key_free().
 */

#define MINT_ISSUER "https://auth.example.test"
#define MINT_USER "5c9d0f3a-7be1-4f5e-9d55-0f9e8f1b7a11"
#define MINT_CLIENT "portal"

/* Test keys are stored as text: making one takes too long under valgrind. */
enum mint_pair {
	MINT_FIRST = 0,		/* RSA, 2048 bits */
	MINT_SECOND,		/* RSA, 2048 bits */
	MINT_LARGE,		/* RSA, 3072 bits */
	MINT_WEAK,		/* RSA, 1024 bits: too weak to be let in */
	MINT_ELLIPTIC,		/* EC, P-256 */
	MINT_PAIRS
};

struct mint_key;
struct mint_key *mint_key_new(enum mint_pair pair);
void mint_key_free(struct mint_key *key);

/* The public key; der is SubjectPublicKeyInfo (RFC 5280). */
char *mint_public_pem(const struct mint_key *key);
unsigned char *mint_public_der(const struct mint_key *key, size_t *len_out);

/*
 * The public key as a JWK.  kid is put between quotes as it is, NULL leaves
 * the member out; `more` is text of further members behind a comma, e.g.
 * "\"alg\":\"RS256\",\"use\":\"sig\"", or NULL.  (RSA and EC.)
 */
char *mint_jwk(const struct mint_key *key, const char *kid, const char *more);

/* {"keys":[...]} of the texts up to a NULL: mint_set(jwk, jwk, NULL). */
char *mint_set(const char *jwk, ...) __attribute__((sentinel));

/* The set of one key as Authgear serves it: alg RS256, use sig. */
char *mint_set_of(const struct mint_key *key, const char *kid);

/* An odd number of exactly `bits` bits, as the text of a JWK's n. */
char *mint_modulus(size_t bits);

/* {"alg":"RS256","kid":kid,"typ":"at+jwt"} */
char *mint_header(const char *kid);

/*
 * The payload of a good user token of MINT_ISSUER, issued at `now` for 300
 * seconds, with changes: pairs of a member's name and its new JSON text (NULL:
 * leave the member out; a name that is not there is added), ended by a NULL
 * name: mint_claims(now, "exp", "12", "sub", NULL, NULL).
 */
char *mint_claims(int64_t now, ...) __attribute__((sentinel));

enum mint_method {
	MINT_RS256 = 0,
	MINT_RS384,
	MINT_RS512,
	MINT_PS256,
	MINT_PS384,
	MINT_PS512,
	MINT_ES256,		/* r || s, as RFC 7518 section 3.4 */
	MINT_UNSIGNED,		/* third part empty */
	MINT_METHODS
};

/* Header and payload texts, encoded and signed. */
char *mint_token(const struct mint_key *key, enum mint_method method,
    const char *header, const char *payload);

/* The same signed by HMAC with SHA-256, 384 or 512 (bits) and any secret. */
char *mint_token_hmac(const void *secret, size_t secret_len, int bits,
    const char *header, const char *payload);

/* The signature of any text as it is (RS256), base64url; for tokens whose
 * first two parts are themselves odd. */
char *mint_sign_raw(const struct mint_key *key, const char *signing_input);

/* A good user token of kid, issued at `now`. */
char *mint_good(const struct mint_key *key, const char *kid, int64_t now);

/* base64url without padding. */
char *mint_base64url(const void *data, size_t len);

/* asprintf() that cannot fail. */
char *mint_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* !TESTS_UNIT_MINT_H_ */
