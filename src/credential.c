/* Finds the one credential of a request. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base64url.h"
#include "credential.h"
#include "shape.h"

#define MAX_ACCOUNT 255		/* bytes of a user name of Basic */

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

/* Make it the credential of the request; 0 or -1 and the reason. */
static int
take(struct credential *credential, enum credential_kind kind,
    struct span span, enum reason *reason)
{
	if (hash_hex(span.text, span.len, credential->hash) != 0 ||
	    (credential->text = strndup(span.text, span.len)) == NULL) {
		*reason = REASON_OUT_OF_MEMORY;
		return -1;
	}
	credential->len = span.len;
	credential->kind = kind;
	return 0;
}

/* The text behind "Bearer ". */
static int
take_bearer(struct credential *credential,
    const struct credential_rules *rules, struct span span,
    enum reason *reason)
{
	*reason = REASON_MALFORMED;
	if (span.len == 0 || span.len > rules->max_credential)
		return -1;
	switch (shape_of(span.text, span.len)) {
	case SHAPE_JWT:
		return take(credential, CREDENTIAL_JWT, span, reason);
	case SHAPE_RANDOM:
		return take(credential, CREDENTIAL_OPAQUE_TOKEN, span, reason);
	case SHAPE_SESSION:
		*reason = REASON_WRONG_TYPE;
		break;
	case SHAPE_CUT_JWT:
		*reason = REASON_TRUNCATED;
		break;
	case SHAPE_OTHER:
	default:
		break;
	}
	if (hash_hex(span.text, span.len, credential->hash) != 0)
		*reason = REASON_OUT_OF_MEMORY;
	return -1;
}

enum scheme {
	SCHEME_MALFORMED = -1,	/* no Authorization header at all */
	SCHEME_OTHER = 0,	/* or none */
	SCHEME_BEARER,
	SCHEME_BASIC
};

static int
is_scheme(const char *authorization, size_t len, const char *name)
{
	return len == strlen(name) &&
	    strncasecmp(authorization, name, len) == 0;
}

/* The scheme, and the text behind it if it is one of ours. */
static enum scheme
read_scheme(const char *authorization, struct span *behind)
{
	static const char token[] = "!#$%&'*+-.^_`|~ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789";	/* RFC 9110 5.6.2 */
	enum scheme scheme;
	size_t len;
	const char *p;

	/* nginx sends an empty one for none */
	if (authorization == NULL || *authorization == '\0')
		return SCHEME_OTHER;
	for (p = authorization; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == ',')
			return SCHEME_MALFORMED;
	len = strspn(authorization, token);
	if (len == 0 || (authorization[len] != ' ' &&
	    authorization[len] != '\0'))
		return SCHEME_MALFORMED;
	if (is_scheme(authorization, len, "Bearer"))
		scheme = SCHEME_BEARER;
	else if (is_scheme(authorization, len, "Basic"))
		scheme = SCHEME_BASIC;
	else
		return SCHEME_OTHER;
	behind->text = authorization + len + (authorization[len] != '\0');
	behind->len = strlen(behind->text);
	return scheme;
}

/* base64 (RFC 4648 section 4) into a fresh buffer; NULL if it is none. */
static char *
decode_basic(struct span span, size_t *len_out, enum reason *reason)
{
	char *text, *decoded;
	size_t i;
	int failed;

	while (span.len > 0 && span.len % 4 != 1 &&
	    span.text[span.len - 1] == '=')
		span.len--;
	text = strndup(span.text, span.len);
	decoded = malloc(span.len + 1);
	*reason = REASON_OUT_OF_MEMORY;
	failed = text == NULL || decoded == NULL;
	for (i = 0; !failed && i < span.len; i++) {
		failed = text[i] == '-' || text[i] == '_';
		if (text[i] == '+' || text[i] == '/')
			text[i] = text[i] == '+' ? '-' : '_';
		*reason = REASON_MALFORMED;
	}
	if (!failed && base64url_decode(text, span.len,
	    (unsigned char *)decoded, span.len, len_out) != 0)
		failed = 1;
	if (text != NULL)
		explicit_bzero(text, span.len);
	free(text);
	if (!failed) {
		decoded[*len_out] = '\0';
		return decoded;
	}
	if (decoded != NULL)
		explicit_bzero(decoded, span.len);
	free(decoded);
	return NULL;
}

