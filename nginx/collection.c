#include "nginx/collection.h"

#include "nginx/conf.h"
#include "nginx/guarded.h"
#include "nginx/refusal.h"
#include "nginx/state.h"

#define WHOLE (NGX_HTTP_COPY | NGX_HTTP_MOVE | NGX_HTTP_DELETE)

/* One "Depth: 0" and no other. */
static int
is_flat(const ngx_http_request_t *r)
{
	static const char name[] = "depth";
	const ngx_list_part_t *part = &r->headers_in.headers.part;
	const ngx_table_elt_t *headers;
	ngx_uint_t i, zeros = 0;

	for (; part != NULL; part = part->next) {
		headers = part->elts;
		for (i = 0; i < part->nelts; i++) {
			if (headers[i].key.len != sizeof(name) - 1 ||
			    ngx_memcmp(headers[i].lowcase_key, name,
			    sizeof(name) - 1) != 0)
				continue;
			if (headers[i].value.len != 1 ||
			    headers[i].value.data[0] != '0')
				return 0;
			zeros++;
		}
	}
	return zeros == 1;
}

/* MOVE and DELETE are of all there is, whatever Depth says (RFC 4918 sections
 * 9.6.1 and 9.9.2). */
static int
is_one_file(const ngx_http_request_t *r, const ngx_str_t *path)
{
	return r->method == NGX_HTTP_COPY && path->len > 0 &&
	    path->data[path->len - 1] != '/' && is_flat(r);
}

ngx_int_t
collection_check(struct pass *pass, const struct conf_server *server)
{
	ngx_http_request_t *r = pass->r;
	ngx_int_t rc;

	if ((r->method & WHOLE) == 0 || is_one_file(r, &pass->path))
		return NGX_OK;
	rc = guarded_is_all(server->paths, r->pool, &pass->path);
	return rc == NGX_DECLINED ? refusal_forbidden(r, pass->state) : rc;
}
