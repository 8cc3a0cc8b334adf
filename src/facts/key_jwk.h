#ifndef KEY_JWK_H_
#define KEY_JWK_H_

#include "facts/key.h"

struct json;

/*
 * A JWK (RFC 7517) into a key.  Left out: no object, no kty, another kty than
 * RSA; a private member of its kty (of RSA d, p, q, dp, dq, qi, oth, k); alg
 * present and not RS256, use present and not "sig", key_ops without "verify",
 * each of them of a wrong type; no kid that key_id_is_valid(); an n or e that
 * is not well-formed; what key_weakness() knows.
 */
enum key_outcome key_jwk_read(const struct json *jwk, struct key **key_out,
    struct key_flaw *flaw_out);

#endif /* !KEY_JWK_H_ */
