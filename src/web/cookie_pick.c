#include "web/cookie_pick.h"

#include <string.h>

#include "web/cookie_text.h"
#include "web/login_marker.h"

static int
is_ours(const struct cookie_text *cookie)
{
	struct cookie_text bare = *cookie;
	enum cookie_text_name name;

	for (name = 0; name < COOKIE_TEXT_NAMES; name++) {
		if (cookie_text_prefix(cookie, name) == -1)
			continue;
		bare = *cookie;
		cookie_text_unquote(&bare);
		if (cookie_text_kind(&bare, name) != CREDENTIAL_NONE)
			return 1;
	}
	return 0;
}

static int
is_named(const struct cookie_text *cookie, const char *name)
{
	return cookie->value != NULL && cookie->name_len == strlen(name) &&
	    memcmp(cookie->name, name, cookie->name_len) == 0;
}

static int
is_marker(const struct cookie_text *cookie)
{
	return is_named(cookie, LOGIN_MARKER) ||
	    is_named(cookie, "__Host-" LOGIN_MARKER);
}

static void
put(char *text, size_t *len, const char *bytes, size_t count)
{
	memcpy(text + *len, bytes, count);
	*len += count;
}

/* The cookie from its name to its value. */
static void
put_cookie(char *text, size_t *len, const struct cookie_text *cookie)
{
	if (*len > 0)
		put(text, len, "; ", 2);
	put(text, len, cookie->name, (size_t)(cookie->value +
	    cookie->value_len - cookie->name));
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A piece that stays, behind the separator that it had. */
static void
keep(struct cookie_pick *pick, const struct cookie_text *cookie,
    char separator)
{
	const char *piece = cookie->piece;
	size_t len = cookie->piece_len;

	/* an empty one has no name, and no value either */
	if (cookie->name_len == 0 && cookie->value == NULL)
		return;
	if (pick->rest_len > 0)
		put(pick->rest, &pick->rest_len, &separator, 1);
	for (; pick->rest_len == 0 && len > 0 && is_blank(*piece); len--)
		piece++;
	while (len > 0 && is_blank(piece[len - 1]))
		len--;
	put(pick->rest, &pick->rest_len, piece, len);
}

void
cookie_pick(const char *header, struct cookie_pick *pick)
{
	const char *at = header;
	struct cookie_text cookie;
	char separator = ';';

	pick->ours_len = pick->markers_len = pick->rest_len = 0;
	while (cookie_text_next(&at, &cookie)) {
		if (is_ours(&cookie)) {
			put_cookie(pick->ours, &pick->ours_len, &cookie);
			separator = ';';
			continue;
		}
		if (is_marker(&cookie))
			put_cookie(pick->markers, &pick->markers_len,
			    &cookie);
		keep(pick, &cookie, separator);
		separator = cookie.piece[cookie.piece_len];
	}
	pick->ours[pick->ours_len] = '\0';
	pick->markers[pick->markers_len] = '\0';
	pick->rest[pick->rest_len] = '\0';
	if (pick->ours_len > 0)
		return;
	pick->rest_len = strlen(header);
	memcpy(pick->rest, header, pick->rest_len + 1);
}
