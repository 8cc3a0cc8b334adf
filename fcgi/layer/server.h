#ifndef FCGI_SERVER_H_
#define FCGI_SERVER_H_

#include <stddef.h>
#include <sys/types.h>

#include "fcgi/layer/listener.h"
#include "ground/error.h"
#include "ground/params.h"

/*
 * The FastCGI connection layer: threads on one epoll.  A request reaches the
 * handler only when all its records have come and were checked; it is then
 * answered at once, or parked while somebody else works for it.  A request
 * that ends without a reply gets a canned `Status: 500`: the answer is never
 * empty.  Malformed, oversized, abort and management records close the
 * connection.  Nothing here logs.
 */

struct server;
struct server_request;		/* one request, from serve() to its answer */

enum server_step {
	SERVER_ANSWERED = 0,	/* replied, or to get the canned 500 */
	SERVER_PARKED		/* resume() after server_request_wake() */
};

/*
 * What serves requests.  serve() and resume() are called by several threads
 * at a time, each with what thread_begin() gave to
 * its own thread.
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
	enum server_step (*resume)(void *thread, struct server_request *request);
	/* A parked request is given up, by the end of server_run() (with no
	 * thread: NULL): free what is attached, never wake it again.  The peer
	 * gets the canned 500.  NULL if nothing is ever parked. */
	void (*abandon)(void *thread, struct server_request *request);
	void (*thread_end)(void *thread);
};

struct server_options {
	unsigned int threads;		/* 1 to 64 */
	unsigned int max_connections;	/* 16 to 65536 */
	unsigned int max_per_uid;	/* connections of one peer uid on unix
					   sockets, root excepted; 0: no cap.
					   Where `ask` is served: half of
					   max_connections, root too */
	unsigned int request_msecs;	/* from accept or first byte to last */
	unsigned int idle_msecs;	/* of a kept connection */
	unsigned int drain_msecs;	/* for parked requests at the stop */
};

/* 4 threads, 1024 connections, no cap, 5 s, 60 s, 3 s. */
void server_options_init(struct server_options *options);

/* Counters since the start; for tests and logs. */
struct server_counters {
	unsigned long accepted;
	unsigned long answered;		/* canned ones included */
	unsigned long canned;		/* answered with the canned 500 */
	unsigned long refused;		/* closed for bad records */
	unsigned long expired;		/* closed: too slow or too long idle */
	unsigned long evicted;		/* closed: its place was needed */
	unsigned long exhausted;	/* accept ran out of descriptors */
};

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

void server_counters(struct server *server, struct server_counters *out);
void server_free(struct server *server);

/* --- of a request; only by its owner, the thread inside serve or resume */

enum server_role {
	SERVER_RESPONDER = 1,	/* nginx auth_request, cgi */
	SERVER_AUTHORIZER = 2	/* lighttpd, Apache */
};

enum server_role server_request_role(const struct server_request *request);

/* What its listener serves. */
enum listener_serve
server_request_serve(const struct server_request *request);

/* 1 if it had over RECORD_PARAMS_MAX bytes of parameters: it has none now. */
int server_request_is_too_large(const struct server_request *request);

/*
 * One parameter, by its exact name; params.h says the answer.  The value is
 * borrowed until the request is answered (parking keeps it) and is then
 * wiped.  No value holds a NUL: a request with one anywhere, or with a '=' in
 * a name, gets the canned 500 without being served.
 */
enum params_answer server_request_param(const struct server_request *request,
    const char *name, const char **value_out);

/* All parameters, "NAME=value", closed by NULL. */
char *const *server_request_params(const struct server_request *request);

/* Uid of the peer, or -1 if it has none (TCP). */
long server_request_peer_uid(const struct server_request *request);

/* One pointer of the handler's; NULL at first, freed by nobody here. */
void server_request_attach(struct server_request *request, void *pointer);
void *server_request_attached(const struct server_request *request);

/*
 * The reply, once: head and body, `Status:` first, SERVER_REPLY_MAX bytes at
 * most; written when serve() or resume() answers SERVER_ANSWERED.  Copied.
 * -1 if there was one already, or it is empty, too long or does not begin
 * with "Status: ": the canned 500 is sent then.
 */
#define SERVER_REPLY_MAX 4096
int server_request_reply(struct server_request *request, const char *bytes,
    size_t len);

/* How many requests of so many connections may be parked at a time: half, at
 * most 512. */
unsigned int server_places(unsigned int max_connections);

/*
 * May this request be parked?  1 reserves its place until it is answered (to
 * ask again is harmless); 0: half of max_connections, at most 512, are parked
 * already, or the server stops.  One parked without a place gets the canned
 * 500.
 */
int server_may_park(struct server_request *request);

/*
 * From any thread, for a request whose serve() or resume() answers or has
 * answered SERVER_PARKED: makes some thread call resume(), also if it is
 * woken before that answer.  Two wakes may become one; never wake a request
 * that was answered or abandoned.
 */
void server_request_wake(struct server_request *request);

#endif /* !FCGI_SERVER_H_ */
