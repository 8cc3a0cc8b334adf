#ifndef NGINX_INQUIRY_H_
#define NGINX_INQUIRY_H_

#include <ngx_config.h>
#include <ngx_core.h>

/*
 * What a request asks of the daemon, and what it remembers of the answer: the
 * pass's `told`, and `is_in` where a policy lets it in.
 *
 * Each answers NGX_OK if the answer is there (the step is ANSWERED);
 * NGX_AGAIN once it is asked, and the request goes on where it waited; what
 * ends the request; NGX_DECLINED: it cannot be asked; NGX_ERROR.
 * Threads: nginx has none here.
 */

struct conf_server;
struct pass;

/* Whether this policy lets it in; from what is kept, where it may be. */
ngx_int_t inquiry_policy(struct pass *pass,
    const struct conf_server *server, const ngx_str_t *policy);

/* What becomes of who comes back from a login; asked once. */
ngx_int_t inquiry_login(struct pass *pass, const struct conf_server *server);

/* Its request ends. */
void inquiry_stop(struct pass *pass);

#endif /* !NGINX_INQUIRY_H_ */
