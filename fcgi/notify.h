#ifndef NOTIFY_H_
#define NOTIFY_H_

/*
 * Tell systemd (sd_notify(3)) over the socket of NOTIFY_SOCKET, `path`; NULL
 * or "": nobody asks.
 * 0, or -1 with errno.
 * Threads: no state; any thread.
 */
int notify_send(const char *path, const char *state);

#endif /* !NOTIFY_H_ */
