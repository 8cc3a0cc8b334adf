#ifndef JWT_H_
#define JWT_H_

#include <stddef.h>

#include "facts/key.h"
#include "ground/error.h"
#include "ground/reason.h"

/*
 * A compact JWS (RFC 7515 section 7.1) as Authgear issues access tokens
 * (RFC 9068): header checked, nothing verified yet.
 * Threads: one at a time.
 */

#define JWT_MAX_KID KEY_MAX_ID	/* bytes */
#define JWT_MAX_SIGNATURE 1024	/* bytes: RSA up to 8192 bits */

struct json;

struct jwt {
	char kid[JWT_MAX_KID + 1];
	const char *signing_input;	/* borrowed from the token text */
	size_t signing_input_len;	/* header "." payload */
	unsigned char signature[JWT_MAX_SIGNATURE];
	size_t signature_len;
	struct json *claims;	/* owned; UNTRUSTED until key_verifies() */
};

/*
 * Take a token apart.  `text` must outlive the jwt.  0, or -1 and the reason
 * (or OUT_OF_MEMORY), the jwt empty, and in error what of it is wrong, where
 * that is more than the reason says.  Where the signature alone is refused it
 * is all there but for that (signature_len is 0, no error), and must be
 * cleared: it may be of a key that nobody should use.
 * TRUNCATED: the text ends too early to be one (fewer than two dots, or a
 * signature shorter than the weakest accepted key makes).
 * WRONG_TYPE: typ is not at+jwt nor application/at+jwt, any case (an ID token).
 * BAD_ALGORITHM: alg is missing or not exactly "RS256".
 * OVER_LIMIT: JSON that is nested too deep, or with a number that is too large.
 * MALFORMED: any crit, any b64, a missing, empty, too long or control-byte kid,
 * members twice, padding, non-canonical base64url, an empty header or payload.
 *
 * Unknown header members (jku, jwk, x5c too) mean nothing.
 * A signature of a larger key may be cut and still come through here: one
 * shorter than key_signature_length() is TRUNCATED too.
 */
int jwt_parse(struct jwt *jwt, const char *text, size_t len,
    enum reason *reason_out, struct error *error);

void jwt_clear(struct jwt *jwt);

#endif /* !JWT_H_ */
