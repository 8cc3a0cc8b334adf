#ifndef NGINX_REFUSAL_H_
#define NGINX_REFUSAL_H_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/*
 * The daemon's answer as the client's, past whatever error_page the site has.
 * Each ends the request, or answers the status that nginx is to end it with:
 * what a handler of a phase returns.
 * Threads: nginx has none here.
 */

struct state;
struct told;

/* As it was told; a page that may log in goes to the login. */
ngx_int_t refusal_send(ngx_http_request_t *r, struct state *state,
    const struct told *told);

/* There is no answer: 503 and Retry-After. */
ngx_int_t refusal_unavailable(ngx_http_request_t *r, struct state *state);

/* Of COPY, MOVE or DELETE something cannot be asked about: 403. */
ngx_int_t refusal_forbidden(ngx_http_request_t *r, struct state *state);

/* The answer to who comes back from a login: 200 to 599, whole. */
ngx_int_t refusal_login(ngx_http_request_t *r, struct state *state,
    const struct told *told);

#endif /* !NGINX_REFUSAL_H_ */
