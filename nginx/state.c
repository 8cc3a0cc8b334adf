#include "nginx/state.h"

#include "nginx/headers.h"
#include "nginx/inquiry.h"
#include "web/cookie_pick.h"

/* By this nginx's pool knows it.  The memory is given to others as it is. */
static void
on_pool_end(void *data)
{
	const struct state *state = data;

	if (state->cookies.len > 0)
		explicit_bzero(state->cookies.data, state->cookies.len);
}

/* The client is gone, or answered. */
static void
on_request_end(void *data)
{
	struct state *state = data;
	struct pass *pass;

	for (pass = state->passes; pass != NULL; pass = pass->next)
		inquiry_stop(pass);
}

struct state *
state_find(ngx_http_request_t *r)
{
	ngx_pool_cleanup_t *cleanup;

	for (cleanup = r->pool->cleanup; cleanup != NULL;
	    cleanup = cleanup->next)
		if (cleanup->handler == on_pool_end)
			return cleanup->data;
	return NULL;
}

/* A header that names somebody goes; one that is not empty is remembered. */
static int
goes(void *context, const ngx_table_elt_t *header)
{
	struct state *state = context;

	if (!headers_is_identity(NULL, header))
		return 0;
	if (header->value.len > 0)
		state->is_forged = 1;
	return 1;
}

static ngx_int_t
strip(ngx_http_request_t *r, struct state *state)
{
	ngx_list_part_t *part = &r->headers_in.headers.part;
	ngx_table_elt_t *headers;
	ngx_uint_t i;

	for (; part != NULL; part = part->next) {
		headers = part->elts;
		for (i = 0; i < part->nelts; i++)
			if (headers_is_identity(NULL, &headers[i]))
				return headers_take_out(r, goes, state);
	}
	return NGX_OK;
}

static ngx_int_t
pick(struct state *state, const ngx_str_t *cookie)
{
	const size_t size = COOKIE_PICK_SIZE(cookie->len);
	struct cookie_pick pick;

	if (cookie->len == 0)
		return NGX_OK;
	pick.ours = ngx_pnalloc(state->main->pool, 3 * size);
	if (pick.ours == NULL)
		return NGX_ERROR;
	pick.markers = pick.ours + size;
	pick.rest = pick.markers + size;
	cookie_pick((const char *)cookie->data, &pick);
	state->cookies.data = (u_char *)pick.ours;
	state->cookies.len = pick.ours_len;
	state->markers.data = (u_char *)pick.markers;
	state->markers.len = pick.markers_len;
	state->rest.data = (u_char *)pick.rest;
	state->rest.len = pick.rest_len;
	return NGX_OK;
}

static ngx_int_t
read_client(struct state *state, ngx_http_request_t *main)
{
	ngx_str_t cookie;
	ngx_int_t rc;

	state->main = main;
	state->authorization = main->headers_in.authorization;
	if (strip(main, state) != NGX_OK ||
	    headers_cookie(main, &cookie) != NGX_OK)
		return NGX_ERROR;
	rc = pick(state, &cookie);
	if (cookie.len > 0)
		explicit_bzero(cookie.data, cookie.len);
	return rc;
}

struct state *
state_of(ngx_http_request_t *r)
{
	struct state *state = state_find(r);
	ngx_pool_cleanup_t *at_pool_end;
	ngx_http_cleanup_t *at_request_end;

	if (state != NULL)
		return state;
	state = ngx_pcalloc(r->pool, sizeof(*state));
	if (state == NULL || read_client(state, r->main) != NGX_OK)
		return NULL;
	/* a subrequest has its own list, copied before */
	if (r != r->main && strip(r, state) != NGX_OK)
		return NULL;
	at_pool_end = ngx_pool_cleanup_add(r->pool, 0);
	at_request_end = ngx_http_cleanup_add(r, 0);
	if (at_pool_end == NULL || at_request_end == NULL)
		return NULL;
	at_request_end->handler = on_request_end;
	at_request_end->data = state;
	at_pool_end->handler = on_pool_end;
	at_pool_end->data = state;
	return state;
}

struct pass *
state_find_pass(const struct state *state, const ngx_http_request_t *r)
{
	struct pass *pass;

	for (pass = state->passes; pass != NULL; pass = pass->next)
		if (pass->r == r)
			return pass;
	return NULL;
}

struct pass *
state_pass(struct state *state, ngx_http_request_t *r)
{
	struct pass *pass = state_find_pass(state, r);

	if (pass != NULL)
		return pass;
	pass = ngx_pcalloc(r->pool, sizeof(*pass));
	if (pass == NULL)
		return NULL;
	pass->r = r;
	pass->state = state;
	pass->next = state->passes;
	state->passes = pass;
	return pass;
}
