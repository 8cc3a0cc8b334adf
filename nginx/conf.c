#include "nginx/conf.h"

#include "nginx/guarded.h"
#include "nginx/keeping.h"
#include "nginx/kept.h"
#include "nginx/plain_path.h"

void *
conf_main_new(ngx_conf_t *cf)
{
	struct conf_main *main = ngx_pcalloc(cf->pool, sizeof(*main));

	if (main == NULL || ngx_array_init(&main->sockets, cf->pool, 2,
	    sizeof(struct kept *)) != NGX_OK || ngx_array_init(
	    &main->keepings, cf->pool, 1, sizeof(struct keeping *)) != NGX_OK)
		return NULL;
	return main;
}

void *
conf_server_new(ngx_conf_t *cf)
{
	struct conf_server *server = ngx_pcalloc(cf->pool, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->is_used = NGX_CONF_UNSET;
	server->deadline = NGX_CONF_UNSET_MSEC;
	return server;
}

/* Those of http count too: a server's own list must not lose one. */
static ngx_int_t
merge_paths(ngx_conf_t *cf, const struct conf_server *parent,
    struct conf_server *child)
{
	const struct guarded_prefix *path;
	struct guarded_prefix *added;
	ngx_uint_t i, j, own;

	if (parent->paths == NULL)
		return NGX_OK;
	if (child->paths == NULL)
		child->paths = ngx_array_create(cf->pool,
		    parent->paths->nelts, sizeof(struct guarded_prefix));
	if (child->paths == NULL)
		return NGX_ERROR;
	path = parent->paths->elts;
	own = child->paths->nelts;
	for (i = 0; i < parent->paths->nelts; i++) {
		added = child->paths->elts;
		for (j = 0; j < own; j++)
			if (plain_path_is_same(added[j].prefix.data,
			    added[j].prefix.len, path[i].prefix.data,
			    path[i].prefix.len))
				break;
		if (j < own)
			continue;
		added = ngx_array_push(child->paths);
		if (added == NULL)
			return NGX_ERROR;
		*added = path[i];
	}
	return NGX_OK;
}

char *
conf_server_merge(ngx_conf_t *cf, void *parent, void *child)
{
	const struct conf_server *above = parent;
	struct conf_server *server = child;

	if (server->is_used == NGX_CONF_UNSET)
		server->is_used = above->is_used == 1;
	if (server->socket == NULL) {
		server->socket = above->socket;
		server->deadline = above->deadline;
	}
	if (server->usual == NULL)
		server->usual = above->usual;
	if (server->socket == NULL)
		server->socket = server->usual;
	if (server->deadline == NGX_CONF_UNSET_MSEC)
		server->deadline = CONF_DEADLINE;
	if (server->login_path.data == NULL) {
		server->login_path = above->login_path;
		server->login = above->login;
	}
	if (!server->is_keeping_said)
		server->keeping = above->keeping;
	if (merge_paths(cf, above, server) != NGX_OK)
		return NGX_CONF_ERROR;
	return NGX_CONF_OK;
}

void *
conf_location_new(ngx_conf_t *cf)
{
	return ngx_pcalloc(cf->pool, sizeof(struct conf_location));
}

char *
conf_location_merge(ngx_conf_t *cf, void *parent, void *child)
{
	const struct conf_location *above = parent;
	struct conf_location *location = child;

	(void)cf;
	if (location->policy.data == NULL)
		location->policy = above->policy;
	return NGX_CONF_OK;
}

struct kept *
conf_kept(ngx_conf_t *cf, struct conf_main *main, ngx_str_t *address)
{
	struct kept **kept = main->sockets.elts;
	ngx_url_t url;
	ngx_uint_t i;

	for (i = 0; i < main->sockets.nelts; i++)
		if (kept_is_of(kept[i], address))
			return kept[i];
	ngx_memzero(&url, sizeof(url));
	url.url = *address;
	url.no_resolve = 0;
	if (ngx_parse_url(cf->pool, &url) != NGX_OK || url.naddrs == 0 ||
	    (url.family != AF_UNIX && url.no_port)) {
		ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
		    "authgear: \"%V\" is no address: %s", address,
		    url.err != NULL ? url.err : "it needs a port");
		return NULL;
	}
	if (url.family == AF_UNIX &&
	    address->data[sizeof("unix:") - 1] != '/') {
		ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "authgear: \"%V\" is "
		    "no address: its path begins with \"/\"", address);
		return NULL;
	}
	kept = ngx_array_push(&main->sockets);
	if (kept == NULL)
		return NULL;
	*kept = kept_new(cf->pool, address, &url.addrs[0]);
	return *kept;
}

static int
is_same(const ngx_str_t *one, const ngx_str_t *other)
{
	return one->len == other->len &&
	    ngx_memcmp(one->data, other->data, one->len) == 0;
}

struct keeping *
conf_keeping(ngx_conf_t *cf, struct conf_main *main,
    const struct keeping_conf *conf)
{
	struct keeping **keeping = main->keepings.elts;
	const struct keeping_conf *other;
	ngx_uint_t i;

	for (i = 0; i < main->keepings.nelts; i++) {
		other = keeping_conf(keeping[i]);
		if (!is_same(&other->root, &conf->root) ||
		    !is_same(&other->daemon, &conf->daemon))
			continue;
		if (other->max == conf->max)
			return keeping[i];
		ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
		    "authgear_cache: these directories have another max in "
		    "another place: it is one store");
		return NULL;
	}
	keeping = ngx_array_push(&main->keepings);
	if (keeping == NULL)
		return NULL;
	*keeping = keeping_new(cf->pool, conf);
	return *keeping;
}
