#ifndef STATUS_BACKOFF_ROW_H_
#define STATUS_BACKOFF_ROW_H_

#include <stdint.h>

#include "state/status.h"
#include "state/status_backoff.h"

/* The row of the back-off.  Shared by status*.c alone; answers are results of
 * SQLite.  Threads: as a struct status. */

#define STATUS_BACKOFF_MAX_FAILURES 1000000	/* more are nonsense */

/* All zero if there is none of this boot. */
int status_backoff_row_load(struct status *status, const char *boot_id,
    struct status_backoff *backoff);

/* What two processes know, or one and the file: the longer wait of both. */
void status_backoff_row_join(struct status_backoff *backoff,
    const struct status_backoff *other);

/* What waits, in a transaction of the caller's; once that is in the file, it
 * waits no longer by wrote(). */
int status_backoff_row_write(struct status *status, uint64_t *number_out);
void status_backoff_row_wrote(struct status *status, uint64_t number);

#endif /* !STATUS_BACKOFF_ROW_H_ */
