#include "nginx/headers.h"

#include "web/client_identity.h"

static int
is_named(const ngx_table_elt_t *header, const char *lower, size_t len)
{
	return header->key.len == len &&
	    ngx_memcmp(header->lowcase_key, lower, len) == 0;
}

int
headers_is_identity(void *context, const ngx_table_elt_t *header)
{
	(void)context;
	return client_identity_is_header((const char *)header->key.data,
	    header->key.len) || (is_named(header, "connection",
	    sizeof("connection") - 1) && client_identity_is_listed(
	    (const char *)header->value.data, header->value.len));
}

int
headers_is_cookie(void *context, const ngx_table_elt_t *header)
{
	(void)context;
	return is_named(header, "cookie", sizeof("cookie") - 1);
}

int
headers_is_authorization(void *context, const ngx_table_elt_t *header)
{
	(void)context;
	return is_named(header, "authorization", sizeof("authorization") - 1);
}

ngx_int_t
headers_take_out(ngx_http_request_t *r, headers_test *goes, void *context)
{
	ngx_list_part_t *part = &r->headers_in.headers.part;
	ngx_table_elt_t *headers, *kept;
	ngx_list_t list;
	ngx_uint_t i;

	if (ngx_list_init(&list, r->pool, 20, sizeof(*kept)) != NGX_OK)
		return NGX_ERROR;
	for (; part != NULL; part = part->next) {
		headers = part->elts;
		for (i = 0; i < part->nelts; i++) {
			if (goes(context, &headers[i]))
				continue;
			kept = ngx_list_push(&list);
			if (kept == NULL)
				return NGX_ERROR;
			*kept = headers[i];
		}
	}
	r->headers_in.headers = list;
	/* it points at the part of the list that was copied */
	if (list.last == &list.part)
		r->headers_in.headers.last = &r->headers_in.headers.part;
	return NGX_OK;
}

static ngx_table_elt_t *
push(ngx_http_request_t *r, const ngx_str_t *name, const ngx_str_t *value)
{
	ngx_table_elt_t *header = ngx_list_push(&r->headers_in.headers);
	u_char *lower = ngx_pnalloc(r->pool, name->len);

	if (header == NULL || lower == NULL)
		return NULL;
	ngx_memzero(header, sizeof(*header));
	header->key = *name;
	header->value = *value;
	header->hash = ngx_hash_strlow(lower, name->data, name->len);
	header->lowcase_key = lower;
	return header;
}

ngx_int_t
headers_put(ngx_http_request_t *r, const ngx_str_t *name,
    const ngx_str_t *value)
{
	return push(r, name, value) != NULL ? NGX_OK : NGX_ERROR;
}

ngx_int_t
headers_cookie(ngx_http_request_t *r, ngx_str_t *out)
{
	ngx_list_part_t *part;
	ngx_table_elt_t *headers;
	u_char *at;
	size_t size = 0;
	ngx_uint_t i;

	ngx_str_null(out);
	for (part = &r->headers_in.headers.part; part != NULL;
	    part = part->next) {
		headers = part->elts;
		for (i = 0; i < part->nelts; i++)
			if (headers_is_cookie(NULL, &headers[i]))
				size += headers[i].value.len + 2;
	}
	if (size == 0)
		return NGX_OK;
	out->data = at = ngx_pnalloc(r->pool, size + 1);
	if (at == NULL)
		return NGX_ERROR;
	for (part = &r->headers_in.headers.part; part != NULL;
	    part = part->next) {
		headers = part->elts;
		for (i = 0; i < part->nelts; i++)
			if (headers_is_cookie(NULL, &headers[i]))
				at = ngx_sprintf(at, "%s%V", at == out->data ?
				    "" : "; ", &headers[i].value);
	}
	*at = '\0';
	out->len = (size_t)(at - out->data);
	return NGX_OK;
}

ngx_int_t
headers_set_cookie(ngx_http_request_t *r, const ngx_str_t *value)
{
	static const ngx_str_t name = ngx_string("Cookie");
	ngx_table_elt_t *header = NULL;

	if (value->len > 0) {
		header = push(r, &name, value);
		if (header == NULL)
			return NGX_ERROR;
	}
#if (nginx_version >= 1023000)
	r->headers_in.cookie = header;
#else
	ngx_table_elt_t **cookie;

	if (ngx_array_init(&r->headers_in.cookies, r->pool, 1,
	    sizeof(header)) != NGX_OK)
		return NGX_ERROR;
	if (header != NULL) {
		cookie = ngx_array_push(&r->headers_in.cookies);
		if (cookie == NULL)
			return NGX_ERROR;
		*cookie = header;
	}
#endif
	return NGX_OK;
}
