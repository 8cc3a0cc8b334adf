#ifndef NGINX_VARIABLES_H_
#define NGINX_VARIABLES_H_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/*
 * $remote_user: who was let in, whatever a client calls itself by HTTP Basic;
 * Debian's lists for applications hand it on.
 * $authgear_NAME: what the last answer of the daemon told as X-Authgear-Name,
 * of a grant or a refusal: $authgear_user_id, $authgear_claim_email,
 * $authgear_reason, $authgear_request_id.
 * Threads: nginx has none here.
 */

/* Before the configuration is read; NGX_OK or NGX_ERROR. */
ngx_int_t variables_add(ngx_conf_t *cf);

/* Once it is read: nginx's own $remote_user.  NGX_OK or NGX_ERROR. */
ngx_int_t variables_take_user(ngx_http_core_main_conf_t *core);

#endif /* !NGINX_VARIABLES_H_ */
