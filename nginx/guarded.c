#include "nginx/guarded.h"

ngx_int_t
guarded_plain(ngx_pool_t *pool, const ngx_str_t *prefix, ngx_str_t *out)
{
	out->data = ngx_pnalloc(pool, prefix->len);
	if (out->data == NULL)
		return NGX_ERROR;
	out->len = plain_path_read(prefix->data, prefix->len,
	    PLAIN_PATH_AS_IT_IS, out->data);
	while (out->len > 1 && out->data[out->len - 1] == '/')
		out->len--;
	return NGX_OK;
}

typedef int is_below(const unsigned char *path, size_t len,
    const unsigned char *prefix, size_t prefix_len);

/* Of the longest prefix; NULL: none. */
static const ngx_str_t *
longest(const ngx_array_t *prefixes, const ngx_str_t *path, is_below *test)
{
	const struct guarded_prefix *each = prefixes->elts, *found = NULL;
	ngx_uint_t i;

	for (i = 0; i < prefixes->nelts; i++)
		if (test(path->data, path->len, each[i].prefix.data,
		    each[i].prefix.len) && (found == NULL ||
		    each[i].prefix.len > found->prefix.len))
			found = &each[i];
	return found != NULL ? &found->policy : NULL;
}

/* nginx has resolved dots and slashes: what is left to be read otherwise. */
static int
has_readings(const ngx_str_t *path)
{
	return ngx_strlchr(path->data, path->data + path->len, ';') != NULL ||
	    ngx_strlchr(path->data, path->data + path->len, '\\') != NULL;
}

static int
is_among(const ngx_str_t *policy, const ngx_str_t *const *policies)
{
	for (; *policies != NULL; policies++)
		if ((*policies)->len == policy->len && ngx_memcmp(
		    (*policies)->data, policy->data, policy->len) == 0)
			return 1;
	return 0;
}

/* The readings of a path: the path itself, and the others in a buffer. */
struct readings {
	const ngx_str_t *path;
	ngx_str_t other;
	int count;
};

static ngx_int_t
begin(struct readings *readings, ngx_pool_t *pool, const ngx_str_t *path)
{
	readings->path = path;
	readings->count = has_readings(path) ? PLAIN_PATH_READINGS : 1;
	readings->other.data = NULL;
	if (readings->count > 1)
		readings->other.data = ngx_pnalloc(pool, path->len);
	return readings->count > 1 && readings->other.data == NULL ?
	    NGX_ERROR : NGX_OK;
}

static const ngx_str_t *
read_as(struct readings *readings, int which)
{
	if (which == 0)
		return readings->path;
	readings->other.len = plain_path_read(readings->path->data,
	    readings->path->len, (enum plain_path_reading)which,
	    readings->other.data);
	return &readings->other;
}

ngx_int_t
guarded_policies(const ngx_array_t *prefixes, ngx_pool_t *pool,
    const ngx_str_t *path, const ngx_str_t *policies_out[GUARDED_MAX + 1])
{
	static is_below *const tests[] = { plain_path_is_below,
	    plain_path_is_right_below };
	const ngx_str_t *policy;
	struct readings readings;
	int i, count = 0;

	policies_out[0] = NULL;
	if (prefixes == NULL)
		return NGX_OK;
	if (begin(&readings, pool, path) != NGX_OK)
		return NGX_ERROR;
	for (i = 0; i < 2 * readings.count; i++) {
		policy = longest(prefixes, read_as(&readings, i / 2),
		    tests[i % 2]);
		if (policy == NULL || is_among(policy, policies_out))
			continue;
		policies_out[count++] = policy;
		policies_out[count] = NULL;
	}
	return NGX_OK;
}

ngx_int_t
guarded_is_all(const ngx_array_t *prefixes, ngx_pool_t *pool,
    const ngx_str_t *path)
{
	const ngx_str_t *policies[GUARDED_MAX + 1], *read;
	const struct guarded_prefix *each;
	struct readings readings;
	ngx_uint_t j;
	int i;

	if (prefixes == NULL)
		return NGX_OK;
	if (guarded_policies(prefixes, pool, path, policies) != NGX_OK ||
	    begin(&readings, pool, path) != NGX_OK)
		return NGX_ERROR;
	each = prefixes->elts;
	for (i = 0; i < readings.count; i++) {
		read = read_as(&readings, i);
		for (j = 0; j < prefixes->nelts; j++)
			if (plain_path_is_inside(each[j].prefix.data,
			    each[j].prefix.len, read->data, read->len) &&
			    !is_among(&each[j].policy, policies))
				return NGX_DECLINED;
	}
	return NGX_OK;
}
