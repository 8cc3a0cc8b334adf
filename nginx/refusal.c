#include "nginx/refusal.h"

#include "nginx/state.h"
#include "nginx/told.h"

/* What goes on to the client of an answer's head. */
static int
is_for_client(const ngx_str_t *name)
{
	static const char *const not[] = { "X-Authgear-Login",
	    "X-Authgear-Login-Failed", "Content-Type" };
	ngx_uint_t i;

	for (i = 0; i < sizeof(not) / sizeof(not[0]); i++)
		if (ngx_strcasecmp(name->data, (u_char *)(uintptr_t)not[i]) ==
		    0)
			return 0;
	return 1;
}

static ngx_int_t
add(ngx_http_request_t *r, const ngx_str_t *name, const ngx_str_t *value)
{
	ngx_table_elt_t *header = ngx_list_push(&r->headers_out.headers);

	if (header == NULL)
		return NGX_ERROR;
	ngx_memzero(header, sizeof(*header));
	header->hash = 1;
	header->key = *name;
	header->value = *value;
	return NGX_OK;
}

static ngx_int_t
add_fields(ngx_http_request_t *r, const struct told *told)
{
	ngx_uint_t i;

	for (i = 0; i < told->count; i++)
		if (is_for_client(&told->fields[i].name) && add(r,
		    &told->fields[i].name, &told->fields[i].value) != NGX_OK)
			return NGX_ERROR;
	return NGX_OK;
}

static void
set_type(ngx_http_request_t *r, const ngx_str_t *type)
{
	static u_char plain[] = "text/plain";

	r->headers_out.content_type.data = plain;
	r->headers_out.content_type.len = sizeof(plain) - 1;
	if (type != NULL)
		r->headers_out.content_type = *type;
	r->headers_out.content_type_len = r->headers_out.content_type.len;
	r->headers_out.content_type_lowcase = NULL;
}

/* What an earlier pass wanted to answer goes, but for the challenge of an
 * auth_basic that would do as well (satisfy any). */
static ngx_int_t
begin(ngx_http_request_t *r, struct state *state, ngx_uint_t status)
{
	static const ngx_str_t name = ngx_string("WWW-Authenticate");
	ngx_str_t challenge = ngx_null_string;

	if (r->access_code == NGX_HTTP_UNAUTHORIZED &&
	    r->headers_out.www_authenticate != NULL)
		challenge = r->headers_out.www_authenticate->value;
	ngx_http_clean_header(r);
	state->is_refused = 1;
	r->err_status = 0;
	r->headers_out.status = status;
	r->allow_ranges = 0;
	if (challenge.len == 0 || status != NGX_HTTP_UNAUTHORIZED)
		return NGX_OK;
	return add(r, &name, &challenge);
}

static ngx_int_t
end(ngx_http_request_t *r, const ngx_str_t *body)
{
	ngx_chain_t out;
	ngx_buf_t *buf;
	ngx_int_t rc;

	r->headers_out.content_length_n = (off_t)body->len;
	rc = ngx_http_discard_request_body(r);
	if (rc == NGX_OK)
		rc = ngx_http_send_header(r);
	if (rc == NGX_OK && !r->header_only && body->len > 0) {
		buf = ngx_calloc_buf(r->pool);
		if (buf == NULL)
			return NGX_HTTP_INTERNAL_SERVER_ERROR;
		buf->pos = body->data;
		buf->last = body->data + body->len;
		buf->memory = 1;
		buf->last_buf = 1;
		out.buf = buf;
		out.next = NULL;
		rc = ngx_http_output_filter(r, &out);
	} else if (rc == NGX_OK && !r->header_only)
		rc = ngx_http_send_special(r, NGX_HTTP_LAST);
	ngx_http_finalize_request(r, rc);
	return NGX_DONE;
}

/* nginx puts this status where a subrequest's content would be; and nothing
 * can be said once the head is out. */
static int
is_for_nginx(const ngx_http_request_t *r)
{
	return r != r->main || r->header_sent || r->post_action;
}

static ngx_int_t
send_json(ngx_http_request_t *r, struct state *state, ngx_uint_t status,
    const ngx_str_t *body)
{
	static const ngx_str_t json = ngx_string("application/json");
	static const ngx_str_t cache = ngx_string("Cache-Control");
	static const ngx_str_t no_store = ngx_string("no-store");
	static const ngx_str_t retry = ngx_string("Retry-After");
	static const ngx_str_t soon = ngx_string("1");

	if (is_for_nginx(r))
		return (ngx_int_t)status;
	if (begin(r, state, status) != NGX_OK ||
	    add(r, &cache, &no_store) != NGX_OK ||
	    (status == NGX_HTTP_SERVICE_UNAVAILABLE &&
	    add(r, &retry, &soon) != NGX_OK))
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	set_type(r, &json);
	return end(r, body);
}

ngx_int_t
refusal_unavailable(ngx_http_request_t *r, struct state *state)
{
	static const ngx_str_t body =
	    ngx_string("{\"error\":\"unavailable\"}\n");

	return send_json(r, state, NGX_HTTP_SERVICE_UNAVAILABLE, &body);
}

ngx_int_t
refusal_forbidden(ngx_http_request_t *r, struct state *state)
{
	static const ngx_str_t body =
	    ngx_string("{\"error\":\"forbidden\"}\n");

	return send_json(r, state, NGX_HTTP_FORBIDDEN, &body);
}

static ngx_int_t
send_told(ngx_http_request_t *r, struct state *state, const struct told *told,
    ngx_uint_t status)
{
	if (begin(r, state, status) != NGX_OK || add_fields(r, told) != NGX_OK)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	set_type(r, told_find(told, "Content-Type"));
	return end(r, &told->body);
}

/* The refusal of a page that goes to the login. */
static ngx_int_t
send_to_login(ngx_http_request_t *r, struct state *state,
    const struct told *told, const ngx_str_t *url)
{
	static const ngx_str_t location = ngx_string("Location");
	static const ngx_str_t nothing = ngx_null_string;

	if (begin(r, state, NGX_HTTP_MOVED_TEMPORARILY) != NGX_OK ||
	    add_fields(r, told) != NGX_OK || add(r, &location, url) != NGX_OK)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	set_type(r, NULL);
	return end(r, &nothing);
}

/* A login that was of no use, in the daemon's own words. */
static ngx_int_t
send_explained(ngx_http_request_t *r, struct state *state,
    const struct told *told, const ngx_str_t *sentence)
{
	if (begin(r, state, told->status) != NGX_OK ||
	    add_fields(r, told) != NGX_OK)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	set_type(r, NULL);
	return end(r, sentence);
}

ngx_int_t
refusal_send(ngx_http_request_t *r, struct state *state,
    const struct told *told)
{
	const ngx_str_t *url = told_find(told, "X-Authgear-Login");
	const ngx_str_t *sentence = told_find(told,
	    "X-Authgear-Login-Failed");

	if (is_for_nginx(r))
		return (ngx_int_t)told->status;
	if (url != NULL && url->len > 0)
		return send_to_login(r, state, told, url);
	if (sentence != NULL && sentence->len > 0)
		return send_explained(r, state, told, sentence);
	return send_told(r, state, told, told->status);
}

ngx_int_t
refusal_login(ngx_http_request_t *r, struct state *state,
    const struct told *told)
{
	return send_told(r, state, told, told->status);
}
