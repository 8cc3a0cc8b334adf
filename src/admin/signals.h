#ifndef SIGNALS_H_
#define SIGNALS_H_

#include <signal.h>

/*
 * INT, TERM and HUP held back while something is written: a command that
 * ends before its word about a change leaves its user in doubt.  What arrived
 * meanwhile comes after signals_release(); a change that was made is said,
 * and its command ends by itself.
 */
void signals_hold(sigset_t *saved);
void signals_release(const sigset_t *saved);

#endif /* !SIGNALS_H_ */
