#include "nginx/telling.h"

#include "nginx/conf.h"
#include "nginx/headers.h"
#include "nginx/state.h"
#include "nginx/told.h"

#define IDENTITY "X-Authgear-"

static int
is_credential(void *context, const ngx_table_elt_t *header)
{
	const struct state *state = context;

	return headers_is_identity(NULL, header) ||
	    headers_is_authorization(NULL, header) ||
	    (state->cookies.len > 0 && headers_is_cookie(NULL, header));
}

/* nginx's own variable, which Debian's lists hand on; it may have been asked
 * for before. */
static void
set_remote_user(ngx_http_request_t *r, const ngx_str_t *name,
    const struct conf_main *main)
{
	static u_char nobody[] = "";

	r->headers_in.user.data = nobody;
	r->headers_in.user.len = 0;
	if (name != NULL)
		r->headers_in.user = *name;
	ngx_str_null(&r->headers_in.passwd);
	r->variables[main->remote_user].valid = 0;
	r->variables[main->remote_user].not_found = 0;
}

ngx_int_t
telling_identity(ngx_http_request_t *r, const struct state *state,
    const struct told *told, const struct conf_main *main)
{
	static const ngx_str_t remote_user = ngx_string("Remote-User");
	const ngx_str_t *name = told_find(told, IDENTITY "Remote-User");
	struct state context = *state;
	ngx_uint_t i;

	if (headers_take_out(r, is_credential, &context) != NGX_OK)
		return NGX_ERROR;
	headers_forget_authorization(r);
	if (state->cookies.len > 0 &&
	    headers_set_cookie(r, &state->rest) != NGX_OK)
		return NGX_ERROR;
	for (i = 0; i < told->count; i++)
		if (ngx_strncmp(told->fields[i].name.data, IDENTITY,
		    sizeof(IDENTITY) - 1) == 0 && headers_put(r,
		    &told->fields[i].name, &told->fields[i].value) != NGX_OK)
			return NGX_ERROR;
	if (name != NULL && headers_put(r, &remote_user, name) != NGX_OK)
		return NGX_ERROR;
	set_remote_user(r, name, main);
	return NGX_OK;
}

ngx_int_t
telling_nobody(ngx_http_request_t *r, const struct state *state)
{
	if (state->cookies.len == 0)
		return NGX_OK;
	if (headers_take_out(r, headers_is_cookie, NULL) != NGX_OK)
		return NGX_ERROR;
	return headers_set_cookie(r, &state->rest);
}
