#ifndef CLOCK_H_
#define CLOCK_H_

#include "ground/moment.h"

/* The real clock.  No state: any thread. */

/* 0, or -1 if the boot id cannot be read (no /proc): then nothing may be
 * decided. */
int clock_now(struct moment *now);

/* For a moment that clock_now() filled in: the times anew; the kernel never
 * changes its boot id.  0, or -1 and the moment as it was. */
int clock_advance(struct moment *now);

#endif /* !CLOCK_H_ */
