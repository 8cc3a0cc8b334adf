#ifndef STATUS_SESSIONS_H_
#define STATUS_SESSIONS_H_

#include <stdint.h>

#include "ground/error.h"
#include "ground/moment.h"
#include "state/status.h"
#include "state/status_session.h"

/*
 * The sessions in status.db, and what this process has not written of them.
 *
 * An answer counts for all of this process from when it is put here, and is
 * written behind (status_pending.h).  Reading looks at what waits and at the
 * file: of the two the answer of the later lookup counts, whoever wrote it.
 *
 * Threads: as a struct status.
 */

/* 1 and the row, which the caller clears; 0 if there is none (*session is then
 * empty), -1 and error.  A row that makes no sense counts as none.  Where the
 * file cannot be read, what waits is told (is_alone), unless an end that is in
 * the file may be later. */
int status_sessions_load(struct status *status, const char *key,
    struct status_session *session, struct error *error);

/* Likewise a row that an earlier release wrote, under its key; where there is
 * none of today's.  Whatever is put in its place hides it. */
int status_sessions_load_before(struct status *status,
    const struct credential *credential, struct status_session *session,
    struct error *error);

/* Put the row in place of an older one; never over one whose lookup began
 * later on the same boot, if its stamp is credible (moment.h). */
void status_sessions_store(struct status *status, const char *key,
    const struct status_session *session, const struct moment *now);

/*
 * The answer of `at` is "not live": if there is a row, of whatever lookup
 * begun until then, it becomes so, as of then (a row not there is not made
 * but where the file took no write for STATUS_LATE_MS: who else waits with an
 * earlier answer could not be told; one whose stamp is not credible is no
 * later one).  `known`: the row as it was loaded, NULL if there was none.
 */
void status_sessions_end(struct status *status, const char *key,
    const struct status_session *known, const struct moment *at);

/* Likewise of a credential that nobody can make up: the row is made where there
 * is none, since an earlier answer may be on its way to the file elsewhere. */
void status_sessions_rule_out(struct status *status, const char *key,
    const struct moment *at);

/* As status_sessions_end(), but what the credential is now is to be asked for:
 * it is not live as it was. */
void status_sessions_drop(struct status *status, const char *key,
    const struct status_session *known, const struct moment *at);

/* Likewise for an answer that must be asked for again before it is believed:
 * until that is stored, or an answer of a lookup begun later, a live row is
 * doubted; one that was doubted before (STATUS_APART_MS) is dropped. */
void status_sessions_doubt(struct status *status, const char *key,
    const struct status_session *known, const struct moment *at);

/*
 * Boottime until which rows of this key count for nothing in this process,
 * since an answer of a lookup begun then could not be kept; -1: none.
 */
int64_t status_sessions_void_at(const struct status *status, const char *key);

#endif /* !STATUS_SESSIONS_H_ */
