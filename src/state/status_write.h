#ifndef STATUS_WRITE_H_
#define STATUS_WRITE_H_

#include "ground/error.h"
#include "ground/moment.h"
#include "state/status.h"

/*
 * Writing what waits (status.h): for the one thread of a process that does,
 * with a connection of its own.  It may wait for other processes and for the
 * disk; nobody who decides does.
 *
 * Threads: as a struct status.
 */

enum status_write {
	STATUS_WRITE_FAILED = 0,	/* as it was; status_is_busy(), error */
	STATUS_WRITE_DONE,		/* nothing waits any more */
	STATUS_WRITE_MORE		/* some of it is written: call again */
};

/* One transaction of at most STATUS_WRITE_ROWS rows, what ends a session
 * first; then what stands in the log goes into the file, if it is much. */
#define STATUS_WRITE_ROWS 256
enum status_write status_write(struct status *status, const struct moment *now,
    struct error *error);

/* Where no thread writes: try to, now.  Else nothing. */
void status_write_now(struct status *status, const struct moment *now);

/* For a process that ends, and alone may have had the file open: who opens it
 * next reads the whole log.  If that has become long it goes into the file,
 * unless somebody is in the way. */
void status_write_shrink(struct status *status);

#endif /* !STATUS_WRITE_H_ */
