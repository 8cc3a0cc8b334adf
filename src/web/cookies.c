/* The Cookie header. */
#include "web/cookies.h"

#include <string.h>

#include "facts/shape.h"

/* The cookies in the order in which they win. */
static const struct cookie {
	const char *name;	/* behind the prefix */
	enum credential_kind random;	/* what SHAPE_RANDOM is in it */
	enum credential_kind jwt;
	enum credential_kind session;
} cookies[] = {
	{ "app_session", CREDENTIAL_APP_SESSION, CREDENTIAL_NONE,
	    CREDENTIAL_NONE },
	{ "app_access_token", CREDENTIAL_OPAQUE_TOKEN, CREDENTIAL_JWT,
	    CREDENTIAL_NONE },
	{ "session", CREDENTIAL_NONE, CREDENTIAL_NONE,
	    CREDENTIAL_SESSION_COOKIE },
};

#define COOKIES (sizeof(cookies) / sizeof(cookies[0]))

struct span {
	const char *text;
	size_t len;
};

static void
trim(struct span *span)
{
	while (span->len > 0 && (*span->text == ' ' || *span->text == '\t')) {
		span->text++;
		span->len--;
	}
	while (span->len > 0 && (span->text[span->len - 1] == ' ' ||
	    span->text[span->len - 1] == '\t'))
		span->len--;
}

/* To the next separator: Apache joins two Cookie lines by ", ". */
static size_t
cookie_length(const char *text)
{
	size_t len;

	for (len = strcspn(text, ";,"); text[len] == ',' &&
	    text[len + 1] != ' ';)
		len += 1 + strcspn(text + len + 1, ";,");
	return len;
}

/* The next name=value of a Cookie header; 0 at its end. */
static int
next_cookie(const char **header, struct span *name, struct span *value)
{
	const char *start = *header, *equals;
	size_t len;

	while (*start != '\0') {
		len = cookie_length(start);
		*header = start + len + (start[len] != '\0');
		equals = memchr(start, '=', len);
		if (equals != NULL) {
			name->text = start;
			name->len = (size_t)(equals - start);
			value->text = equals + 1;
			value->len = len - name->len - 1;
			trim(name);
			trim(value);
			return 1;
		}
		start = *header;
	}
	return 0;
}

/* Which of ours it is; COOKIES if none. */
static size_t
which_cookie(struct span name, const char *prefix)
{
	size_t i, prefix_len = strlen(prefix);

	if (name.len < prefix_len ||
	    memcmp(name.text, prefix, prefix_len) != 0)
		return COOKIES;
	for (i = 0; i < COOKIES; i++)
		if (name.len - prefix_len == strlen(cookies[i].name) &&
		    memcmp(name.text + prefix_len, cookies[i].name,
		    name.len - prefix_len) == 0)
			return i;
	return COOKIES;
}

/* What a value is in this cookie; NONE: of another application. */
static enum credential_kind
kind_in(const struct cookie *cookie, struct span value)
{
	switch (shape_of(value.text, value.len)) {
	case SHAPE_JWT:
		return cookie->jwt;
	case SHAPE_RANDOM:
		return cookie->random;
	case SHAPE_SESSION:
		return cookie->session;
	case SHAPE_OTHER:
	case SHAPE_CUT_JWT:
	default:
		return CREDENTIAL_NONE;
	}
}

/* The values of our cookies; -1 if one has two. */
static int
collect_cookies(const char *header, const char *prefix,
    struct span found[COOKIES])
{
	struct span name, value;
	size_t i;

	while (next_cookie(&header, &name, &value)) {
		if ((i = which_cookie(name, prefix)) == COOKIES)
			continue;
		if (value.len >= 2 && value.text[0] == '"' &&
		    value.text[value.len - 1] == '"') {
			value.text++;
			value.len -= 2;
		}
		if (kind_in(&cookies[i], value) == CREDENTIAL_NONE)
			continue;
		if (found[i].text != NULL && (found[i].len != value.len ||
		    memcmp(found[i].text, value.text, value.len) != 0))
			return -1;
		found[i] = value;
	}
	return 0;
}

int
cookies_read(struct credential *credential,
    const struct web_credential_rules *rules, const char *cookie,
    enum reason *reason_out, struct error *error)
{
	struct span found[COOKIES] = { { NULL, 0 } };
	size_t i;

	*reason_out = REASON_MALFORMED;
	if (collect_cookies(cookie, rules->cookie_prefix, found) != 0) {
		error_set(error, "two different cookies of one name of "
		    "Authgear's");
		return -1;
	}
	*reason_out = REASON_NO_CREDENTIAL;
	for (i = 0; i < COOKIES; i++) {
		if (found[i].text == NULL)
			continue;
		if (credential_check_length(found[i].len,
		    rules->max_credential, reason_out, error) == -1)
			return -1;
		return credential_take(credential, kind_in(&cookies[i],
		    found[i]), found[i].text, found[i].len, reason_out);
	}
	return 0;
}
