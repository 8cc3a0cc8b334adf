#include "nginx/telling.h"

#include "nginx/headers.h"
#include "nginx/state.h"
#include "nginx/told.h"

#define IDENTITY "X-Authgear-"
#define KEEP IDENTITY "Keep"	/* is said to this server alone */

static int
is_credential(void *context, const ngx_table_elt_t *header)
{
	const struct state *state = context;

	return headers_is_identity(NULL, header) ||
	    headers_is_authorization(NULL, header) ||
	    (state->cookies.len > 0 && headers_is_cookie(NULL, header));
}

static int
begins(const ngx_str_t *name, const char *with)
{
	const size_t len = ngx_strlen(with);

	return name->len > len && ngx_strncmp(name->data, with, len) == 0;
}

/* nginx remembers the value of $http_authorization, $cookie_session and so on
 * where something has asked for it before (set, limit_req_zone). */
static void
forget_values(ngx_http_request_t *r)
{
	const ngx_http_core_main_conf_t *core =
	    ngx_http_get_module_main_conf(r, ngx_http_core_module);
	const ngx_http_variable_t *variables = core->variables.elts;
	ngx_http_variable_value_t *value;
	ngx_uint_t i;

	for (i = 0; i < core->variables.nelts; i++) {
		value = &r->variables[i];
		/* few have been asked for; and not what a site has made itself
		 * under such a name */
		if ((!value->valid && !value->not_found) ||
		    (variables[i].flags & NGX_HTTP_VAR_CHANGEABLE) != 0 ||
		    (!begins(&variables[i].name, "http_") &&
		    !begins(&variables[i].name, "cookie_")))
			continue;
		value->valid = 0;
		value->not_found = 0;
	}
}

ngx_int_t
telling_identity(ngx_http_request_t *r, const struct state *state,
    const struct told *told)
{
	static const ngx_str_t remote_user = ngx_string("Remote-User");
	const ngx_str_t *name = told_find(told, IDENTITY "Remote-User");
	struct state context = *state;
	ngx_uint_t i;

	if (headers_take_out(r, is_credential, &context) != NGX_OK)
		return NGX_ERROR;
	r->headers_in.authorization = NULL;
	forget_values(r);
	if (state->cookies.len > 0 &&
	    headers_set_cookie(r, &state->rest) != NGX_OK)
		return NGX_ERROR;
	for (i = 0; i < told->count; i++)
		if (ngx_strncmp(told->fields[i].name.data, IDENTITY,
		    sizeof(IDENTITY) - 1) == 0 && ngx_strcmp(
		    told->fields[i].name.data, KEEP) != 0 && headers_put(r,
		    &told->fields[i].name, &told->fields[i].value) != NGX_OK)
			return NGX_ERROR;
	if (name != NULL)
		return headers_put(r, &remote_user, name);
	return NGX_OK;
}

void
telling_auth_basic(ngx_http_request_t *r, const struct state *state)
{
	if (state->is_taken)
		r->headers_in.authorization = state->authorization;
}

ngx_int_t
telling_nobody(ngx_http_request_t *r, const struct state *state)
{
	if (state->is_taken)
		r->headers_in.authorization = NULL;
	if (state->cookies.len == 0)
		return NGX_OK;
	if (headers_take_out(r, headers_is_cookie, NULL) != NGX_OK)
		return NGX_ERROR;
	forget_values(r);
	return headers_set_cookie(r, &state->rest);
}
