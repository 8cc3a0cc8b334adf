/* The Authorization header: Bearer, and Basic where it is accepted. */
#include "web/authorization.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ground/base64url.h"

#define MAX_ACCOUNT 255		/* bytes of a user name of Basic */

struct span {
	const char *text;
	size_t len;
};

/* The text behind "Bearer ". */
static int
take_bearer(struct credential *credential,
    const struct web_credential_rules *rules, struct span span,
    enum reason *reason, struct error *error)
{
	char hash[HASH_HEX_SIZE];

	if (credential_from_password(credential, span.text, span.len,
	    rules->max_credential, reason, error) == -1)
		return -1;
	if (credential->kind != CREDENTIAL_SESSION_COOKIE)
		return 0;
	/* which a refresh token may be just as well */
	memcpy(hash, credential->hash, sizeof(hash));
	credential_clear(credential);
	memcpy(credential->hash, hash, sizeof(hash));
	*reason = REASON_WRONG_TYPE;
	return -1;
}

enum scheme {
	SCHEME_MALFORMED = -1,	/* no Authorization header at all */
	SCHEME_OTHER = 0,	/* or none */
	SCHEME_BEARER,
	SCHEME_BASIC
};

/* 1, and the text behind it, if the header names that scheme. */
static int
is_scheme(const char *authorization, const char *name, struct span *behind)
{
	const size_t len = strlen(name);

	if (strncasecmp(authorization, name, len) != 0 ||
	    (authorization[len] != ' ' && authorization[len] != '\0'))
		return 0;
	behind->text = authorization + len + (authorization[len] != '\0');
	behind->len = strlen(behind->text);
	return 1;
}

/* The scheme, and the text behind it if it is one of ours. */
static enum scheme
read_scheme(const char *authorization, struct span *behind)
{
	static const char token[] = "!#$%&'*+-.^_`|~ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789";	/* RFC 9110 5.6.2 */
	static const char foreign[] = "\001\002\003\004\005\006\007\010\011"
	    "\012\013\014\015\016\017\020\021\022\023\024\025\026\027\030"
	    "\031\032\033\034\035\036\037\177,";
	size_t len;

	/* nginx sends an empty one for none */
	if (authorization == NULL || *authorization == '\0')
		return SCHEME_OTHER;
	if (authorization[strcspn(authorization, foreign)] != '\0')
		return SCHEME_MALFORMED;
	if (is_scheme(authorization, "Bearer", behind))
		return SCHEME_BEARER;
	if (is_scheme(authorization, "Basic", behind))
		return SCHEME_BASIC;
	len = strspn(authorization, token);
	if (len == 0 || (authorization[len] != ' ' &&
	    authorization[len] != '\0'))
		return SCHEME_MALFORMED;
	return SCHEME_OTHER;
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
    const struct web_credential_rules *rules, struct span span,
    enum reason *reason, struct error *error)
{
	struct span token;
	size_t len = 0, i;
	char *text, *colon = NULL;
	int ret = -1;

	*reason = REASON_MALFORMED;
	if (span.len % 4 != 0)
		return -1;
	text = decode_basic(span, &len, reason);
	if (text == NULL)
		return -1;
	*reason = REASON_MALFORMED;
	for (i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			goto done;
	colon = strchr(text, ':');
	if (colon == NULL)
		goto done;
	if (colon - text > MAX_ACCOUNT) {
		*reason = REASON_OVER_LIMIT;
		error_set(error, "the name of HTTP Basic has %zu bytes, and %d "
		    "is the most", (size_t)(colon - text), MAX_ACCOUNT);
		goto done;
	}
	token.text = colon + 1;
	token.len = strlen(token.text);
	ret = take_bearer(credential, rules, token, reason, error);
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

int
authorization_read(struct credential *credential,
    const struct web_credential_rules *rules, const char *authorization,
    enum reason *reason_out, struct error *error)
{
	struct span behind = { NULL, 0 };
	int ret = -1;

	*reason_out = REASON_MALFORMED;
	switch (read_scheme(authorization, &behind)) {
	case SCHEME_BEARER:
		ret = take_bearer(credential, rules, behind, reason_out,
		    error);
		break;
	case SCHEME_BASIC:
		if (!rules->accept_basic)
			return 0;
		ret = take_basic(credential, rules, behind, reason_out, error);
		break;
	case SCHEME_OTHER:
		return 0;
	case SCHEME_MALFORMED:
	default:
		break;
	}
	return ret == 0 ? 1 : -1;
}
