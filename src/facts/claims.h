#ifndef CLAIMS_H_
#define CLAIMS_H_

#include "facts/facts.h"
#include "ground/error.h"
#include "ground/moment.h"
#include "ground/reason.h"

struct json;

#define CLAIMS_MAX_LENGTH 2048		/* bytes */
#define CLAIMS_MAX_AUDIENCE 16
#define CLAIMS_MAX_WORDS 256

/*
 * The claims of a verified access token (RFC 9068 section 2.2, Authgear's
 * own https://authgear.com/claims/user/...) as facts.
 * No state: any thread.
 */

/*
 * Read them into `facts`, which is initialised here; no clock, no rule.  0, or
 * -1 and MISSING_CLAIM (one that is required is absent or empty), MALFORMED
 * (one that is read is of a wrong type, or has control bytes), OVER_LIMIT (one
 * that is read has more than is taken) or OUT_OF_MEMORY; but for the last error
 * says which claim and what of it.
 * `claims` is facts->claims, and owned by it, on success; key_id is left to the
 * caller.
 * Required: iss, aud, sub, client_id, iat, exp, jti.
 * aud: a string or an array of 1 to CLAIMS_MAX_AUDIENCE strings.
 * A text, or each word of a list, has CLAIMS_MAX_LENGTH bytes at most; roles,
 * scopes and amr are CLAIMS_MAX_WORDS at most.  Of claims that nobody reads
 * there is no limit but that of the whole token.
 * A role with a comma or a blank, or an amr with a blank, is MALFORMED, because
 * applications get roles joined by commas and amr by blanks.
 */
int claims_read(struct json *claims, struct facts *facts,
    enum reason *reason_out, struct error *error);

/*
 * Issuer and times: 0, or -1 and WRONG_ISSUER, EXPIRED, NOT_YET_VALID.
 * iss equals `issuer` byte for byte; exp is later than now - leeway; nbf and
 * iat are not later than now + leeway.
 */
int claims_check(const struct facts *facts, const char *issuer,
    const struct moment *now, int leeway, enum reason *reason_out);

#endif /* !CLAIMS_H_ */
