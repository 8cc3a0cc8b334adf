#ifndef STATUS_BACKOFF_ROW_H_
#define STATUS_BACKOFF_ROW_H_

#include <stdint.h>

#include "state/status.h"
#include "state/status_backoff.h"

/* The row of the back-off.  Shared by status*.c alone; answers are results of
 * SQLite.  Threads: as a struct status. */

#define STATUS_BACKOFF_MAX_FAILURES 1000000	/* more are nonsense */
#define STATUS_BACKOFF_FREE_FAILURES 2	/* in a row, without any back-off */

/* All zero if there is none of this boot, or none that can be. */
int status_backoff_row_load(struct status *status, const struct moment *now,
    struct status_backoff *backoff);

/* What two processes know, or one and the file: the longer wait of both. */
void status_backoff_row_join(struct status_backoff *backoff,
    const struct status_backoff *other);

/* It is of several sessions now.  One that fails, however often, may be at odds
 * alone: to others it is as much as STATUS_BACKOFF_FREE_FAILURES. */
void status_backoff_row_spread(struct status_backoff *backoff);

/* Nor is it asked before that. */
void status_backoff_row_tell(struct status_backoff *backoff,
    int64_t told_until);

/* What waits, in a transaction of the caller's; once that is in the file, it
 * waits no longer by wrote(). */
int status_backoff_row_write(struct status *status, const struct moment *now,
    uint64_t *number_out);
void status_backoff_row_wrote(struct status *status, uint64_t number);

#endif /* !STATUS_BACKOFF_ROW_H_ */
