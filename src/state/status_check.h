#ifndef STATUS_CHECK_H_
#define STATUS_CHECK_H_

#include "ground/error.h"
#include "state/status.h"

enum status_check {
	STATUS_CHECK_FAILED = 0,	/* it could not be told: again later */
	STATUS_CHECK_NOTHING,		/* this file was checked already */
	STATUS_CHECK_SOUND,
	STATUS_CHECK_RENEWED		/* damaged, set aside and begun anew */
};

/*
 * The whole of the file, once after each opening (seconds for a large one;
 * `stop` as in database_check_whole()): for a thread that nobody waits for.
 * Counts its rows too, should somebody else have added some or taken some
 * out.  FAILED and RENEWED with error.
 *
 * Threads: as a struct status, of its own.
 */
enum status_check status_check(struct status *status,
    int (*stop)(void *context), void *context, struct error *error);

#endif /* !STATUS_CHECK_H_ */
