#ifndef FCGI_CONNECTION_H_
#define FCGI_CONNECTION_H_

#include <stddef.h>

#include "face/record.h"

/*
 * One request inside libfcgi.  libfcgi never reads from a peer: it reads the
 * composed records of a checked request from a pipe (the feed, one a thread),
 * so nothing behind the request is ever lost or taken for another one; and it
 * never closes the peer's descriptor.
 * Threads: one at a time for each connection; a feed belongs to one thread.
 */

struct connection;

struct connection_feed {
	int read_fd;		/* -1: none */
	int write_fd;
};

/*
 * Once a process, before everything else here.  Signal handlers stay as they
 * are, SIGPIPE is ignored.  0, or -1.
 */
int connection_library_init(void);

void connection_feed_init(struct connection_feed *feed);
/* At the start of a thread, while there are descriptors.  0, or -1. */
int connection_feed_open(struct connection_feed *feed);
void connection_feed_close(struct connection_feed *feed);

/* NULL: out of memory.  Freeing one that is begun forgets the request. */
struct connection *connection_new(void);
void connection_free(struct connection *connection);

/*
 * Let libfcgi take `len` composed bytes as a request whose answer goes to
 * `fd`, a non-blocking socket.  0, or -1: nothing begun.
 */
int connection_begin(struct connection *connection, int fd,
    struct connection_feed *feed, const unsigned char *composed, size_t len);

/* "NAME=value" strings until the end, closed by NULL. */
char *const *connection_params(const struct connection *connection);

/*
 * Write `len` bytes of head and body and the end of the request; wipe the
 * parameters.  0, or -1 if not all could be written at once: then `fd` is of
 * no use any more.
 */
int connection_end(struct connection *connection, const char *reply,
    size_t len);

#endif /* !FCGI_CONNECTION_H_ */
