#ifndef NGINX_ACCESS_H_
#define NGINX_ACCESS_H_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/*
 * Who may have which path, in the phases of nginx.
 * Threads: nginx has none here.
 */

struct conf_location;
struct conf_server;

/* What the directives say of this request at this point. */
struct access_conf {
	const struct conf_server *server;
	const struct conf_location *location;
};

/* POST_READ: the headers, before anything else has seen them, and the path as
 * it was asked for; the answer to who comes back from a login. */
ngx_int_t access_begin(ngx_http_request_t *r, const struct access_conf *conf);

/* SERVER_REWRITE: the same for what had no POST_READ: a subrequest, and the
 * error page of a request that was never read whole. */
ngx_int_t access_pass(ngx_http_request_t *r, const struct access_conf *conf);

/* PREACCESS: the policy of the path, which no directive of a location switches
 * off; of a subrequest, which ACCESS passes over, the location's too. */
ngx_int_t access_path(ngx_http_request_t *r, const struct access_conf *conf);

/* ACCESS: the location's policy. */
ngx_int_t access_location(ngx_http_request_t *r,
    const struct access_conf *conf);

/* PRECONTENT: who was not asked, by `off`, in a subrequest or by `satisfy any`,
 * leaves no credential that a cookie is. */
ngx_int_t access_end(ngx_http_request_t *r);

#endif /* !NGINX_ACCESS_H_ */
