#ifndef BECOME_H_
#define BECOME_H_

#include "ground/error.h"

/*
 * The daemon's user: what is to be done with its files root does as that user,
 * in a process that is nothing else from then on.
 * Threads: one; a process with others would be two users at once.
 */

/* The owner of STATE/daemon, for ever: no other user, group or capability, no
 * keys of the caller's session, no program that would have more, no core file
 * or debugger.  Who is no root must be that user already.  Where that is root
 * (or its group root's), as in an installation of root's own: only if it may
 * be.  0, or -1 and error. */
int become_daemon(const char *state, int may_be_root, struct error *error);

#endif /* !BECOME_H_ */
