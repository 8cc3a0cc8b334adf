#ifndef NGINX_COLLECTION_H_
#define NGINX_COLLECTION_H_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/*
 * WebDAV's COPY, MOVE and DELETE of a folder take along what lies below it,
 * which nobody asks about one by one: where an authgear_path lies there, of
 * another policy, it is refused.
 * What a file is and what a folder nobody knows here: all but COPY with
 * "Depth: 0" of a path without a slash at its end may be a folder's, and what
 * is written over may be one.
 * Threads: nginx has none here.
 */

struct conf_server;
struct pass;

/* Of the path as it was asked for: NGX_OK, or what ends the request. */
ngx_int_t collection_check(struct pass *pass,
    const struct conf_server *server);

#endif /* !NGINX_COLLECTION_H_ */
