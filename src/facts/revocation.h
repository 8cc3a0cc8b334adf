#ifndef REVOCATION_H_
#define REVOCATION_H_

#include <stdint.h>

#include "facts/facts.h"
#include "ground/reason.h"

/*
 * What an administrator takes back, as data; pure.
 *
 * A fact that is absent does not save a credential from "signed out" (below).
 * No leeway softens any of it.
 * No state: any thread.
 */

enum revocation_kind {
	REVOCATION_TOKEN = 0,	/* jti, or SHA-256 of the text as hex */
	REVOCATION_USER,	/* sub */
	REVOCATION_CLIENT,	/* client_id */
	REVOCATION_KEY,		/* kid */
	REVOCATION_ALL,		/* value is "" */
	REVOCATION_KINDS
};

enum revocation_rule {
	REVOCATION_REVOKED = 0,	/* for ever: token, key */
	REVOCATION_SIGNED_OUT,	/* what began until T: user, client, all */
	REVOCATION_BLOCKED,	/* in a window of time: user, client */
	REVOCATION_RULES
};

#define REVOCATION_NO_TIME INT64_C(-1)

/*
 * Seconds after T that "signed out" still hits: a login that was under way,
 * and the seconds by which Authgear's clock may be behind ours.
 */
#define REVOCATION_MARGIN 5

struct revocation {
	enum revocation_kind kind;
	enum revocation_rule rule;
	const char *value;	/* borrowed */
	int64_t from;		/* Unix seconds: T of signed out; a block's
				   first second, or NO_TIME: since ever */
	int64_t until;		/* first second a block no longer hits, or
				   NO_TIME: for ever */
};

/* "token", "user", "client", "key", "all"; "revoked", "signed-out",
 * "blocked"; never NULL. */
const char *revocation_kind_name(enum revocation_kind kind);
const char *revocation_rule_name(enum revocation_rule rule);

/* By name: 0, or -1 if there is none of this name (*_out is the first). */
int revocation_kind_of(const char *name, enum revocation_kind *kind_out);
int revocation_rule_of(const char *name, enum revocation_rule *rule_out);

/*
 * 0 if such a revocation can be: the rule is one of the kind's, signed out
 * has T and no end, a window is not empty, `all` has an empty value and the
 * others do not.  -1 otherwise.
 */
int revocation_check(const struct revocation *revocation);

/*
 * 1 if it hits a credential with these facts at this time (Unix seconds),
 * else 0.  `hash`: SHA-256 of the credential's text as hex, NULL or "" if not
 * known.
 *
 * user signed out, T: authentication time <= T + margin; without one, the
 * time of issue; with neither it hits.  all: likewise, and also what was
 * issued until then.  client signed out: issued <= T + margin, or not known
 * when.  One that revocation_check() refuses hits whatever its value fits.
 */
int revocation_hits(const struct revocation *revocation,
    const struct facts *facts, const char *hash, int64_t wall);

/* The reason of a credential that it hits. */
enum reason revocation_reason(const struct revocation *revocation);

/*
 * Where several hit: the reason that is told.  A stolen key before all else
 * (nothing the token says is true), then the token itself, its client, a
 * blocked user, signed out.  REASON_GRANTED yields to every other.
 */
enum reason revocation_stronger(enum reason a, enum reason b);

#endif /* !REVOCATION_H_ */
