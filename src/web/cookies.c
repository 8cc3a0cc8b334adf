/* The Cookie header. */
#include "web/cookies.h"

#include <string.h>

#include "web/cookie_text.h"

/* One of Authgear's as it was found. */
struct found {
	const char *text;	/* NULL: it was not */
	size_t len;
	enum credential_kind kind;
};

/* Which of ours it is; COOKIE_TEXT_NAMES if none. */
static enum cookie_text_name
which(const struct cookie_text *cookie, const char *prefix)
{
	const long len = (long)strlen(prefix);
	enum cookie_text_name name;

	for (name = 0; name < COOKIE_TEXT_NAMES; name++)
		if (cookie_text_prefix(cookie, name) == len &&
		    memcmp(cookie->name, prefix, (size_t)len) == 0)
			break;
	return name;
}

/* The values of our cookies; -1 if one has two. */
static int
collect(const char *header, const char *prefix,
    struct found found[COOKIE_TEXT_NAMES])
{
	struct cookie_text cookie;
	enum cookie_text_name name;
	enum credential_kind kind;

	while (cookie_text_next(&header, &cookie)) {
		if ((name = which(&cookie, prefix)) == COOKIE_TEXT_NAMES)
			continue;
		cookie_text_unquote(&cookie);
		kind = cookie_text_kind(&cookie, name);
		if (kind == CREDENTIAL_NONE)
			continue;
		if (found[name].text != NULL &&
		    (found[name].len != cookie.value_len ||
		    memcmp(found[name].text, cookie.value,
		    cookie.value_len) != 0))
			return -1;
		found[name].text = cookie.value;
		found[name].len = cookie.value_len;
		found[name].kind = kind;
	}
	return 0;
}

int
cookies_read(struct credential *credential,
    const struct web_credential_rules *rules, const char *cookie,
    enum reason *reason_out, struct error *error)
{
	struct found found[COOKIE_TEXT_NAMES] = { { NULL, 0,
	    CREDENTIAL_NONE } };
	size_t i;

	*reason_out = REASON_MALFORMED;
	if (collect(cookie, rules->cookie_prefix, found) != 0) {
		error_set(error, "two different cookies of one name of "
		    "Authgear's");
		return -1;
	}
	*reason_out = REASON_NO_CREDENTIAL;
	for (i = 0; i < COOKIE_TEXT_NAMES; i++) {
		if (found[i].text == NULL)
			continue;
		if (credential_check_length(found[i].len,
		    rules->max_credential, reason_out, error) == -1)
			return -1;
		return credential_take(credential, found[i].kind,
		    found[i].text, found[i].len, reason_out);
	}
	return 0;
}
