#ifndef NGINX_QUESTION_H_
#define NGINX_QUESTION_H_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/*
 * What the daemon is asked, as FastCGI records.
 * Threads: nginx has none here.
 */

struct question {
	const ngx_str_t *policy;
	ngx_str_t authorization;	/* the header, whole; empty: absent */
	ngx_str_t cookies;		/* those that may be credentials */
	ngx_str_t markers;		/* of logins */
	int is_forged;			/* the client called itself somebody */
	const ngx_str_t *method;	/* of the pass */
};

/* For a request, whichever of its passes: the client's, not a subrequest's.
 * NGX_OK, NGX_DECLINED if it is too large, NGX_ERROR: out of memory. */
ngx_int_t question_compose(ngx_http_request_t *main,
    const struct question *question, ngx_str_t *out);

/* Where a login comes back to: method and query alone. */
ngx_int_t question_of_login(ngx_http_request_t *main, ngx_str_t *out);

#endif /* !NGINX_QUESTION_H_ */