/* The text behind "Basic ": name ":" token. */
static int
take_basic(struct credential *credential,
    const struct credential_rules *rules, struct span span,
    enum reason *reason)
{
	struct span token;
	size_t len = 0, i;
	char *text, *colon = NULL;
	int ret = -1;

	*reason = REASON_MALFORMED;
	if (span.len % 4 != 0 || span.len / 4 * 3 > rules->max_credential +
	    MAX_ACCOUNT + 1)
		return -1;
	text = decode_basic(span, &len, reason);
	if (text == NULL)
		return -1;
	*reason = REASON_MALFORMED;
	for (i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			goto done;
	colon = strchr(text, ':');
	if (colon == NULL || colon - text > MAX_ACCOUNT)
		goto done;
	token.text = colon + 1;
	token.len = strlen(token.text);
	ret = take_bearer(credential, rules, token, reason);
	if (ret == 0 && (credential->account = strndup(text,
	    (size_t)(colon - text))) == NULL) {
		*reason = REASON_OUT_OF_MEMORY;
		ret = -1;
	}
done:
	explicit_bzero(text, len);
	free(text);
	return ret;
}

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

static int
take_cookie(struct credential *credential,
    const struct credential_rules *rules, const char *header,
    enum reason *reason)
{
	struct span found[COOKIES] = { { NULL, 0 } };
	size_t i;

	*reason = REASON_MALFORMED;
	if (collect_cookies(header, rules->cookie_prefix, found) != 0)
		return -1;
	*reason = REASON_NO_CREDENTIAL;
	for (i = 0; i < COOKIES; i++) {
		if (found[i].text == NULL)
			continue;
		if (found[i].len > rules->max_credential) {
			*reason = REASON_MALFORMED;
			return -1;
		}
		return take(credential, kind_in(&cookies[i], found[i]),
		    found[i], reason);
	}
	return 0;
}

int
credential_find(struct credential *credential,
    const struct credential_rules *rules, const char *authorization,
    const char *cookie, enum reason *reason_out)
{
	struct span behind = { NULL, 0 };

	memset(credential, 0, sizeof(*credential));
	*reason_out = REASON_MALFORMED;
	switch (read_scheme(authorization, &behind)) {
	case SCHEME_BEARER:
		return take_bearer(credential, rules, behind, reason_out);
	case SCHEME_BASIC:
		if (rules->accept_basic)
			return take_basic(credential, rules, behind,
			    reason_out);
		break;
	case SCHEME_OTHER:
		break;
	case SCHEME_MALFORMED:
	default:
		return -1;
	}
	*reason_out = REASON_NO_CREDENTIAL;
	if (cookie == NULL)
		return 0;
	return take_cookie(credential, rules, cookie, reason_out);
}

void
credential_clear(struct credential *credential)
{
	if (credential->text != NULL) {
		explicit_bzero(credential->text, credential->len);
		free(credential->text);
	}
	if (credential->account != NULL) {
		explicit_bzero(credential->account,
		    strlen(credential->account));
		free(credential->account);
	}
	explicit_bzero(credential, sizeof(*credential));
}

const char *
credential_kind_name(enum credential_kind kind)
{
	switch (kind) {
	case CREDENTIAL_JWT:
		return "jwt";
	case CREDENTIAL_OPAQUE_TOKEN:
		return "opaque-token";
	case CREDENTIAL_APP_SESSION:
		return "app-session";
	case CREDENTIAL_SESSION_COOKIE:
		return "session-cookie";
	case CREDENTIAL_NONE:
	default:
		return "none";
	}
}
