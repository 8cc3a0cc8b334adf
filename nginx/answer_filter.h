#ifndef NGINX_ANSWER_FILTER_H_
#define NGINX_ANSWER_FILTER_H_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/*
 * What may be kept of an answer, behind the site's own add_header and expires.
 *
 * - A refusal is never kept, not even as the redirect to the login that it is.
 * - Of what somebody was let in for, and of which neither the site nor the
 *   application says anything, a browser asks again: or it would show the page
 *   to whoever comes after a logout.
 *
 * Threads: nginx has none here.
 */

struct state;

/* The head of the client's answer; NGX_OK or NGX_ERROR. */
ngx_int_t answer_filter_head(ngx_http_request_t *r,
    const struct state *state);

#endif /* !NGINX_ANSWER_FILTER_H_ */
