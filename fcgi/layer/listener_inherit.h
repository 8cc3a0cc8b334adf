#ifndef FCGI_LISTENER_INHERIT_H_
#define FCGI_LISTENER_INHERIT_H_

#include <sys/types.h>

#include "fcgi/layer/listener.h"

/* What tells of passed sockets; strings are NULL where not set. */
struct listener_inherit {
	const char *pid;	/* LISTEN_PID */
	const char *fds;	/* LISTEN_FDS */
	const char *names;	/* LISTEN_FDNAMES */
	pid_t our_pid;
};

/*
 * Take over what systemd passed (sd_listen_fds(3)): descriptors from 3 on.
 * A name is `auth`, `login` or `ask`, or begins with `auth-`, `login-` or
 * `ask-`; without names, or of "unknown", a socket serves auth.
 * Taken are only listening stream sockets, unix or loopback; ask only unix.
 * *count_out is 0 if nothing was passed to us.
 * 0, or -1 and error: more than max, a wrong socket, an unknown name.
 * Threads: one at a time.
 */
int listener_inherit(const struct listener_inherit *from,
    struct listener *out, size_t max, size_t *count_out,
    struct error *error);

#endif /* !FCGI_LISTENER_INHERIT_H_ */
