#ifndef FCGI_LISTENER_H_
#define FCGI_LISTENER_H_

#include <stddef.h>
#include <sys/types.h>

#include "ground/error.h"

/*
 * Listening sockets, as --listen asks for them.
 * Threads: one at a time.
 */

#define LISTENER_BACKLOG 1024
#define LISTENER_TEXT_SIZE 160
#define LISTENER_MAX 16			/* listeners of one process */

/* What is served there is fixed when it is made, never told by a URL. */
enum listener_serve {
	LISTENER_SERVE_AUTH = 1,
	LISTENER_SERVE_LOGIN,	/* login_return: browsers come back */
	LISTENER_SERVE_ASK	/* PAM modules; a unix socket only */
};

struct listener {
	enum listener_serve serve;
	int fd;				/* -1: not open */
	int is_unix;
	int made_path;			/* the socket file is ours to remove */
	unsigned int port;		/* of TCP, host order */
	int is_ipv6;			/* [::1], else 127.0.0.1 */
	mode_t mode;			/* of the socket file */
	gid_t group;			/* (gid_t)-1: leave it */
	char path[108];			/* of the socket file, "" for TCP */
	char text[LISTENER_TEXT_SIZE];	/* the address, for a person */
	dev_t device;			/* of the file made: only that one is */
	ino_t inode;			/* removed at the close */
};

/*
 * Read `ADDRESS[,serve=auth|login|ask][,mode=0660][,group=NAME]`; ADDRESS is
 * unix:/absolute/path, 127.0.0.1:PORT or [::1]:PORT.  Opens nothing (group
 * names are looked up).  Another host than loopback, an unknown or repeated
 * option, mode, group or serve=ask for TCP, a mode beyond 0777 are refused.
 * 0, or -1 and error.
 */
int listener_parse(const char *spec, struct listener *out,
    struct error *error);

/*
 * Bind and listen: non-blocking, close-on-exec.  The socket file appears with
 * its mode and group already right.  A file there that is no socket, or a
 * socket that a process answers on, is left alone and refused; a dead socket
 * is replaced.  Port 0 lets the kernel choose; `text` then tells which.
 * 0, or -1 and error.
 */
int listener_open(struct listener *listener, struct error *error);

/* Closes, and removes the socket file if it is still the one made. */
void listener_close(struct listener *listener);

#endif /* !FCGI_LISTENER_H_ */
