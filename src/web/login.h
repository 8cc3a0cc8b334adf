#ifndef LOGIN_H_
#define LOGIN_H_

#include <stddef.h>
#include <stdint.h>

#include "gate/gate.h"
#include "web/login_marker.h"

/*
 * Browser login without a session of our own (policy: login_client,
 * login_return).
 *
 * - A page load that is refused for want of a live credential is sent to
 *   Authgear's authorization_endpoint with response_type=none (OAuth 2.0
 *   Multiple Response Type Encoding Practices, section 4).
 * - Authgear sets its cookie and sends the browser to login_return, which sends
 *   it on to the page asked for, with a marker (login_marker.h).
 * - Refused there again it is not sent once more by itself, but told why.
 * - That attempt is over once a page under its marker was answered otherwise
 *   than by sending it to log in (login_attempts.h).
 *
 * No state: any thread.
 */

#define LOGIN_PATH_MAX 2048	/* bytes of a path that is kept as `state` */
#define LOGIN_MARKERS_MAX 4	/* of one request; a browser sends one */

/* A page that a browser asks for. */
struct login_page {
	int is_page;		/* GET or HEAD, navigation, no Authorization */
	int has_authorization;
	struct login_marker markers[LOGIN_MARKERS_MAX];
	size_t marker_count;
	char path[LOGIN_PATH_MAX];	/* a local one; "/" if asked for none */
};

/*
 * Parameters: REQUEST_METHOD, REQUEST_URI, HTTP_AUTHORIZATION, HTTP_COOKIE,
 * HTTP_SEC_FETCH_MODE (else HTTP_ACCEPT).
 * The policy has a login_return: its scheme tells which cookie is the marker.
 * `now` is wall time, Unix seconds.
 * Markers of attempts that are over are for the caller to take away.
 */
void login_page_read(struct login_page *page, const struct policy *policy,
    char *const *params, int64_t now);

enum login_step {
	LOGIN_NOTHING = 0,	/* the answer stands as it is */
	LOGIN_REDIRECT,		/* to the URL */
	LOGIN_EXPLAIN		/* it just came from there: a page says why */
};

/*
 * What a decision becomes for this page; the URL goes into `url`.
 * Only a denial (401) under a policy with login_client becomes anything, and
 * not NEEDS_RESOLVER: what a login brings would be refused too.
 * SIGNED_OUT, REVOKED and AUTHENTICATION_TOO_OLD ask for the password
 * (prompt=login), at most LOGIN_ROUNDS_MAX times in a row.
 * `endpoint`: the metadata's authorization_endpoint; NULL, not known: nothing.
 * `nonce` names the attempt.
 */
#define LOGIN_URL_MAX 3000
enum login_step login_decide(const struct login_page *page,
    const struct decision *decision, const char *endpoint, const char *nonce,
    char url[LOGIN_URL_MAX]);

/* 1 if this answer, where it is no redirect, ends the page's attempts: any
 * answer to a page, and every grant that is not another credential's. */
int login_is_answered(const struct login_page *page,
    const struct decision *decision);

/* Why it was in vain, for the person in front of the browser: one line of
 * ASCII without quotes, "$", "<" or "&", at most LOGIN_SENTENCE_MAX bytes. */
#define LOGIN_SENTENCE_MAX 400
const char *login_sentence(enum reason reason);

/* One path of this very site: "//host" and "/\host" are others to browsers. */
int login_is_local_path(const char *path);

#endif /* !LOGIN_H_ */
