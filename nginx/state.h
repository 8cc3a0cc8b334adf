#ifndef NGINX_STATE_H_
#define NGINX_STATE_H_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "face/answer.h"
#include "nginx/flight.h"
#include "nginx/guarded.h"
#include "nginx/keeping.h"

/*
 * What is known of a client's request through all of its passes: nginx runs it
 * anew for every internal redirect, and for each subrequest, and forgets what
 * modules keep with it.  So this hangs on the request's pool.
 * Threads: nginx has none here.
 */

struct asking;
struct conf_server;
struct told;

/* Where one request, the client's or a subrequest, is in its asking. */
enum pass_step {
	PASS_IDLE = 0,
	PASS_ASKING,
	PASS_ANSWERED
};

/* The second path of COPY and MOVE. */
enum state_destination {
	STATE_DESTINATION_UNKNOWN = 0,
	STATE_DESTINATION_ASKED,
	STATE_DESTINATION_KNOWN
};

struct pass {
	struct pass *next;
	struct state *state;
	ngx_http_request_t *r;
	ngx_str_t path;			/* as it was asked for */
	const ngx_str_t *path_policies[GUARDED_MAX + 1]; /* up to a NULL */
	const ngx_str_t *asked;		/* the policy */
	const ngx_str_t *granted;	/* the last one in this pass */
	enum pass_step step;
	const struct conf_server *server;	/* that it was asked by */
	struct asking *asking;		/* if PASS_ASKING, and none is shared */
	struct flight_seat seat;	/* in one that is */
	struct keeping_note note;	/* if is_noted */
	struct told *told;		/* its last answer; NULL: none came */
	int is_in;			/* that lets it in */
	unsigned is_noted:1;		/* its grant may be kept */
	unsigned is_path_known:1;
	unsigned is_guarded:1;		/* by the location's policy */
};

struct state {
	ngx_http_request_t *main;
	/* What the client sent, before anything was taken out. */
	ngx_table_elt_t *authorization;	/* NULL: none */
	ngx_str_t cookies;	/* that may be credentials */
	ngx_str_t markers;
	ngx_str_t rest;		/* of Cookie, without them */
	struct pass *passes;
	struct pass *probe;	/* the destination's; NULL: none */
	enum state_destination destination;
	ngx_str_t destination_path;
	unsigned is_forged:1;	/* it called itself somebody */
	unsigned is_taken:1;	/* the credential is taken out */
	unsigned is_refused:1;	/* the answer to the client is ours */
	unsigned is_let_in:1;	/* by the daemon, as somebody or nobody */
	unsigned is_destination_judged:1;
	unsigned is_destination_in:1;
};

/* NULL: none yet. */
struct state *state_find(ngx_http_request_t *r);

/* The one there is, or a new one: headers that name somebody are taken out,
 * whatever their spelling, and what the client sent is remembered.  NULL: out
 * of memory. */
struct state *state_of(ngx_http_request_t *r);

/* Of this request; NULL: out of memory. */
struct pass *state_pass(struct state *state, ngx_http_request_t *r);
struct pass *state_find_pass(const struct state *state,
    const ngx_http_request_t *r);

#endif /* !NGINX_STATE_H_ */
