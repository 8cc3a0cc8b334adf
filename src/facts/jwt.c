/* Takes a compact JWS apart; trusts nothing. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ground/base64url.h"
#include "ground/json.h"
#include "ground/json_parse.h"
#include "facts/jwt.h"

/* Characters of the signature of a 2048-bit key, the weakest accepted. */
#define SHORTEST_SIGNATURE 342

struct parts {
	const char *header;
	size_t header_len;
	const char *payload;
	size_t payload_len;
	const char *signature;
	size_t signature_len;
};

static int
is_alphabet(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((text[i] >= 'A' && text[i] <= 'Z') ||
		    (text[i] >= 'a' && text[i] <= 'z') ||
		    (text[i] >= '0' && text[i] <= '9') ||
		    text[i] == '-' || text[i] == '_')
			continue;
		return 0;
	}
	return 1;
}

/* What is wrong with a text of fewer than two dots: the beginning of {" in
 * base64url, and nothing foreign after it, was cut. */
static enum reason
explain_short(const char *text, size_t len)
{
	const char *dot = memchr(text, '.', len);
	size_t head = dot != NULL ? (size_t)(dot - text) : len;

	if (memcmp(text, "eyJ", len < 3 ? len : 3) != 0 ||
	    !is_alphabet(text, head))
		return REASON_MALFORMED;
	if (dot != NULL && !is_alphabet(dot + 1, len - head - 1))
		return REASON_MALFORMED;
	return REASON_TRUNCATED;
}

static int
split(struct parts *parts, const char *text, size_t len, enum reason *reason)
{
	const char *end = text + len;
	const char *first, *second = NULL;

	first = memchr(text, '.', len);
	if (first != NULL)
		second = memchr(first + 1, '.', (size_t)(end - first) - 1);
	if (second == NULL) {
		*reason = explain_short(text, len);
		return -1;
	}
	parts->header = text;
	parts->header_len = (size_t)(first - text);
	parts->payload = first + 1;
	parts->payload_len = (size_t)(second - parts->payload);
	parts->signature = second + 1;
	parts->signature_len = (size_t)(end - parts->signature);
	return 0;
}

static enum reason
reason_of(enum json_refusal refusal)
{
	switch (refusal) {
	case JSON_NO_MEMORY:
		return REASON_OUT_OF_MEMORY;
	case JSON_TOO_DEEP:
	case JSON_NUMBER_TOO_LARGE:
		return REASON_OVER_LIMIT;
	case JSON_NOT_REFUSED:
	case JSON_NOT_STRICT:
	case JSON_MEMBER_TWICE:
	default:
		return REASON_MALFORMED;
	}
}

/* The object that is encoded in `text`, which is called `name`; NULL and the
 * reason. */
static struct json *
decode_object(const char *text, size_t len, const char *name,
    enum reason *reason, struct error *error)
{
	enum json_refusal refusal = JSON_NOT_STRICT;
	struct json *object = NULL;
	size_t size = base64url_decoded_max(len) + 1;
	unsigned char *bytes = malloc(size);
	int is_decoded;

	if (bytes == NULL) {
		*reason = REASON_OUT_OF_MEMORY;
		return NULL;
	}
	is_decoded = base64url_decode(text, len, bytes, size, &len) == 0;
	if (is_decoded)
		object = json_parse((const char *)bytes, len, &refusal);
	*reason = reason_of(refusal);
	if (object == NULL && *reason != REASON_OUT_OF_MEMORY)
		error_set(error, "its %s is %s", name, is_decoded ?
		    json_parse_refusal_text(refusal) : "no base64url");
	explicit_bzero(bytes, size);
	free(bytes);
	return object;
}

static int
check_header(struct jwt *jwt, const struct json *header, enum reason *reason,
    struct error *error)
{
	const char *algorithm, *kid, *type;

	/* RFC 7515 section 4.1.11: we understand no extension; RFC 7797 */
	*reason = REASON_MALFORMED;
	if (json_has(header, "crit") || json_has(header, "b64")) {
		error_set(error, "its header asks for an extension (crit or "
		    "b64)");
		return -1;
	}
	*reason = REASON_BAD_ALGORITHM;
	if (json_find_string(header, "alg", &algorithm) != JSON_FOUND ||
	    strcmp(algorithm, "RS256") != 0)
		return -1;
	/* RFC 9068 section 4: keeps ID tokens of the same keys out */
	*reason = REASON_WRONG_TYPE;
	if (json_find_string(header, "typ", &type) != JSON_FOUND ||
	    (strcasecmp(type, "at+jwt") != 0 &&
	    strcasecmp(type, "application/at+jwt") != 0))
		return -1;
	*reason = REASON_MALFORMED;
	if (json_find_string(header, "kid", &kid) != JSON_FOUND ||
	    !key_id_is_valid(kid)) {
		error_set(error, "its kid is no text of 1 to %d bytes without "
		    "control bytes", KEY_MAX_ID);
		return -1;
	}
	memcpy(jwt->kid, kid, strlen(kid) + 1);
	return 0;
}

static int
read_signature(struct jwt *jwt, const struct parts *parts,
    enum reason *reason)
{
	*reason = REASON_TRUNCATED;
	if (parts->signature_len < SHORTEST_SIGNATURE &&
	    is_alphabet(parts->signature, parts->signature_len))
		return -1;
	*reason = REASON_MALFORMED;
	return base64url_decode(parts->signature, parts->signature_len,
	    jwt->signature, sizeof(jwt->signature), &jwt->signature_len);
}

/* Of no key that may serve; what else it says can be read all the same. */
static void
drop_signature(struct jwt *jwt)
{
	explicit_bzero(jwt->signature, sizeof(jwt->signature));
	jwt->signature_len = 0;
}

int
jwt_parse(struct jwt *jwt, const char *text, size_t len,
    enum reason *reason_out, struct error *error)
{
	struct parts parts;
	struct json *header = NULL;
	enum reason reason;
	int is_signed, ret = -1;

	memset(jwt, 0, sizeof(*jwt));
	*reason_out = REASON_MALFORMED;
	if (split(&parts, text, len, reason_out) != 0)
		return -1;
	header = decode_object(parts.header, parts.header_len, "header",
	    reason_out, error);
	if (header == NULL ||
	    check_header(jwt, header, reason_out, error) != 0)
		goto done;
	is_signed = read_signature(jwt, &parts, reason_out) == 0;
	if (!is_signed)
		drop_signature(jwt);
	jwt->claims = decode_object(parts.payload, parts.payload_len,
	    "payload", &reason, is_signed ? error : NULL);
	if (jwt->claims == NULL) {
		if (is_signed || reason == REASON_OUT_OF_MEMORY)
			*reason_out = reason;
		goto done;
	}
	jwt->signing_input = text;
	jwt->signing_input_len = (size_t)(parts.signature - text) - 1;
	ret = is_signed ? 0 : -1;
done:
	json_free(header);
	if (jwt->claims == NULL)
		jwt_clear(jwt);
	return ret;
}

void
jwt_clear(struct jwt *jwt)
{
	json_free(jwt->claims);
	explicit_bzero(jwt, sizeof(*jwt));
}
