#ifndef CLOCK_H_
#define CLOCK_H_

#include "moment.h"

/*
 * The real clock.  `now` is {0} the first time; given again, it keeps its
 * boot id, which the kernel never changes, and only the times are read anew.
 * 0, or -1 if the boot id cannot be read (no /proc): then nothing may be
 * decided.
 */
int clock_now(struct moment *now);

#endif /* !CLOCK_H_ */
