#ifndef NGINX_TOLD_H_
#define NGINX_TOLD_H_

#include <ngx_config.h>
#include <ngx_core.h>

#include "face/answer.h"

/*
 * An answer of the daemon as a request keeps it, in the request's pool; without
 * X-Authgear-Keep, which is of no backend's and no client's business.
 * Threads: nginx has none here.
 */

struct told_field {
	ngx_str_t name;
	ngx_str_t value;
};

struct told {
	ngx_uint_t status;
	ngx_uint_t count;
	struct told_field *fields;
	ngx_str_t body;
};

/* NULL: out of memory. */
struct told *told_new(ngx_pool_t *pool, const struct answer *answer);

/* A grant that was kept: its fields, name and value, each with its NUL; NULL
 * likewise. */
struct told *told_kept(ngx_pool_t *pool, const char *text, size_t len);

/* The value of a field; NULL if it is not there. */
const ngx_str_t *told_find(const struct told *told, const char *name);

#endif /* !NGINX_TOLD_H_ */
