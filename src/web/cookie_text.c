/* From the text of a Cookie header to names and values. */
#include "web/cookie_text.h"

#include <string.h>

#include "facts/shape.h"

static const struct ours {
	const char *name;	/* behind the prefix */
	enum credential_kind random;	/* what SHAPE_RANDOM is in it */
	enum credential_kind jwt;
	enum credential_kind session;
} cookies[COOKIE_TEXT_NAMES] = {
	[COOKIE_TEXT_APP_SESSION] = { "app_session", CREDENTIAL_APP_SESSION,
	    CREDENTIAL_NONE, CREDENTIAL_NONE },
	[COOKIE_TEXT_APP_ACCESS_TOKEN] = { "app_access_token",
	    CREDENTIAL_OPAQUE_TOKEN, CREDENTIAL_JWT, CREDENTIAL_NONE },
	[COOKIE_TEXT_SESSION] = { "session", CREDENTIAL_NONE,
	    CREDENTIAL_NONE, CREDENTIAL_SESSION_COOKIE },
};

static void
trim(const char **text, size_t *len)
{
	while (*len > 0 && (**text == ' ' || **text == '\t')) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && ((*text)[*len - 1] == ' ' ||
	    (*text)[*len - 1] == '\t'))
		(*len)--;
}

/* To the next separator. */
static size_t
piece_length(const char *text)
{
	size_t len;

	for (len = strcspn(text, ";,"); text[len] == ',' &&
	    text[len + 1] != ' ';)
		len += 1 + strcspn(text + len + 1, ";,");
	return len;
}

int
cookie_text_next(const char **header, struct cookie_text *cookie)
{
	const char *start = *header, *equals;
	size_t len;

	if (*start == '\0')
		return 0;
	len = piece_length(start);
	*header = start + len + (start[len] != '\0');
	cookie->piece = start;
	cookie->piece_len = len;
	cookie->name = start;
	cookie->name_len = len;
	cookie->value = NULL;
	cookie->value_len = 0;
	equals = memchr(start, '=', len);
	if (equals != NULL) {
		cookie->name_len = (size_t)(equals - start);
		cookie->value = equals + 1;
		cookie->value_len = len - cookie->name_len - 1;
		trim(&cookie->value, &cookie->value_len);
	}
	trim(&cookie->name, &cookie->name_len);
	return 1;
}

long
cookie_text_prefix(const struct cookie_text *cookie,
    enum cookie_text_name name)
{
	const size_t len = strlen(cookies[name].name);

	if (cookie->value == NULL || cookie->name_len < len ||
	    memcmp(cookie->name + cookie->name_len - len, cookies[name].name,
	    len) != 0)
		return -1;
	return (long)(cookie->name_len - len);
}

void
cookie_text_unquote(struct cookie_text *cookie)
{
	if (cookie->value_len < 2 || cookie->value[0] != '"' ||
	    cookie->value[cookie->value_len - 1] != '"')
		return;
	cookie->value++;
	cookie->value_len -= 2;
}

enum credential_kind
cookie_text_kind(const struct cookie_text *cookie,
    enum cookie_text_name name)
{
	switch (shape_of(cookie->value, cookie->value_len)) {
	case SHAPE_JWT:
		return cookies[name].jwt;
	case SHAPE_RANDOM:
		return cookies[name].random;
	case SHAPE_SESSION:
		return cookies[name].session;
	case SHAPE_OTHER:
	case SHAPE_CUT_JWT:
	default:
		return CREDENTIAL_NONE;
	}
}
