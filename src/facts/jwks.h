#ifndef JWKS_H_
#define JWKS_H_

#include <stddef.h>

#include "facts/key.h"
#include "ground/error.h"

/*
 * A JWK Set (RFC 7517 section 5), key by key: one that cannot serve (key.h) is
 * left out and has a flaw, the others serve.  The same key twice (equal n and
 * e) under a kid is one; different ones of one kid are all left out; and so is
 * a key that also stands there with its private half, under whatever kid.  A
 * set of which nothing serves is one too: it says what serves no longer.
 * Threads: any together; once made it does not change.
 */

#define JWKS_MAX_TEXT (1024 * 1024)	/* bytes */
#define JWKS_MAX_KEYS 1000

struct jwks;

/* NULL and the cause: no key set, an empty one, one of more than
 * JWKS_MAX_KEYS, none of whose elements is an object; or memory. */
struct jwks *jwks_parse(const char *text, size_t len, struct error *error);
void jwks_free(struct jwks *jwks);

/* How many keys serve; by exact kid, NULL if there is none; each of them, by
 * kid.  Borrowed. */
size_t jwks_count(const struct jwks *jwks);
const struct key *jwks_find(const struct jwks *jwks, const char *kid);
const struct key *jwks_at(const struct jwks *jwks, size_t index);

/* Those that were left out, by kid; one of this kid, NULL if there is none
 * (then jwks_find() may still have a key of it). */
size_t jwks_flaw_count(const struct jwks *jwks);
const struct key_flaw *jwks_flaw_at(const struct jwks *jwks, size_t index);
const struct key_flaw *jwks_find_flaw(const struct jwks *jwks,
    const char *kid);

#endif /* !JWKS_H_ */
