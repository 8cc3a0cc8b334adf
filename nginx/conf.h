#ifndef NGINX_CONF_H_
#define NGINX_CONF_H_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/*
 * What the directives say, by level, and how one level inherits from another.
 * Of nginx's configuration pool; read only once a worker runs.
 * Threads: nginx has none here.
 */

#define CONF_SOCKET "unix:/run/authgear/nginx.sock"	/* by default */
#define CONF_DEADLINE 3000	/* msecs: total_timeout and a second */
#define CONF_POLICY_MAX 64	/* characters of a policy's name */

struct keeping;
struct keeping_conf;

/* http. */
struct conf_main {
	ngx_array_t sockets;	/* struct kept *, one for each address */
	ngx_array_t keepings;	/* struct keeping *, for each two pages */
};

/* server */
struct conf_server {
	ngx_flag_t is_used;	/* something below says authgear */
	struct kept *socket;	/* NULL: not said */
	struct kept *usual;	/* where no level says one; NULL: not used */
	ngx_msec_t deadline;
	ngx_array_t *paths;	/* struct guarded_prefix; NULL: none */
	ngx_str_t login_path;	/* data NULL: not said */
	struct kept *login;
	struct keeping *keeping;	/* NULL: nothing is kept */
	unsigned is_keeping_said:1;
};

/* location */
struct conf_location {
	ngx_str_t policy;	/* data NULL: not said; empty: off */
};

void *conf_main_new(ngx_conf_t *cf);
void *conf_server_new(ngx_conf_t *cf);
char *conf_server_merge(ngx_conf_t *cf, void *parent, void *child);
void *conf_location_new(ngx_conf_t *cf);
char *conf_location_merge(ngx_conf_t *cf, void *parent, void *child);

/* The connections to this address, which the whole of nginx shares; NULL: out
 * of memory, or what is no address, and the log says so. */
struct kept *conf_kept(ngx_conf_t *cf, struct conf_main *main,
    ngx_str_t *address);

/* What is kept by these pages, likewise; NULL also where another size was said
 * of it. */
struct keeping *conf_keeping(ngx_conf_t *cf, struct conf_main *main,
    const struct keeping_conf *conf);

#endif /* !NGINX_CONF_H_ */
