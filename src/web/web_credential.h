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
 * header values, NULL or "" when absent.  Authorization wins if its scheme is
 * Bearer (any case, exactly one space), or Basic (RFC 7617) where that is
 * accepted, and then only it: a bad bearer never falls back to a cookie.  The
 * password of Basic is judged as a bearer is, its user name is `account`.
 * Another scheme is as if absent.
 *
 * Cookies, each with the prefix, and the shapes that count in them:
 * app_session (32 alphanumerics), app_access_token (32 alphanumerics or a
 * JWT), session (uuid "." 32).  Other values are another application's (two
 * dots in `session` are Flask's) and are dropped.  One pair of double quotes
 * is taken off; ";" and Apache's ", " separate; of what is left the first
 * name in this order wins.
 *
 * Answers 0 and the credential (kind NONE if there is none); *reason_out is
 * REASON_NO_CREDENTIAL then and means something for kind NONE alone.  Or -1
 * with *reason_out one of MALFORMED (an Authorization with a comma, which is
 * two joined headers, or a control byte, or without a scheme, whatever the
 * scheme; a bearer of no known shape or too long; two different values of
 * one cookie; Basic that is not base64 of a name, ":" and a password, or has
 * control bytes), TRUNCATED (a bearer that begins as a JWT and has fewer than
 * two dots), WRONG_TYPE (a refresh token or session cookie as bearer) or
 * OUT_OF_MEMORY.  On -1 kind is NONE but `hash` may be set for the log.
 */
int web_credential_find(struct credential *credential,
    const struct web_credential_rules *rules, const char *authorization,
    const char *cookie, enum reason *reason_out);

#endif /* !WEB_CREDENTIAL_H_ */
