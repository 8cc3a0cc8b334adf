/* Any two header values: first byte of the input the length of the first.
 * Own files: src/facts/credential.c src/facts/shape.c src/web/authorization.c
 *     src/web/cookies.c src/web/web_credential.c */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "facts/shape.h"
#include "web/web_credential.h"

#define MAX_CREDENTIAL 128

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Both halves as strings; a NUL ends one early, as in a header value. */
static void
check(const char *authorization, const char *cookie)
{
	const struct web_credential_rules rules = {
	    .max_credential = MAX_CREDENTIAL, .cookie_prefix = "",
	    .accept_basic = 1 };
	struct credential credential;
	enum reason reason;
	int ret;

	ret = web_credential_find(&credential, &rules, authorization, cookie,
	    &reason, NULL);
	assert((credential.kind == CREDENTIAL_NONE) ==
	    (credential.text == NULL));
	if (ret != 0) {
		assert(credential.kind == CREDENTIAL_NONE);
		assert(reason == REASON_MALFORMED ||
		    reason == REASON_OVER_LIMIT ||
		    reason == REASON_TRUNCATED || reason == REASON_WRONG_TYPE);
	}
	if (credential.text != NULL) {
		assert(credential.len == strlen(credential.text));
		assert(credential.len <= MAX_CREDENTIAL);
		assert(strlen(credential.hash) == HASH_HEX_SIZE - 1);
		assert(strspn(credential.text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
		    credential.len);
		assert(credential.account != NULL ||
		    strstr(authorization, credential.text) != NULL ||
		    strstr(cookie, credential.text) != NULL);
	}
	assert((strcmp(credential_kind_name(credential.kind), "none") == 0) ==
	    (credential.kind == CREDENTIAL_NONE));
	credential_clear(&credential);
	assert(credential.text == NULL);
}

/* What is a credential by itself is seen within a name too. */
static void
check_shape(const char *text)
{
	if (shape_of_typed(text, strlen(text)) != SHAPE_OTHER)
		assert(shape_is_in_name(text));
	else if (strlen(text) < 32)
		assert(!shape_is_in_name(text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *authorization, *cookie;
	size_t len;

	if (size == 0)
		return 0;
	len = data[0] < size - 1 ? data[0] : size - 1;
	authorization = strndup((const char *)data + 1, len);
	cookie = strndup((const char *)data + 1 + len, size - 1 - len);
	if (authorization != NULL && cookie != NULL)
		check(authorization, cookie);
	if (cookie != NULL)
		check_shape(cookie);
	free(authorization);
	free(cookie);
	return 0;
}
