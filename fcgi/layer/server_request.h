#ifndef FCGI_SERVER_REQUEST_H_
#define FCGI_SERVER_REQUEST_H_

#include <stddef.h>

#include "fcgi/layer/listener.h"

/*
 * One request, from serve() to its answer.
 * Threads: its owner alone, which is inside serve() or resume();
 * server_request_wake() is for all.
 */

struct server_request;

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
 * All parameters, "NAME=value", closed by NULL; for params_find().  Borrowed
 * until the request is answered (parking keeps them), then wiped.  No value
 * holds a NUL: a request with one anywhere, or with a '=' in a name, gets the
 * canned 500 without being served.
 */
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
unsigned int server_request_places(unsigned int max_connections);

/*
 * May this request be parked?  1 reserves its place until it is answered (to
 * ask again is harmless); 0: half of max_connections, at most 512, are parked
 * already, or the server stops.  One parked without a place gets the canned
 * 500.
 */
int server_request_may_park(struct server_request *request);

/*
 * From any thread, for a request whose serve() or resume() answers or has
 * answered SERVER_PARKED: makes some thread call resume(), also if it is
 * woken before that answer.  Two wakes may become one; never wake a request
 * that was answered or abandoned.
 */
void server_request_wake(struct server_request *request);

#endif /* !FCGI_SERVER_REQUEST_H_ */
