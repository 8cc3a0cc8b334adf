/* What somebody brings to prove who he is. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "facts/credential.h"
#include "facts/shape.h"

int
credential_take(struct credential *credential, enum credential_kind kind,
    const char *text, size_t len, enum reason *reason_out)
{
	memset(credential, 0, sizeof(*credential));
	if (hash_hex(text, len, credential->hash) != 0 ||
	    (credential->text = strndup(text, len)) == NULL) {
		*reason_out = REASON_OUT_OF_MEMORY;
		return -1;
	}
	credential->len = len;
	credential->kind = kind;
	return 0;
}

int
credential_check_length(size_t len, size_t max, enum reason *reason_out,
    struct error *error)
{
	if (len <= max)
		return 0;
	*reason_out = REASON_OVER_LIMIT;
	error_set(error, "the credential has %zu bytes, and %zu is the most "
	    "(max_credential)", len, max);
	return -1;
}

int
credential_from_password(struct credential *credential, const char *text,
    size_t len, size_t max, enum reason *reason_out, struct error *error)
{
	memset(credential, 0, sizeof(*credential));
	if (credential_check_length(len, max, reason_out, error) == -1)
		return -1;
	*reason_out = REASON_MALFORMED;
	if (len == 0)
		return -1;
	switch (shape_of(text, len)) {
	case SHAPE_JWT:
		return credential_take(credential, CREDENTIAL_JWT, text, len,
		    reason_out);
	case SHAPE_RANDOM:
		return credential_take(credential, CREDENTIAL_OPAQUE_TOKEN,
		    text, len, reason_out);
	case SHAPE_SESSION:
		return credential_take(credential, CREDENTIAL_SESSION_COOKIE,
		    text, len, reason_out);
	case SHAPE_CUT_JWT:
		*reason_out = REASON_TRUNCATED;
		break;
	case SHAPE_OTHER:
	default:
		break;
	}
	if (hash_hex(text, len, credential->hash) != 0)
		*reason_out = REASON_OUT_OF_MEMORY;
	return -1;
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
