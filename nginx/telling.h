#ifndef NGINX_TELLING_H_
#define NGINX_TELLING_H_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/*
 * What a backend is told of a request that was let in, whichever protocol it
 * speaks: by the request's own headers.
 * Threads: nginx has none here.
 */

struct state;
struct told;

/* Who it is, in place of what was told before: X-Authgear-*, Remote-User; the
 * credential is taken out.  NGX_OK or NGX_ERROR. */
ngx_int_t telling_identity(ngx_http_request_t *r, const struct state *state,
    const struct told *told);

/* auth_basic reads nginx's own member, in every pass anew: what it read in the
 * first one is put there again until the next telling_identity(). */
void telling_auth_basic(ngx_http_request_t *r, const struct state *state);

/* Where nobody is asked: cookies that may be credentials are taken out.
 * NGX_OK or NGX_ERROR. */
ngx_int_t telling_nobody(ngx_http_request_t *r, const struct state *state);

#endif /* !NGINX_TELLING_H_ */
