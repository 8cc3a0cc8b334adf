#include "nginx/question.h"

#include "face/record.h"
#include "web/client_identity.h"

#define ID 1
#define FLAGS_AT 10	/* in BEGIN */
#define KEEP_CONN 1

struct draft {
	unsigned char params[RECORD_PARAMS_MAX];
	size_t len;
	int is_too_large;
};

static void
put(struct draft *draft, const char *name, const ngx_str_t *value)
{
	if (value->len > 0 && record_put_value(draft->params, &draft->len,
	    name, value->data, value->len) == -1)
		draft->is_too_large = 1;
}

/* Headers that are told as they are, where they are not empty. */
static const struct told_header {
	ngx_str_t lower;
	const char *param;
} told_headers[] = {
	{ ngx_string("accept"), "HTTP_ACCEPT" },
	{ ngx_string("sec-fetch-mode"), "HTTP_SEC_FETCH_MODE" },
	{ ngx_string("origin"), "HTTP_ORIGIN" },
	{ ngx_string("access-control-request-method"),
	    "HTTP_ACCESS_CONTROL_REQUEST_METHOD" },
};

#define TOLD (sizeof(told_headers) / sizeof(told_headers[0]))

static ngx_uint_t
which(const ngx_table_elt_t *header)
{
	ngx_uint_t i;

	for (i = 0; i < TOLD; i++)
		if (header->key.len == told_headers[i].lower.len &&
		    ngx_memcmp(header->lowcase_key,
		    told_headers[i].lower.data, header->key.len) == 0)
			break;
	return i;
}

/* Of several of one name the first counts. */
static void
put_headers(struct draft *draft, ngx_http_request_t *main)
{
	ngx_list_part_t *part = &main->headers_in.headers.part;
	ngx_table_elt_t *headers;
	ngx_uint_t i, found, seen = 0;

	for (; part != NULL; part = part->next) {
		headers = part->elts;
		for (i = 0; i < part->nelts; i++) {
			found = which(&headers[i]);
			if (found == TOLD || (seen & (1U << found)) != 0)
				continue;
			seen |= 1U << found;
			put(draft, told_headers[found].param,
			    &headers[i].value);
		}
	}
}

/* One Cookie header of both. */
static void
put_cookies(struct draft *draft, ngx_pool_t *pool,
    const struct question *question)
{
	ngx_str_t cookie;

	if (question->cookies.len == 0 || question->markers.len == 0) {
		put(draft, "HTTP_COOKIE", question->cookies.len > 0 ?
		    &question->cookies : &question->markers);
		return;
	}
	cookie.len = question->cookies.len + 2 + question->markers.len;
	cookie.data = ngx_pnalloc(pool, cookie.len);
	if (cookie.data == NULL) {
		draft->is_too_large = 1;
		return;
	}
	(void)ngx_sprintf(cookie.data, "%V; %V", &question->cookies,
	    &question->markers);
	put(draft, "HTTP_COOKIE", &cookie);
	explicit_bzero(cookie.data, cookie.len);
}

static ngx_int_t
finish(struct draft *draft, ngx_pool_t *pool, ngx_str_t *out)
{
	struct record_request request = { .role = RECORD_RESPONDER,
	    .id = ID, .params_len = draft->len };
	ngx_int_t rc = NGX_DECLINED;

	if (!draft->is_too_large) {
		out->data = ngx_pnalloc(pool, draft->len + 64);
		rc = out->data == NULL ? NGX_ERROR : NGX_OK;
	}
	if (rc == NGX_OK) {
		out->len = record_compose(&request, draft->params, out->data);
		out->data[FLAGS_AT] = KEEP_CONN;
		out->len += record_blank(ID, 0, out->data + out->len);
	}
	explicit_bzero(draft->params, draft->len);
	return rc;
}

ngx_int_t
question_compose(ngx_http_request_t *main, const struct question *question,
    ngx_str_t *out)
{
	static const ngx_str_t mark = ngx_string("1");
	struct draft draft;

	draft.len = 0;
	draft.is_too_large = 0;
	put(&draft, "AUTHGEAR_POLICY", question->policy);
	put(&draft, "REQUEST_METHOD", question->method);
	put(&draft, "REQUEST_URI", &main->unparsed_uri);
	put(&draft, "REMOTE_ADDR", &main->connection->addr_text);
	put(&draft, "HTTP_HOST", main->headers_in.host != NULL ?
	    &main->headers_in.host->value : &main->headers_in.server);
	put(&draft, "HTTP_AUTHORIZATION", &question->authorization);
	put_cookies(&draft, main->pool, question);
	put_headers(&draft, main);
	if (question->is_forged)
		put(&draft, CLIENT_IDENTITY_MARK, &mark);
	return finish(&draft, main->pool, out);
}

ngx_int_t
question_of_login(ngx_http_request_t *main, ngx_str_t *out)
{
	struct draft draft;

	draft.len = 0;
	draft.is_too_large = 0;
	put(&draft, "REQUEST_METHOD", &main->method_name);
	put(&draft, "QUERY_STRING", &main->args);
	return finish(&draft, main->pool, out);
}
