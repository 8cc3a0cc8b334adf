/* The tables by which nginx knows the module. */
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "nginx/access.h"
#include "nginx/answer_filter.h"
#include "nginx/conf.h"
#include "nginx/directives.h"
#include "nginx/state.h"
#include "nginx/variables.h"

#define EXPORTED __attribute__((visibility("default")))

extern ngx_module_t ngx_http_authgear_module;

/* 0: nothing of it stands in this server. */
static int
conf_of(ngx_http_request_t *r, struct access_conf *conf)
{
	conf->server = ngx_http_get_module_srv_conf(r,
	    ngx_http_authgear_module);
	conf->location = ngx_http_get_module_loc_conf(r,
	    ngx_http_authgear_module);
	return conf->server->is_used == 1;
}

static ngx_int_t
post_read(ngx_http_request_t *r)
{
	struct access_conf conf;

	return conf_of(r, &conf) ? access_begin(r, &conf) : NGX_DECLINED;
}

static ngx_int_t
server_rewrite(ngx_http_request_t *r)
{
	struct access_conf conf;

	return conf_of(r, &conf) ? access_pass(r, &conf) :
	    NGX_DECLINED;
}

static ngx_int_t
preaccess(ngx_http_request_t *r)
{
	struct access_conf conf;

	return conf_of(r, &conf) ? access_path(r, &conf) : NGX_DECLINED;
}

static ngx_int_t
access_phase(ngx_http_request_t *r)
{
	struct access_conf conf;

	return conf_of(r, &conf) ? access_location(r, &conf) : NGX_DECLINED;
}

static ngx_int_t
precontent(ngx_http_request_t *r)
{
	struct access_conf conf;

	return conf_of(r, &conf) ? access_end(r) : NGX_DECLINED;
}

/* Of this worker's configuration: nginx chains its filters so. */
static ngx_http_output_header_filter_pt next_filter;

static ngx_int_t
filter(ngx_http_request_t *r)
{
	const struct state *state = NULL;
	struct access_conf conf;

	if (r == r->main && conf_of(r, &conf))
		state = state_find(r);
	if (state != NULL && answer_filter_head(r, state) != NGX_OK)
		return NGX_ERROR;
	return next_filter(r);
}

/* Handlers of a phase run from the last one to the first. */
static ngx_int_t
run_first(ngx_array_t *handlers, ngx_http_handler_pt handler)
{
	ngx_http_handler_pt *place = ngx_array_push(handlers);

	if (place == NULL)
		return NGX_ERROR;
	*place = handler;
	return NGX_OK;
}

/* Who is not let in anyway (deny, limit_req, auth_basic) costs no question,
 * and whom `satisfy any` lets in is not asked. */
static ngx_int_t
run_last(ngx_array_t *handlers, ngx_http_handler_pt handler)
{
	ngx_http_handler_pt *first;

	if (ngx_array_push(handlers) == NULL)
		return NGX_ERROR;
	first = handlers->elts;
	ngx_memmove(first + 1, first,
	    (handlers->nelts - 1) * sizeof(*first));
	*first = handler;
	return NGX_OK;
}

static ngx_int_t
add_handlers(ngx_conf_t *cf)
{
	ngx_http_core_main_conf_t *core = ngx_http_conf_get_module_main_conf(
	    cf, ngx_http_core_module);

	next_filter = ngx_http_top_header_filter;
	ngx_http_top_header_filter = filter;
	if (variables_take_user(core) != NGX_OK ||
	    run_first(&core->phases[NGX_HTTP_POST_READ_PHASE].handlers,
	    post_read) != NGX_OK ||
	    run_first(&core->phases[NGX_HTTP_SERVER_REWRITE_PHASE].handlers,
	    server_rewrite) != NGX_OK ||
	    run_last(&core->phases[NGX_HTTP_PREACCESS_PHASE].handlers,
	    preaccess) != NGX_OK ||
	    run_last(&core->phases[NGX_HTTP_ACCESS_PHASE].handlers,
	    access_phase) != NGX_OK ||
	    run_first(&core->phases[NGX_HTTP_PRECONTENT_PHASE].handlers,
	    precontent) != NGX_OK)
		return NGX_ERROR;
	return NGX_OK;
}

static ngx_command_t commands[] = {
	{ ngx_string("authgear"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF |
	    NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1, directives_policy,
	    NGX_HTTP_LOC_CONF_OFFSET, 0, &ngx_http_authgear_module },
	{ ngx_string("authgear_socket"), NGX_HTTP_MAIN_CONF |
	    NGX_HTTP_SRV_CONF | NGX_CONF_TAKE12, directives_socket,
	    NGX_HTTP_SRV_CONF_OFFSET, 0, &ngx_http_authgear_module },
	{ ngx_string("authgear_path"), NGX_HTTP_MAIN_CONF |
	    NGX_HTTP_SRV_CONF | NGX_CONF_TAKE2, directives_path,
	    NGX_HTTP_SRV_CONF_OFFSET, 0, &ngx_http_authgear_module },
	{ ngx_string("authgear_cache"), NGX_HTTP_MAIN_CONF |
	    NGX_HTTP_SRV_CONF | NGX_CONF_TAKE123, directives_cache,
	    NGX_HTTP_SRV_CONF_OFFSET, 0, &ngx_http_authgear_module },
	{ ngx_string("authgear_login"), NGX_HTTP_MAIN_CONF |
	    NGX_HTTP_SRV_CONF | NGX_CONF_TAKE2, directives_login,
	    NGX_HTTP_SRV_CONF_OFFSET, 0, &ngx_http_authgear_module },
	ngx_null_command
};

static ngx_http_module_t context = {
	.preconfiguration = variables_add,
	.postconfiguration = add_handlers,
	.create_main_conf = conf_main_new,
	.create_srv_conf = conf_server_new,
	.merge_srv_conf = conf_server_merge,
	.create_loc_conf = conf_location_new,
	.merge_loc_conf = conf_location_merge
};

EXPORTED ngx_module_t ngx_http_authgear_module = {
	NGX_MODULE_V1,
	&context,
	commands,
	NGX_HTTP_MODULE,
	NULL, NULL, NULL, NULL, NULL, NULL, NULL,
	NGX_MODULE_V1_PADDING
};

/* What nginx looks up in the shared object. */
EXPORTED extern ngx_module_t *ngx_modules[];
EXPORTED extern char *ngx_module_names[];
EXPORTED extern char *ngx_module_order[];

ngx_module_t *ngx_modules[] = { &ngx_http_authgear_module, NULL };

static char name[] = "ngx_http_authgear_module";
static char before[] = "ngx_http_headers_filter_module";
char *ngx_module_names[] = { name, NULL };
/* its header filter runs behind add_header and expires */
char *ngx_module_order[] = { name, before, NULL };
