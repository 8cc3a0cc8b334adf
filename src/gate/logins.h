#ifndef LOGINS_H_
#define LOGINS_H_

#include "ground/moment.h"
#include "state/status_session.h"

/*
 * What logins were granted on: the answer about the session of each credential
 * that was let in a moment ago, for the question that follows a login and may
 * ask nobody.  Also whether logins may wait for Authgear at all.
 *
 * Facts, never a decision.  No credential is held: a key is that of
 * status_session_key(); "" is none.
 * Size: LOGINS_MAX; of a full set the oldest gives way.
 * Threads: all of a process; it has a lock of its own.
 */

struct logins;

#define LOGINS_MAX 4096

/* `msecs` of boottime an answer counts.  NULL: out of memory. */
struct logins *logins_new(int64_t msecs);
void logins_free(struct logins *logins);

/* Among processes that answer one question each: which logins were granted is
 * told by rows too (status_helper.h), and what they were granted on by those
 * of sessions.  Borrows status, of the one thread that uses it. */
struct status;
void logins_use_rows(struct logins *logins, struct status *status);

/* 1 if a row tells that the login of this key was granted; the row of its
 * session then counts, however old. */
int logins_was_granted(struct logins *logins, const char *key,
    const struct moment *now);

/* A copy of the row; where there is no memory for it, nothing is kept.
 * `outlives`: it counts by itself for as long, so no row need tell of it. */
void logins_keep(struct logins *logins, const char *key,
    const struct status_session *row, int outlives, const struct moment *now);

/* 1 and the row (written over, to be cleared by the caller), or 0. */
int logins_recall(struct logins *logins, const char *key,
    const struct moment *now, struct status_session *row);

/* An answer that came since speaks against it. */
void logins_forget(struct logins *logins, const char *key);

/*
 * A login waited in vain for Authgear, since that moment (boottime): others
 * wait no more for as long again, LOGINS_ALONE_MSECS at most, unless Authgear
 * answers.
 */
#define LOGINS_ALONE_MSECS 8000
void logins_waited(struct logins *logins, int64_t since,
    const struct moment *now);
void logins_answered(struct logins *logins, const struct moment *now);

/* Until when nobody waits; 0 or past: go. */
int64_t logins_alone_until(struct logins *logins, const struct moment *now);

#endif /* !LOGINS_H_ */
