#ifndef WEB_CREDENTIAL_H_
#define WEB_CREDENTIAL_H_

#include <stddef.h>

#include "facts/credential.h"

/* Limits and names, from the settings. */
struct web_credential_rules {
	size_t max_credential;	/* bytes of the credential itself */
	const char *cookie_prefix; /* "" or Authgear's http.cookie_prefix */
	int accept_basic;	/* an access token as the password of Basic */
};

/*
 * Find the one credential of a request.  `authorization` and `cookie` are the
 * header values, NULL or "" when absent.  No state: any thread.
 *
 * Authorization (RFC 6750, RFC 7617):
 * - Bearer (any case, exactly one space) wins, and Basic where accepted, and
 *   then only it: a bad bearer never falls back to a cookie.
 * - The password of Basic is judged as a bearer, its user name is `account`.
 * - Another scheme is as if absent.
 *
 * Cookies, each with the prefix; the first name in this order wins:
 * - app_session (32 alphanumerics), app_access_token (32 alphanumerics or a
 *   JWT), session (uuid "." 32).
 * - Other values are another application's (two dots in `session`: Flask's).
 * - One pair of double quotes is taken off; ";" and Apache's ", " separate.
 *
 * 0 and the credential, or kind NONE and REASON_NO_CREDENTIAL.  -1, kind NONE,
 * `hash` maybe set for the log, and a reason:
 * - MALFORMED: an Authorization with a comma (two joined headers), a control
 *   byte or no scheme; a bearer of no known shape; two values of one cookie;
 *   Basic that is not base64 of a name, ":" and a password, or has control
 *   bytes.
 * - OVER_LIMIT, and error says which limit: a bearer, cookie or password of
 *   over max_credential bytes, a name of Basic of over 255.
 * - TRUNCATED: a bearer that begins as a JWT and has fewer than two dots.
 * - WRONG_TYPE: a refresh token or session cookie as bearer.
 * - OUT_OF_MEMORY.
 */
int web_credential_find(struct credential *credential,
    const struct web_credential_rules *rules, const char *authorization,
    const char *cookie, enum reason *reason_out, struct error *error);

#endif /* !WEB_CREDENTIAL_H_ */
