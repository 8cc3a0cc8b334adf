#include "nginx/destination.h"

#include "nginx/conf.h"
#include "nginx/guarded.h"
#include "nginx/plain_path.h"
#include "nginx/refusal.h"
#include "nginx/state.h"

/* The one header; NULL if there is none, and *count_out of them. */
static const ngx_table_elt_t *
find(ngx_http_request_t *r, ngx_uint_t *count_out)
{
	static const char name[] = "destination";
	ngx_list_part_t *part = &r->headers_in.headers.part;
	const ngx_table_elt_t *headers, *found = NULL;
	ngx_uint_t i;

	*count_out = 0;
	for (; part != NULL; part = part->next) {
		headers = part->elts;
		for (i = 0; i < part->nelts; i++) {
			if (headers[i].key.len != sizeof(name) - 1 ||
			    ngx_memcmp(headers[i].lowcase_key, name,
			    sizeof(name) - 1) != 0)
				continue;
			found = &headers[i];
			(*count_out)++;
		}
	}
	return found;
}

static ngx_int_t
on_end(ngx_http_request_t *r, void *data, ngx_int_t rc)
{
	struct state *state = data;

	(void)r;
	state->destination = STATE_DESTINATION_KNOWN;
	return rc;
}

/* As auth_request makes its own: without a body, and nothing is sent. */
static ngx_int_t
probe(ngx_http_request_t *r, struct state *state, ngx_str_t *path)
{
	ngx_http_post_subrequest_t *post = ngx_palloc(r->pool, sizeof(*post));
	ngx_http_request_t *sub;

	if (post == NULL)
		return NGX_ERROR;
	post->handler = on_end;
	post->data = state;
	if (ngx_http_subrequest(r, path, NULL, &sub, post,
	    NGX_HTTP_SUBREQUEST_WAITED) != NGX_OK)
		return NGX_ERROR;
	sub->request_body = ngx_pcalloc(r->pool, sizeof(*sub->request_body));
	if (sub->request_body == NULL)
		return NGX_ERROR;
	sub->header_only = 1;
	state->probe = state_pass(state, sub);
	if (state->probe == NULL)
		return NGX_ERROR;
	state->destination = STATE_DESTINATION_ASKED;
	state->destination_path = *path;
	return NGX_AGAIN;
}

static ngx_int_t
begin(ngx_http_request_t *r, struct state *state,
    const struct conf_server *server)
{
	const ngx_table_elt_t *header;
	ngx_uint_t count;
	ngx_str_t path;
	ngx_int_t rc;

	header = find(r, &count);
	if (count == 0)
		return NGX_OK;
	path.data = ngx_pnalloc(r->pool, header->value.len + 1);
	if (path.data == NULL)
		return NGX_ERROR;
	path.len = plain_path_destination(header->value.data,
	    header->value.len, path.data);
	if (count > 1 || path.len == 0)
		return refusal_forbidden(r, state);
	rc = guarded_is_all(server->paths, r->pool, &path);
	if (rc != NGX_OK)
		return rc == NGX_DECLINED ? refusal_forbidden(r, state) : rc;
	return probe(r, state, &path);
}

ngx_int_t
destination_check(ngx_http_request_t *r, struct state *state,
    const struct conf_server *server)
{
	const struct pass *asked = state->probe;

	if ((r->method & (NGX_HTTP_COPY | NGX_HTTP_MOVE)) == 0)
		return NGX_OK;
	switch (state->destination) {
	case STATE_DESTINATION_KNOWN:
		if (state->is_destination_in)
			return NGX_OK;
		if (!state->is_destination_judged)
			return refusal_forbidden(r, state);
		return asked->told != NULL ?
		    refusal_send(r, state, asked->told) :
		    refusal_unavailable(r, state);
	case STATE_DESTINATION_ASKED:
		return NGX_AGAIN;
	case STATE_DESTINATION_UNKNOWN:
	default:
		return begin(r, state, server);
	}
}

int
destination_is_probe(const struct pass *pass)
{
	return pass == pass->state->probe;
}

ngx_int_t
destination_end(struct pass *pass, int is_in)
{
	struct state *state = pass->state;
	const ngx_str_t *path = &state->destination_path;

	/* its error page has a policy of its own, and what it was rewritten
	 * to: neither is what will be written */
	if (state->destination == STATE_DESTINATION_ASKED &&
	    pass->r->uri.len == path->len &&
	    ngx_memcmp(pass->r->uri.data, path->data, path->len) == 0) {
		state->is_destination_judged = 1;
		state->is_destination_in = is_in != 0;
	}
	ngx_http_finalize_request(pass->r, NGX_OK);
	return NGX_DONE;
}
