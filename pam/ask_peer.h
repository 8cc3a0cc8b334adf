#ifndef PAM_ASK_PEER_H_
#define PAM_ASK_PEER_H_

#include <stddef.h>

/*
 * Whom a socket's listener is.  It must be root (or the service manager, which
 * is root) or the daemon's user, and nobody else may write the socket's
 * directory, or anybody could answer in their place.  The daemon's user is
 * looked up in /etc/passwd itself: no directory service is asked.
 * Threads: no state; any thread of the host.
 */

/* 0, or -1 and one line that names the uid found and the one expected. */
int ask_peer_check(int fd, const char *path, const char *daemon_user,
    char *why, size_t size);

#endif /* !PAM_ASK_PEER_H_ */
