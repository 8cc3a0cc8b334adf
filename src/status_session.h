#ifndef STATUS_SESSION_H_
#define STATUS_SESSION_H_

#include <stdint.h>

#include "error.h"
#include "facts.h"
#include "hash.h"
#include "moment.h"
#include "status.h"

/*
 * Session status in status.db: what Authgear's resolver last said of a
 * credential that was live at least once.  Facts, never decisions.
 */

#define STATUS_SESSION_MAX 100000	/* rows; beyond, the oldest go */

struct status_session {
	int is_live;		/* the last completed answer; 0: no facts */
	struct facts facts;	/* as resolver_read() fills them in; owned */
	struct moment started;	/* when that lookup began */
	char verified_by[HASH_HEX_SIZE]; /* thumbprint of the key that this very
				   JWT's signature was verified with; "": it
				   was not, or is no JWT */
};
void status_session_init(struct status_session *session);
void status_session_clear(struct status_session *session);

/*
 * The key of a credential: SHA-256(endpoint, NUL, kind name, NUL, text) as
 * hex, so that two endpoints never share a row.  0, or -1: memory.
 */
int status_session_key(const char *endpoint,
    const struct credential *credential, char key[HASH_HEX_SIZE]);

/* 1 and the row, 0 if there is none (*session is then empty), -1 and error.
 * A row that makes no sense is taken out and counts as none. */
int status_session_load(struct status *status, const char *key,
    struct status_session *session, struct error *error);

/* Put the row in place of an older one; never over one whose lookup began
 * later on the same boot, if its stamp is credible (moment.h).  0, or -1 and
 * error. */
int status_session_store(struct status *status, const char *key,
    const struct status_session *session, struct error *error);

/*
 * The answer of now is "not live": if there is a row, of whatever lookup
 * begun until now, it becomes so, as of now (a row not there is not made; one
 * whose stamp is not credible is no later one).  0, or -1 and error.
 */
int status_session_end(struct status *status, const char *key,
    const struct moment *now, struct error *error);

/* Likewise for an answer that must be asked for again before it is believed:
 * until that is stored, or an answer of a lookup begun later, the row is as
 * one of another boot. */
int status_session_doubt(struct status *status, const char *key,
    const struct moment *now, struct error *error);

/* What is known of it is wrong: no row any more.  0, or -1 and error. */
int status_session_forget(struct status *status, const char *key,
    struct error *error);

/*
 * One small step (a few milliseconds) towards at most `max` rows, the oldest
 * lookups first; for a timer.  1: call again soon, 0: nothing more to do, -1
 * and error.
 */
int status_session_trim(struct status *status, int64_t max,
    struct error *error);

/*
 * Back-off of the resolver, shared by the processes of a uid.  Nothing is
 * asked before *until_out (boottime; 0 or past: go).  A row of another boot,
 * or whose time is not credible, counts for nothing.  0, or -1 and error.
 */
int status_backoff_load(struct status *status, const struct moment *now,
    int64_t *until_out, int *failures_out, struct error *error);

/* A lookup failed; nothing is asked for STATUS_BACKOFF_FIRST_MS doubled with
 * each failure after the second in a row, up to STATUS_BACKOFF_MAX_MS, of
 * which `jitter` (0 to 255) takes away up to half. */
#define STATUS_BACKOFF_FIRST_MS 250
#define STATUS_BACKOFF_MAX_MS 8000
int status_backoff_failed(struct status *status, const struct moment *now,
    unsigned char jitter, struct error *error);

/* A lookup was answered: no back-off.  Writes only if there was one. */
int status_backoff_over(struct status *status, struct error *error);

#endif /* !STATUS_SESSION_H_ */
