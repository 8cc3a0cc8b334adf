#ifndef FCGI_SERVER_H_
#define FCGI_SERVER_H_

#include <stddef.h>

#include "fcgi/layer/listener.h"
#include "ground/error.h"

/*
 * The FastCGI connection layer: threads on one epoll.  A request reaches the
 * handler only when all its records have come and were checked; it is then
 * answered at once, or parked while somebody else works for it.  A request
 * that ends without a reply gets a canned `Status: 500`: the answer is never
 * empty.  Malformed, oversized, abort and management records close the
 * connection.  Of the connections where `ask` is served one peer uid, root's
 * too, gets half of max_connections.  Nothing here logs.
 * Threads: one makes, runs and frees it; server_stop() is for all.
 */

struct server;
struct server_request;		/* one request, from serve() to its answer */

enum server_step {
	SERVER_ANSWERED = 0,	/* replied, or to get the canned 500 */
	SERVER_PARKED		/* resume() after server_request_wake() */
};

/*
 * What serves requests.  serve() and resume() are called by several threads
 * at a time, each with what thread_begin() gave to its own thread.
 */
struct server_handler {
	void *context;
	/* On the new thread `index` (from 0), which has all signals blocked.
	 * NULL: cannot; then server_run() fails. */
	void *(*thread_begin)(void *context, unsigned int index);
	/* All threads have begun well, and requests are accepted.  NULL: nobody
	 * needs to know. */
	void (*ready)(void *ready_context);
	void *ready_context;
	enum server_step (*serve)(void *thread, struct server_request *request);
	/* After a wake, maybe on another thread than before. */
	enum server_step (*resume)(void *thread,
	    struct server_request *request);
	/* A parked request is given up, by the end of server_run() (with no
	 * thread: NULL): free what is attached, never wake it again.  The peer
	 * gets the canned 500.  NULL if nothing is ever parked. */
	void (*abandon)(void *thread, struct server_request *request);
	void (*thread_end)(void *thread);
};

#define SERVER_THREADS_MAX 64
#define SERVER_CONNECTIONS_MIN 16
#define SERVER_CONNECTIONS_MAX 65536

struct server_options {
	unsigned int threads;		/* 1 to SERVER_THREADS_MAX */
	unsigned int max_connections;
	unsigned int request_msecs;	/* from accept or first byte to last */
	unsigned int idle_msecs;	/* of a kept connection */
	unsigned int drain_msecs;	/* for parked requests at the stop */
};

/* 4 threads, 1024 connections, 5 s, 60 s, 3 s. */
void server_options_init(struct server_options *options);

/*
 * Handler, options and listeners are borrowed until server_free(); the
 * listeners must be open.  Sets SIGPIPE to ignored for the process (libfcgi
 * would install handlers of its own for SIGPIPE, SIGTERM and SIGUSR1: those
 * of the caller are put back).  NULL and error.
 */
struct server *server_new(const struct server_handler *handler,
    const struct server_options *options, const struct listener *listeners,
    size_t listener_count, struct error *error);

/*
 * Serves until server_stop(): then accepts nothing more, ends kept
 * connections, gives a request that is on its way half a second to arrive and
 * parked ones drain_msecs to be answered, abandons the rest, joins the
 * threads.  Once only.  0, or -1 and error.
 */
int server_run(struct server *server, struct error *error);

/* From any thread or signal handler; also before server_run(). */
void server_stop(struct server *server);

void server_free(struct server *server);

#endif /* !FCGI_SERVER_H_ */
