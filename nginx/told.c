#include "nginx/told.h"

#include <strings.h>

static ngx_int_t
copy(ngx_pool_t *pool, const char *text, size_t len, ngx_str_t *out)
{
	u_char *bytes = ngx_pnalloc(pool, len + 1);

	if (bytes == NULL)
		return NGX_ERROR;
	ngx_memcpy(bytes, text, len);
	bytes[len] = '\0';
	out->data = bytes;
	out->len = len;
	return NGX_OK;
}

struct told *
told_new(ngx_pool_t *pool, const struct answer *answer)
{
	struct told *told = ngx_pcalloc(pool, sizeof(*told));
	const struct answer_field *field;
	size_t i;

	if (told == NULL)
		return NULL;
	told->status = (ngx_uint_t)answer->status;
	told->fields = ngx_palloc(pool,
	    (answer->count + 1) * sizeof(told->fields[0]));
	if (told->fields == NULL || copy(pool, answer->body,
	    answer->body_len, &told->body) != NGX_OK)
		return NULL;
	for (i = 0; i < answer->count; i++) {
		field = &answer->fields[i];
		if (strcasecmp(field->name, "X-Authgear-Keep") == 0)
			continue;
		if (copy(pool, field->name, ngx_strlen(field->name),
		    &told->fields[told->count].name) != NGX_OK ||
		    copy(pool, field->value, ngx_strlen(field->value),
		    &told->fields[told->count].value) != NGX_OK)
			return NULL;
		told->count++;
	}
	return told;
}

static u_char *
next(u_char *at, ngx_str_t *out)
{
	out->data = at;
	out->len = ngx_strlen(at);
	return at + out->len + 1;
}

struct told *
told_kept(ngx_pool_t *pool, const char *text, size_t len)
{
	struct told *told = ngx_pcalloc(pool, sizeof(*told));
	ngx_uint_t count = 0;
	ngx_str_t all;
	u_char *at;

	if (told == NULL || copy(pool, text, len, &all) != NGX_OK)
		return NULL;
	/* by strings: a grant has hundreds of bytes */
	for (at = all.data; at < all.data + len; at += ngx_strlen(at) + 1)
		count++;
	told->status = 200;
	told->fields = ngx_palloc(pool, (count + 2) / 2 *
	    sizeof(told->fields[0]));
	if (told->fields == NULL)
		return NULL;
	for (at = all.data; at < all.data + len; told->count++) {
		at = next(at, &told->fields[told->count].name);
		at = next(at, &told->fields[told->count].value);
	}
	return told;
}

const ngx_str_t *
told_find(const struct told *told, const char *name)
{
	const size_t len = ngx_strlen(name);
	ngx_uint_t i;

	for (i = 0; i < told->count; i++)
		if (told->fields[i].name.len == len &&
		    ngx_memcmp(told->fields[i].name.data, name, len) == 0)
			return &told->fields[i].value;
	return NULL;
}
