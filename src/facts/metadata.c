/* What an issuer says of itself. */
#include <stdlib.h>
#include <string.h>

#include "ground/json.h"
#include "ground/json_parse.h"
#include "facts/metadata.h"
#include "ground/origin.h"

/* Printable ASCII, no blank, no fragment. */
static int
is_plain_url(const char *url)
{
	const char *p;

	for (p = url; *p != '\0'; p++)
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f ||
		    *p == '#')
			return 0;
	return 1;
}

static int
check_length(const char *name, const char *url, struct error *error)
{
	if (strlen(url) <= METADATA_MAX_URL)
		return 0;
	error_set(error, "metadata: the %s has %zu characters, and %d is the "
	    "most", name, strlen(url), METADATA_MAX_URL);
	return -1;
}

static char *
copy(const char *text, struct error *error)
{
	char *copied = strdup(text);

	if (copied == NULL)
		error_set(error, "out of memory for metadata");
	return copied;
}

static int
read_issuer(struct metadata *metadata, const struct json *json,
    const char *endpoint, struct error *error)
{
	const char *issuer;

	if (json_find_string(json, "issuer", &issuer) != JSON_FOUND) {
		error_set(error, "metadata: no issuer");
		return -1;
	}
	if (strcmp(issuer, endpoint) != 0) {
		error_set(error, "metadata: the issuer is \"%.255s\" and not "
		    "the endpoint", issuer);
		return -1;
	}
	metadata->issuer = copy(issuer, error);
	return metadata->issuer != NULL ? 0 : -1;
}

static int
read_jwks_uri(struct metadata *metadata, const struct json *json,
    const char *endpoint, struct error *error)
{
	const char *uri;

	if (json_find_string(json, "jwks_uri", &uri) != JSON_FOUND) {
		error_set(error, "metadata: no jwks_uri");
		return -1;
	}
	if (check_length("jwks_uri", uri, error) == -1)
		return -1;
	if (!is_plain_url(uri) || !origin_of_url(endpoint, uri)) {
		error_set(error, "metadata: the jwks_uri \"%.255s\" is not a "
		    "plain URL at the endpoint", uri);
		return -1;
	}
	metadata->jwks_uri = copy(uri, error);
	return metadata->jwks_uri != NULL ? 0 : -1;
}

static int
read_authorization_endpoint(struct metadata *metadata,
    const struct json *json, struct error *error)
{
	const char *url = NULL;

	switch (json_find_string(json, "authorization_endpoint", &url)) {
	case JSON_ABSENT:
		return 0;
	case JSON_FOUND:
		if (check_length("authorization_endpoint", url, error) == -1)
			return -1;
		if (is_plain_url(url))
			break;
		/* FALLTHROUGH */
	case JSON_WRONG_TYPE:
	default:
		error_set(error, "metadata: the authorization_endpoint is no "
		    "plain URL");
		return -1;
	}
	metadata->authorization_endpoint = copy(url, error);
	return metadata->authorization_endpoint != NULL ? 0 : -1;
}

int
metadata_parse(struct metadata *metadata, const char *text, size_t len,
    const char *endpoint, struct error *error)
{
	enum json_refusal refusal;
	struct json *json;
	int ret = -1;

	memset(metadata, 0, sizeof(*metadata));
	if (len > METADATA_MAX_TEXT) {
		error_set(error, "metadata: longer than %d bytes",
		    METADATA_MAX_TEXT);
		return -1;
	}
	if ((json = json_parse(text, len, &refusal)) == NULL) {
		error_set(error, "metadata: %s",
		    json_parse_refusal_text(refusal));
		return -1;
	}
	if (read_issuer(metadata, json, endpoint, error) != 0 ||
	    read_jwks_uri(metadata, json, endpoint, error) != 0 ||
	    read_authorization_endpoint(metadata, json, error) != 0)
		goto done;
	ret = 0;
done:
	json_free(json);
	if (ret != 0)
		metadata_clear(metadata);
	return ret;
}

void
metadata_clear(struct metadata *metadata)
{
	free(metadata->issuer);
	free(metadata->jwks_uri);
	free(metadata->authorization_endpoint);
	memset(metadata, 0, sizeof(*metadata));
}
