#ifndef STATUS_LEASE_ROW_H_
#define STATUS_LEASE_ROW_H_

#include "state/status_lease.h"
#include "state/status_waiting.h"

/* Rows of leases.  Shared by status*.c alone; answers but those of look are
 * results of SQLite.  Threads: as a struct status. */

/* May it be taken, as far as the row says?  FAILED with *rc_out if unread;
 * `ended`: the holder until then is done, whatever the row says. */
enum status_lease status_lease_row_look(struct status *status,
    const struct pending_lease *lease, const struct moment *now,
    int64_t ended, int64_t *until_out, int *rc_out);

/* The leases as one transaction finds and leaves them. */
struct status_leases {
	struct pending_lease leases[STATUS_PENDING_LEASES];
	uint64_t numbers[STATUS_PENDING_LEASES];
	struct pending_end end;
};

/* What waits, in a transaction of the caller's; once that is in the file, it
 * waits no longer by wrote(). */
int status_lease_row_write(struct status *status, const struct moment *now,
    struct status_leases *leases);
void status_lease_row_wrote(struct status *status,
    const struct status_leases *leases);

#endif /* !STATUS_LEASE_ROW_H_ */
