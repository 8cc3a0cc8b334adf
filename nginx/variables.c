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

static void
set(ngx_http_variable_value_t *value, const ngx_str_t *text)
{
	value->not_found = text == NULL;
	value->valid = text != NULL;
	if (text == NULL)
		return;
	value->data = text->data;
	value->len = (unsigned)text->len & 0xfffffff;
}

static ngx_int_t
get(ngx_http_request_t *r, ngx_http_variable_value_t *value, uintptr_t data)
{
	const ngx_str_t *name = (const ngx_str_t *)data;
	const struct told *told = last_told(r);
	ngx_uint_t i;

	set(value, NULL);
	value->no_cacheable = 0;
	for (i = 0; told != NULL && i < told->count; i++)
		if (is_called(&told->fields[i].name, name))
			set(value, &told->fields[i].value);
	return NGX_OK;
}

/* A name that nobody has looked at, in a location where somebody is asked:
 * `satisfy any` let it in for something else. */
static int
is_mere_word(ngx_http_request_t *r)
{
	const struct state *state = state_find(r);
	const struct pass *pass = state != NULL ?
	    state_find_pass(state, r) : NULL;

	return pass != NULL && pass->is_guarded &&
	    r->headers_in.user.data == NULL;
}

/* Let in as nobody it is nobody; not asked about, nginx's own answer. */
static ngx_int_t
get_user(ngx_http_request_t *r, ngx_http_variable_value_t *value,
    uintptr_t data)
{
	const struct told *told = last_told(r);
	ngx_int_t rc;

	(void)data;
	value->no_cacheable = 0;
	if (told != NULL && told->status == NGX_HTTP_OK) {
		set(value, told_find(told, "X-Authgear-Remote-User"));
		return NGX_OK;
	}
	if (is_mere_word(r)) {
		set(value, NULL);
		return NGX_OK;
	}
	rc = ngx_http_auth_basic_user(r);
	if (rc == NGX_ERROR)
		return NGX_ERROR;
	set(value, rc == NGX_OK ? &r->headers_in.user : NULL);
	return NGX_OK;
}

ngx_int_t
variables_take_user(ngx_http_core_main_conf_t *core)
{
	const ngx_hash_key_t *keys = core->variables_keys->keys.elts;
	static const ngx_str_t name = ngx_string("remote_user");
	ngx_http_variable_t *variable;
	ngx_uint_t i;

	for (i = 0; i < core->variables_keys->keys.nelts; i++) {
		if (keys[i].key.len != name.len || ngx_strncmp(
		    keys[i].key.data, name.data, name.len) != 0)
			continue;
		variable = keys[i].value;
		variable->get_handler = get_user;
		variable->flags |= NGX_HTTP_VAR_NOCACHEABLE;
		return NGX_OK;
	}
	return NGX_ERROR;
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
