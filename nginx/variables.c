#include "nginx/variables.h"

#include "nginx/state.h"
#include "nginx/told.h"

/* Of this request, or, before it was asked about, of the client's. */
static const struct told *
last_told(ngx_http_request_t *r)
{
	const struct state *state = state_find(r);
	const struct pass *pass = NULL;

	if (state != NULL)
		pass = state_find_pass(state, r);
	if (state != NULL && (pass == NULL || pass->told == NULL))
		pass = state_find_pass(state, r->main);
	return pass != NULL ? pass->told : NULL;
}

/* X-Authgear-User-Id is authgear_user_id. */
static int
is_called(const ngx_str_t *field, const ngx_str_t *variable)
{
	size_t i;

	if (field->len != variable->len + 2 ||
	    ngx_strncmp(field->data, "X-", 2) != 0)
		return 0;
	for (i = 0; i < variable->len; i++)
		if (variable->data[i] != (field->data[i + 2] == '-' ? '_' :
		    ngx_tolower(field->data[i + 2])))
			return 0;
	return 1;
}

static ngx_int_t
get(ngx_http_request_t *r, ngx_http_variable_value_t *value, uintptr_t data)
{
	const ngx_str_t *name = (const ngx_str_t *)data;
	const struct told *told = last_told(r);
	ngx_uint_t i;

	value->not_found = 1;
	for (i = 0; told != NULL && i < told->count; i++) {
		if (!is_called(&told->fields[i].name, name))
			continue;
		value->data = told->fields[i].value.data;
		value->len = (unsigned)told->fields[i].value.len &
		    0xfffffff;
		value->valid = 1;
		value->no_cacheable = 0;
		value->not_found = 0;
		break;
	}
	return NGX_OK;
}

ngx_int_t
variables_add(ngx_conf_t *cf)
{
	ngx_str_t name = ngx_string("authgear_");
	ngx_http_variable_t *variable;

	variable = ngx_http_add_variable(cf, &name,
	    NGX_HTTP_VAR_NOCACHEABLE | NGX_HTTP_VAR_PREFIX);
	if (variable == NULL)
		return NGX_ERROR;
	variable->get_handler = get;
	return NGX_OK;
}
