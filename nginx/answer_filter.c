#include "nginx/answer_filter.h"

#include "nginx/state.h"

static int
is_named(const ngx_table_elt_t *header, const char *name)
{
	const size_t len = ngx_strlen(name);
	size_t i;

	if (header->key.len != len)
		return 0;
	for (i = 0; i < len; i++)
		if (ngx_tolower(header->key.data[i]) != (u_char)name[i])
			return 0;
	return 1;
}

/* Says how long it may be kept; a hash of 0 is a header taken back. */
static int
is_about_keeping(const ngx_table_elt_t *header)
{
	return header->hash != 0 && (is_named(header, "cache-control") ||
	    is_named(header, "expires"));
}

/* How many there are; with `takes` they are taken back. */
static ngx_uint_t
count(ngx_http_request_t *r, int takes)
{
	ngx_list_part_t *part = &r->headers_out.headers.part;
	ngx_table_elt_t *headers;
	ngx_uint_t i, found = 0;

	for (; part != NULL; part = part->next) {
		headers = part->elts;
		for (i = 0; i < part->nelts; i++) {
			if (!is_about_keeping(&headers[i]))
				continue;
			found++;
			if (takes)
				headers[i].hash = 0;
		}
	}
	return found;
}

static ngx_int_t
say(ngx_http_request_t *r, const ngx_str_t *value)
{
	static const ngx_str_t name = ngx_string("Cache-Control");
	ngx_table_elt_t *header = ngx_list_push(&r->headers_out.headers);

	if (header == NULL)
		return NGX_ERROR;
	ngx_memzero(header, sizeof(*header));
	header->hash = 1;
	header->key = name;
	header->value = *value;
	return NGX_OK;
}

ngx_int_t
answer_filter_head(ngx_http_request_t *r, const struct state *state)
{
	static const ngx_str_t never = ngx_string("no-store");
	static const ngx_str_t ask_again = ngx_string("private, no-cache");

	if (state->is_refused) {
		(void)count(r, 1);
		return say(r, &never);
	}
	if (state->is_let_in && count(r, 0) == 0)
		return say(r, &ask_again);
	return NGX_OK;
}
