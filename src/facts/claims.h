#ifndef CLAIMS_H_
#define CLAIMS_H_

#include "facts/facts.h"
#include "ground/moment.h"
#include "ground/reason.h"

struct json;

/*
 * The claims of a verified access token (RFC 9068 section 2.2, Authgear's
 * own https://authgear.com/claims/user/...) as facts.
 */

/*
 * Read them into `facts`, which is initialised here; no clock, no rule.
 * Required: iss, aud, sub, client_id, iat, exp, jti.  0, or -1 and
 * MISSING_CLAIM (one is absent or empty), MALFORMED (one that is read is of
 * a wrong type or length, has control bytes) or OUT_OF_MEMORY.  Takes over
 * `claims` on success (facts->claims); key_id is left to the caller.  aud: a
 * string or an array of 1 to 16 strings.  Lengths: at most 2,048 bytes each,
 * roles, scopes and amr at most 256 of them; a role with a comma or a blank,
 * or an amr with a blank, is MALFORMED, because applications get roles joined
 * by commas and amr by blanks.
 */
int claims_read(struct json *claims, struct facts *facts,
    enum reason *reason_out);

/*
 * Issuer and times.  `issuer` must equal iss byte for byte; exp must be
 * later than now - leeway; nbf and iat not later than now + leeway.  0, or
 * -1 and WRONG_ISSUER, EXPIRED, NOT_YET_VALID.
 */
int claims_check(const struct facts *facts, const char *issuer,
    const struct moment *now, int leeway, enum reason *reason_out);

#endif /* !CLAIMS_H_ */
