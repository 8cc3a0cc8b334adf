#ifndef LOGIN_H_
#define LOGIN_H_

#include <stddef.h>

#include "gate.h"
#include "reply.h"

/*
 * Browser login without a session of our own (policy: login_client,
 * login_return): a page load that is refused for want of a live credential is
 * sent to Authgear's authorization_endpoint with response_type=none (OAuth 2.0
 * Multiple Response Type Encoding Practices, section 4); Authgear sets its
 * cookie and sends the browser to login_return, where login_return_reply()
 * sends it on to the page asked for.  Pure: parameters in, text out.
 */

#define LOGIN_PATH_MAX 2048	/* bytes of a path that is kept as `state` */

/* What came back from a login less than LOGIN_MARKER_SECONDS ago. */
#define LOGIN_MARKER "authgear-login"
#define LOGIN_MARKER_SECONDS 60
enum login_marker {
	LOGIN_MARKER_NONE = 0,
	LOGIN_MARKER_LOGIN,	/* a login, perhaps by single sign-on */
	LOGIN_MARKER_AGAIN	/* one that asked for the password */
};

/* A page that a browser asks for. */
struct login_page {
	int is_page;		/* GET or HEAD, a navigation, no Authorization */
	enum login_marker marker;
	char path[LOGIN_PATH_MAX];	/* one local path, "/" if the request's is
					   none */
};

/* Parameters: REQUEST_METHOD, REQUEST_URI, HTTP_AUTHORIZATION, HTTP_COOKIE,
 * HTTP_SEC_FETCH_MODE (else HTTP_ACCEPT). */
void login_page_read(struct login_page *page, char *const *params);

enum login_step {
	LOGIN_NOTHING = 0,	/* the refusal stands as it is */
	LOGIN_REDIRECT,		/* to the URL */
	LOGIN_EXPLAIN		/* it just came from there: a page that says why */
};

/*
 * What a decision becomes for this page.  Only a denial (401) under a policy
 * with login_client; `endpoint` is the metadata's authorization_endpoint,
 * NULL if not known (nothing then); not NEEDS_RESOLVER, since what a login
 * brings would be refused too.  SIGNED_OUT, REVOKED and
 * AUTHENTICATION_TOO_OLD ask for the password again (prompt=login).  The URL
 * goes into `url`.
 */
#define LOGIN_URL_MAX 3000
enum login_step login_decide(const struct login_page *page,
    const struct decision *decision, const char *endpoint,
    char url[LOGIN_URL_MAX]);

/*
 * The answer at login_return: 303 to the path that `state` (of QUERY_STRING)
 * holds if it is one local path, else to "/"; with the marker as a cookie.
 * `error` in the query: a page that says that Authgear refused.  Another
 * method than GET and HEAD: 405.
 */
void login_return_reply(struct reply *reply, char *const *params);

#endif /* !LOGIN_H_ */
