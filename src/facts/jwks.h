#ifndef JWKS_H_
#define JWKS_H_

#include <stddef.h>

#include "facts/key.h"
#include "ground/error.h"

/*
 * A JWK Set (RFC 7517 section 5), complete or not at all.
 *
 * One refused key, two equal kids or no usable key refuse the whole set, so
 * that it can never replace a good one.
 * Skipped keys (key.h) count for JWKS_MAX_KEYS, but neither for "usable" nor
 * for equal kids.
 * Threads: any together; once made it does not change.
 */

#define JWKS_MAX_TEXT (1024 * 1024)	/* bytes */
#define JWKS_MAX_KEYS 1000

struct jwks;

/* NULL and the cause in error if refused. */
struct jwks *jwks_parse(const char *text, size_t len, struct error *error);
void jwks_free(struct jwks *jwks);

/* By exact kid; NULL if there is none.  Borrowed. */
const struct key *jwks_find(const struct jwks *jwks, const char *kid);

#endif /* !JWKS_H_ */
