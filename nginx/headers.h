#ifndef NGINX_HEADERS_H_
#define NGINX_HEADERS_H_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/*
 * The headers of a request as backends will get them.  nginx keeps them in a
 * list of parts, which subrequests share, and has members of its own for some;
 * so a changed list is a new one, and the old one stays as it is.
 * Threads: nginx has none here.
 */

/* 1: this one goes. */
typedef int headers_test(void *context, const ngx_table_elt_t *header);

/* Without those; NGX_OK or NGX_ERROR. */
ngx_int_t headers_take_out(ngx_http_request_t *r, headers_test *goes,
    void *context);

/* One more, whose name and value live as long as the request. */
ngx_int_t headers_put(ngx_http_request_t *r, const ngx_str_t *name,
    const ngx_str_t *value);

/* Tests: a header that names somebody, or has the name of such a one taken away
 * (Connection); Authorization or Cookie. */
int headers_is_identity(void *context, const ngx_table_elt_t *header);
int headers_is_cookie(void *context, const ngx_table_elt_t *header);
int headers_is_authorization(void *context, const ngx_table_elt_t *header);

/* The text of all Cookie headers, joined as one, in the pool; empty: none.
 * NGX_OK or NGX_ERROR. */
ngx_int_t headers_cookie(ngx_http_request_t *r, ngx_str_t *out);

/* nginx's own member of what was taken out; after headers_take_out(). */
ngx_int_t headers_set_cookie(ngx_http_request_t *r, const ngx_str_t *value);

#endif /* !NGINX_HEADERS_H_ */
