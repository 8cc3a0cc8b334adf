#ifndef METADATA_H_
#define METADATA_H_

#include <stddef.h>

#include "ground/error.h"

/*
 * Authorization server metadata (OpenID Connect Discovery 1.0 section 4.3,
 * RFC 8414 section 3.3).
 * Threads: one at a time.
 */

#define METADATA_MAX_TEXT (256 * 1024)	/* bytes */
#define METADATA_MAX_URL 2048		/* characters */
#define METADATA_PATH "/.well-known/openid-configuration"

struct metadata {
	char *issuer;
	char *jwks_uri;
	char *authorization_endpoint;	/* NULL if not told */
};

/*
 * 0, or -1 with the cause.  `issuer` must be the endpoint, byte for byte.
 * jwks_uri must be an absolute URL at the endpoint's own origin (Authgear
 * serves it there), at most 2,048 printable ASCII characters, no fragment.
 */
int metadata_parse(struct metadata *metadata, const char *text, size_t len,
    const char *endpoint, struct error *error);
void metadata_clear(struct metadata *metadata);

#endif /* !METADATA_H_ */
