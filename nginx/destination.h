#ifndef NGINX_DESTINATION_H_
#define NGINX_DESTINATION_H_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/*
 * WebDAV's COPY and MOVE have a second path, for which nginx looks for no
 * location.  It is asked about as a request for it would be: by a subrequest,
 * a probe, which goes as far as the asking.  Where that leads nowhere near it
 * (the site's own return), to another path (its rewrite or error_page), or to
 * no path of this server, the answer is no; and where an authgear_path of
 * another policy lies below it, for a folder there would be written over.
 * Threads: nginx has none here.
 */

struct conf_server;
struct pass;
struct state;

/* NGX_OK: nothing stands against it; NGX_AGAIN while it is asked; or what ends
 * the request. */
ngx_int_t destination_check(ngx_http_request_t *r, struct state *state,
    const struct conf_server *server);

/* 1 if this pass is a probe's. */
int destination_is_probe(const struct pass *pass);

/* The probe is at its end, let in or not; what its handler returns. */
ngx_int_t destination_end(struct pass *pass, int is_in);

#endif /* !NGINX_DESTINATION_H_ */
