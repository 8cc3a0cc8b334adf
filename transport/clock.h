#ifndef CLOCK_H_
#define CLOCK_H_

#include "moment.h"

/*
 * The real clock.  0, or -1 if the boot id cannot be read (no /proc): then
 * nothing may be decided.
 */
int clock_now(struct moment *now);

#endif /* !CLOCK_H_ */
