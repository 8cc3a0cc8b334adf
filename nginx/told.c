#include "nginx/told.h"

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
		if (copy(pool, field->name, ngx_strlen(field->name),
		    &told->fields[i].name) != NGX_OK ||
		    copy(pool, field->value, ngx_strlen(field->value),
		    &told->fields[i].value) != NGX_OK)
			return NULL;
	}
	told->count = answer->count;
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
