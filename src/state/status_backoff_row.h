#ifndef STATUS_BACKOFF_ROW_H_
#define STATUS_BACKOFF_ROW_H_

#include <stdint.h>

#include "state/status.h"

/* The row of the back-off.  Shared by status*.c alone; answers are results of
 * SQLite.  Threads: as a struct status. */

/* What counts: failures in a row, and until when nothing is asked. */
struct status_backoff {
	int64_t failures;
	int64_t until;
};

/* All zero if there is none of this boot. */
int status_backoff_row_load(struct status *status, const char *boot_id,
    struct status_backoff *wait);

/* What waits, in a transaction of the caller's; once that is in the file, it
 * waits no longer by wrote(). */
int status_backoff_row_write(struct status *status, uint64_t *number_out);
void status_backoff_row_wrote(struct status *status, uint64_t number);

#endif /* !STATUS_BACKOFF_ROW_H_ */
