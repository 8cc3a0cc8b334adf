#ifndef CHECK_CHECK_BECOME_H_
#define CHECK_CHECK_BECOME_H_

#include <stdint.h>

#include "ground/error.h"

/*
 * What this process may do, before it reads anything that is not root's.
 * Threads: one.
 */

/* No descriptor but 0 to 2, no core file, no debugger, few limits of a host
 * that matter here; it ends by itself in so many milliseconds.  0, or -1 and
 * error. */
int check_become_small(int64_t msecs, struct error *error);

#endif /* !CHECK_CHECK_BECOME_H_ */
