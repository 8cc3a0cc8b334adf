#ifndef NGINX_GUARDED_H_
#define NGINX_GUARDED_H_

#include <ngx_config.h>
#include <ngx_core.h>

#include "nginx/plain_path.h"

/*
 * What authgear_path says of a path as it was asked for.
 * Applications differ in what they make of ";", a backslash and dots, so each
 * way to read a path counts (plain_path.h): all of the policies are required.
 * Threads: nginx has none here.
 */

#define GUARDED_MAX (2 * PLAIN_PATH_READINGS)

struct guarded_prefix {
	ngx_str_t prefix;	/* by guarded_plain() */
	ngx_str_t policy;
};

/* A prefix as it is compared: dots resolved, one slash for many and none at the
 * end.  NGX_OK or NGX_ERROR. */
ngx_int_t guarded_plain(ngx_pool_t *pool, const ngx_str_t *prefix,
    ngx_str_t *out);

/* The policies, each once: of the longest prefix that each reading has, and of
 * the longest that it has by the letter, which may be a stricter folder's; the
 * path's as it is first; NULL behind the last.  `prefixes` may be NULL.
 * NGX_OK or NGX_ERROR. */
ngx_int_t guarded_policies(const ngx_array_t *prefixes, ngx_pool_t *pool,
    const ngx_str_t *path, const ngx_str_t *policies_out[GUARDED_MAX + 1]);

/* NGX_OK if nothing below the path has a policy that the path itself has not;
 * NGX_DECLINED; NGX_ERROR. */
ngx_int_t guarded_is_all(const ngx_array_t *prefixes, ngx_pool_t *pool,
    const ngx_str_t *path);

#endif /* !NGINX_GUARDED_H_ */
