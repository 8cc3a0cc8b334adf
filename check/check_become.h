#ifndef CHECK_CHECK_BECOME_H_
#define CHECK_CHECK_BECOME_H_

#include <stdint.h>

#include "ground/error.h"

/*
 * What this process may do, before it reads anything that is not root's.
 * Threads: one.
 */

/* No descriptor but 0 to 2, no keys of the host's session, no core file, no
 * debugger, few limits of a host that matter here; it ends by itself in so many
 * milliseconds.  0, or -1 and error. */
int check_become_small(int64_t msecs, struct error *error);

/* The owner of STATE/daemon, which must not be root (nor its group root's), for
 * ever: no other user, group or capability, and no program that would have
 * more.  0, or -1 and error. */
int check_become_daemon(const char *state, struct error *error);

#endif /* !CHECK_CHECK_BECOME_H_ */
