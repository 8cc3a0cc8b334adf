#ifndef STATUS_TRIM_H_
#define STATUS_TRIM_H_

#include <stdint.h>

#include "ground/error.h"
#include "ground/moment.h"
#include "state/status.h"

/*
 * One small step (a few milliseconds) towards at most `max` rows of sessions,
 * the oldest lookups first; for the thread that writes.  1: call again soon,
 * 0: nothing more to do, -1 and error.
 *
 * Threads: as a struct status.
 */
int status_trim(struct status *status, int64_t max, const struct moment *now,
    struct error *error);

#endif /* !STATUS_TRIM_H_ */
