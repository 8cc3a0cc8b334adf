#ifndef STATUS_BACKOFF_H_
#define STATUS_BACKOFF_H_

#include <stdint.h>

#include "ground/error.h"
#include "ground/moment.h"
#include "state/status.h"

/*
 * Back-off of the resolver, shared by the processes of a uid.
 *
 * Threads: as a struct status.
 */

/* Nothing is asked before *until_out (boottime; 0 or past: go).  A row of
 * another boot, or whose time is not credible, counts for nothing.  0, or -1
 * and error (what this process said itself counts even then). */
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

#endif /* !STATUS_BACKOFF_H_ */
