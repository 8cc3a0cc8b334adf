#include "nginx/plain_path.h"

#include <string.h>

static unsigned char
lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : c;
}

static int
is_of_a_name(unsigned char c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') ||
	    (c >= '0' && c <= '9') || c == '_' || c > 0x7f;
}

/* Where the run of slashes that begins there has its last one. */
static size_t
last_slash(const unsigned char *text, size_t len, size_t at)
{
	while (at + 1 < len && text[at] == '/' && text[at + 1] == '/')
		at++;
	return at;
}

static unsigned char
same(unsigned char c)
{
	return c;
}

/* Bytes of the path that are the prefix; 0 if it does not begin with it. */
static size_t
match_by(unsigned char (*fold)(unsigned char), const unsigned char *path,
    size_t len, const unsigned char *prefix, size_t prefix_len)
{
	size_t i = 0, j = 0;

	while (j < prefix_len) {
		if (i >= len)
			return 0;
		i = last_slash(path, len, i);
		j = last_slash(prefix, prefix_len, j);
		if (fold(path[i++]) != fold(prefix[j++]))
			return 0;
	}
	return i;
}

static size_t
match(const unsigned char *path, size_t len, const unsigned char *prefix,
    size_t prefix_len)
{
	return match_by(lower, path, len, prefix, prefix_len);
}

/* "/admin/" is "/admin": the folder itself is no door beside it. */
static size_t
without_slashes(const unsigned char *prefix, size_t len)
{
	while (len > 0 && prefix[len - 1] == '/')
		len--;
	return len;
}

int
plain_path_is_below(const unsigned char *path, size_t len,
    const unsigned char *prefix, size_t prefix_len)
{
	size_t at;

	prefix_len = without_slashes(prefix, prefix_len);
	if (prefix_len == 0)
		return 1;
	at = match(path, len, prefix, prefix_len);
	return at > 0 && (at == len || !is_of_a_name(path[at]) ||
	    !is_of_a_name(prefix[prefix_len - 1]));
}

int
plain_path_is_right_below(const unsigned char *path, size_t len,
    const unsigned char *prefix, size_t prefix_len)
{
	size_t at;

	prefix_len = without_slashes(prefix, prefix_len);
	if (prefix_len == 0)
		return 1;
	at = match_by(same, path, len, prefix, prefix_len);
	return at > 0 && (at == len || path[at] == '/');
}

int
plain_path_is_same(const unsigned char *prefix, size_t len,
    const unsigned char *other, size_t other_len)
{
	len = without_slashes(prefix, len);
	other_len = without_slashes(other, other_len);
	return (len == 0 && other_len == 0) ||
	    (match(prefix, len, other, other_len) == len &&
	    match(other, other_len, prefix, len) == other_len);
}

int
plain_path_is_inside(const unsigned char *prefix, size_t prefix_len,
    const unsigned char *path, size_t len)
{
	size_t at;

	prefix_len = without_slashes(prefix, prefix_len);
	len = without_slashes(path, len);
	if (len == 0)
		return prefix_len > 0;
	at = match(prefix, prefix_len, path, len);
	return at > 0 && at < prefix_len && prefix[at] == '/';
}

/* A segment of out[from] to out[end] is at its end: where the next one, or its
 * slash, comes. */
static size_t
resolve(const unsigned char *out, size_t from, size_t end)
{
	if (end - from == 1 && out[from] == '.')
		return from;
	if (end - from != 2 || memcmp(out + from, "..", 2) != 0)
		return end;
	if (from > 1)
		for (from--; from > 0 && out[from - 1] != '/'; from--)
			;
	return from;
}

size_t
plain_path_read(const unsigned char *path, size_t len,
    enum plain_path_reading reading, unsigned char *out)
{
	const int cuts = reading == PLAIN_PATH_CUT ||
	    reading == PLAIN_PATH_CUT_SLASHED ||
	    reading == PLAIN_PATH_SLASHED_CUT;
	const int slashes = reading >= PLAIN_PATH_SLASHED;
	size_t i, from = 0, end = 0;
	int is_cut = 0;
	unsigned char c;

	for (i = 0; i < len; i++) {
		c = path[i];
		if (c == '\\' && slashes &&
		    (!is_cut || reading == PLAIN_PATH_SLASHED_CUT))
			c = '/';
		if (c == ';' && cuts)
			is_cut = 1;
		if (c != '/') {
			if (!is_cut)
				out[end++] = c;
			continue;
		}
		is_cut = 0;
		end = resolve(out, from, end);
		if (end == 0 || out[end - 1] != '/')
			out[end++] = '/';
		from = end;
	}
	return resolve(out, from, end);
}

/* Behind "scheme://authority", or the text itself. */
static size_t
begin_of_path(const unsigned char *text, size_t len)
{
	size_t at = 0;

	while (at < len && text[at] != ':' && text[at] != '/')
		at++;
	if (len - at < 3 || memcmp(text + at, "://", 3) != 0)
		return 0;
	for (at += 3; at < len && text[at] != '/'; at++)
		;
	return at;
}

static int
hex(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte at *at, which goes behind it; 0 if there is none that may be. */
static unsigned char
decoded(const unsigned char *text, size_t len, size_t *at)
{
	unsigned char c = text[(*at)++];
	int high, low;

	if (c == '%') {
		if (len - *at < 2)
			return 0;
		high = hex(text[*at]);
		low = hex(text[*at + 1]);
		if (high == -1 || low == -1)
			return 0;
		*at += 2;
		c = (unsigned char)(high * 16 + low);
	}
	return c < ' ' || c == 0x7f ? 0 : c;
}

/* A segment of out[from] to out[*end] is at its end: 0 if it may not be; a
 * "." is taken off. */
static int
end_segment(const unsigned char *out, size_t from, size_t *end)
{
	if (*end - from == 2 && memcmp(out + from, "..", 2) == 0)
		return 0;
	if (*end - from == 1 && out[from] == '.')
		*end = from;
	return 1;
}

size_t
plain_path_destination(const unsigned char *text, size_t len,
    unsigned char *out)
{
	size_t at = begin_of_path(text, len), end = 0, from = 0;
	unsigned char c;

	if (at >= len || text[at] != '/')
		return 0;
	while (at < len && text[at] != '?') {
		c = decoded(text, len, &at);
		if (c == 0)
			return 0;
		if (c != '/') {
			out[end++] = c;
			continue;
		}
		if (!end_segment(out, from, &end))
			return 0;
		if (end == 0 || out[end - 1] != '/')
			out[end++] = '/';
		from = end;
	}
	if (!end_segment(out, from, &end))
		return 0;
	out[end] = '\0';
	return end;
}
