#ifndef NGINX_KEPT_H_
#define NGINX_KEPT_H_

#include <ngx_config.h>
#include <ngx_core.h>

/*
 * The connections of a worker to one address that wait for a question.  There
 * may be more that are busy: a question never waits for a place here.
 * Threads: nginx has none here.
 */

#define KEPT_MAX 64	/* of a worker */

struct kept;

/* `address` is how the configuration says it. */
struct kept *kept_new(ngx_pool_t *pool, const ngx_str_t *address,
    const ngx_addr_t *peer);

int kept_is_of(const struct kept *kept, const ngx_str_t *address);
const ngx_addr_t *kept_peer(const struct kept *kept);

/* One that was idle, and is the caller's; NULL: there is none. */
ngx_connection_t *kept_take(struct kept *kept, ngx_log_t *log);

/* One that a question and its whole answer have gone over: kept, or closed
 * where there is no place, or something else has come over it. */
void kept_give(struct kept *kept, ngx_connection_t *connection);

#endif /* !NGINX_KEPT_H_ */
