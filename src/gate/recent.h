#ifndef RECENT_H_
#define RECENT_H_

#include <stdint.h>

#include "facts/credential.h"
#include "facts/facts.h"
#include "ground/moment.h"
#include "state/status_session.h"

/*
 * Sessions in use: what status.db said of a live one, and what the text of a
 * JWT says, so that a client that asks often costs no reading of either.
 *
 * Facts, never a decision: age, exp, key, policy and revocations are judged
 * on each request, as if just read.
 * A row serves for RECENT_MS since it was read; what the text of a JWT says
 * never changes, and serves until its place is taken.
 * A lookup of this process holds at once, if its row is written before
 * recent_forget(); what another process writes is seen after RECENT_MS, which
 * session_ttl bounds as ever.
 * No credential is held, only its SHA-256.
 * Threads: all of a process; it has a lock of its own.
 */

#define RECENT_MS 1000		/* on boottime */
#define RECENT_MAX 4096		/* sessions; while all are in use, others are
				   read each time */
#define RECENT_MAX_CREDENTIAL 4096 /* bytes; nor are larger ones held, */
#define RECENT_MAX_ROLES 32	/* nor those with more roles */

struct recent;

struct recent *recent_new(void);	/* NULL: out of memory */
void recent_free(struct recent *recent);

enum recent_found {
	RECENT_NOTHING = 0,
	RECENT_TOKEN,		/* what the text of a JWT says, not the row */
	RECENT_ROW		/* the row, and of a JWT what its text says */
};

/*
 * What is found is to be cleared by the caller.  The token is without its
 * claims as JSON; NULL: it is not wanted.
 */
enum recent_found recent_recall(struct recent *recent,
    const struct credential *credential, const struct moment *now,
    struct status_session *row, struct facts *token);

/* To be taken before the row is read that is then kept. */
uint64_t recent_mark(struct recent *recent,
    const struct credential *credential);

/* Keep copies, unless a lookup of it ended since the mark.  `token` is NULL
 * for what is no JWT. */
void recent_keep(struct recent *recent, const struct credential *credential,
    uint64_t mark, const struct status_session *row,
    const struct facts *token, const struct moment *now);

/* A lookup of it ended: what was read before counts no more. */
void recent_forget(struct recent *recent,
    const struct credential *credential);

#endif /* !RECENT_H_ */
