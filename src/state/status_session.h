#ifndef STATUS_SESSION_H_
#define STATUS_SESSION_H_

#include <stdint.h>

#include "facts/facts.h"
#include "ground/error.h"
#include "ground/hash.h"
#include "ground/moment.h"
#include "state/status.h"

/*
 * Session status in status.db: what Authgear's resolver last said of a
 * credential that was live at least once.  Facts, never decisions.
 *
 * An answer counts for all of this process from when it is put here, and is
 * written behind (status_pending.h).  Reading looks at what waits and at the
 * file: of the two the answer of the later lookup counts, whoever wrote it.
 */

struct status_session {
	int is_live;		/* the last completed answer; 0: no facts */
	int is_doubted;		/* an answer that came since is to be asked for
				   again: it serves nobody */
	int is_before;		/* it lies where schema 2 put it */
	int is_alone;		/* what this process said; the file, which could
				   not be read, may say otherwise */
	struct facts facts;	/* as resolver_read() fills them in; owned */
	struct moment started;	/* when that lookup began; without `wall` */
	char verified_by[HASH_HEX_SIZE]; /* thumbprint of the key that this very
				   JWT's signature was verified with; "": it
				   was not, or is no JWT */
};
void status_session_init(struct status_session *session);
void status_session_clear(struct status_session *session);
/* *to is written over.  0, or -1 (memory) and *to empty. */
int status_session_copy(struct status_session *to,
    const struct status_session *from);

/* The key of a row, SHA-256 of the credential's text and its kind, as text:
 * 64 hex digits and one for the kind. */
#define STATUS_KEY_SIZE (HASH_HEX_SIZE + 1)
void status_session_key(const struct credential *credential,
    char key[STATUS_KEY_SIZE]);

/* 1 and the row, 0 if there is none (*session is then empty), -1 and error.
 * A row that makes no sense counts as none.  Where the file cannot be read, what
 * waits is told (is_alone), unless an end that is in the file may be later. */
int status_session_load(struct status *status, const char *key,
    struct status_session *session, struct error *error);

/* Likewise a row that an earlier release wrote, under its key; where there is
 * none of today's.  Whatever is put in its place hides it. */
int status_session_load_before(struct status *status,
    const struct credential *credential, struct status_session *session,
    struct error *error);

/* Put the row in place of an older one; never over one whose lookup began
 * later on the same boot, if its stamp is credible (moment.h). */
void status_session_store(struct status *status, const char *key,
    const struct status_session *session, const struct moment *now);

/*
 * The answer of `at` is "not live": if there is a row, of whatever lookup
 * begun until then, it becomes so, as of then (a row not there is not made
 * but where the file took no write for STATUS_LATE_MS: who else waits with an
 * earlier answer could not be told; one whose stamp is not credible is no
 * later one).  `known`: the row as it was loaded, NULL if there was none.
 */
#define STATUS_LATE_MS 1000
void status_session_end(struct status *status, const char *key,
    const struct status_session *known, const struct moment *at);

/* Likewise for an answer that must be asked for again before it is believed:
 * until that is stored, or an answer of a lookup begun later, a live row
 * serves nobody. */
void status_session_doubt(struct status *status, const char *key,
    const struct status_session *known, const struct moment *at);

/*
 * Boottime until which rows of this key count for nothing in this process,
 * since an answer of a lookup begun then could not be kept; -1: none.
 */
int64_t status_session_void_at(const struct status *status, const char *key);

/*
 * One small step (a few milliseconds) towards at most `max` rows, the oldest
 * lookups first; for the thread that writes.  1: call again soon, 0: nothing
 * more to do, -1 and error.
 */
int status_session_trim(struct status *status, int64_t max,
    const struct moment *now, struct error *error);

/*
 * Back-off of the resolver, shared by the processes of a uid.  Nothing is
 * asked before *until_out (boottime; 0 or past: go).  A row of another boot,
 * or whose time is not credible, counts for nothing.  0, or -1 and error (what
 * this process said itself counts even then).
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
int status_backoff_over(struct status *status, const struct moment *now,
    struct error *error);

#endif /* !STATUS_SESSION_H_ */
