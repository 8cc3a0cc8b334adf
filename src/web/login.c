#include "web/login.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ground/buffer.h"
#include "ground/origin.h"
#include "ground/params.h"

static const char *
param(char *const *params, const char *name)
{
	const char *value;

	(void)params_find(params, name, &value);
	return value == NULL ? "" : value;
}

int
login_is_local_path(const char *path)
{
	const char *p;

	if (path[0] != '/' || path[1] == '/' || strlen(path) >= LOGIN_PATH_MAX)
		return 0;
	for (p = path; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '\\' || *p == '"' ||
		    *p == '<' || *p == '>' || *p == '#')
			return 0;
	return 1;
}

static int
is_navigation(char *const *params)
{
	const char *mode = param(params, "HTTP_SEC_FETCH_MODE");

	if (mode[0] != '\0')
		return strcmp(mode, "navigate") == 0;
	return strcasestr(param(params, "HTTP_ACCEPT"), "text/html") != NULL;
}

static int
is_read(char *const *params)
{
	const char *method = param(params, "REQUEST_METHOD");

	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

void
login_page_read(struct login_page *page, const struct policy *policy,
    char *const *params, int64_t now)
{
	const char *path = param(params, "REQUEST_URI");

	memset(page, 0, sizeof(*page));
	page->has_authorization =
	    param(params, "HTTP_AUTHORIZATION")[0] != '\0';
	page->is_page = is_read(params) && is_navigation(params) &&
	    !page->has_authorization;
	page->marker_count = login_marker_read(param(params, "HTTP_COOKIE"),
	    origin_is_https(policy->login_return), now, page->markers,
	    LOGIN_MARKERS_MAX);
	(void)snprintf(page->path, sizeof(page->path), "%s",
	    login_is_local_path(path) ? path : "/");
}

/* Percent-encoding of all but unreserved characters (RFC 3986). */
static void
append_encoded(struct buffer *url, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-._~/";

	for (; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL)
			(void)buffer_append(url, text, 1);
		else
			(void)buffer_append_format(url, "%%%02X",
			    (unsigned int)(unsigned char)*text);
	}
}

/* 0, or -1 if it does not fit.  Without x_page a browser that is new to
 * Authgear would be offered to sign up. */
static int
make_url(const struct policy *policy, const char *endpoint, const char *path,
    const struct login_marker *attempt, char url[LOGIN_URL_MAX])
{
	char tail[LOGIN_TAIL_SIZE];
	struct buffer text;
	int ret = -1;

	login_marker_tail(attempt, origin_is_https(policy->login_return),
	    tail);
	buffer_init(&text, LOGIN_URL_MAX - 1);
	(void)buffer_append_format(&text, "%s%sresponse_type=none&scope=openid"
	    "&x_page=login&client_id=", endpoint,
	    strchr(endpoint, '?') == NULL ? "?" : "&");
	append_encoded(&text, policy->login_client);
	(void)buffer_append_string(&text, "&redirect_uri=");
	append_encoded(&text, policy->login_return);
	(void)buffer_append_string(&text, "&state=");
	append_encoded(&text, path);
	append_encoded(&text, tail);
	if (attempt->rounds > 0)
		(void)buffer_append_string(&text, "&prompt=login");
	if (!text.failed) {
		memcpy(url, text.data, text.len + 1);
		ret = 0;
	}
	buffer_clear(&text);
	return ret;
}

/* Single sign-on would bring the same login, or the same cookie, back. */
static int
needs_password(enum reason reason)
{
	return reason == REASON_SIGNED_OUT || reason == REASON_REVOKED ||
	    reason == REASON_AUTHENTICATION_TOO_OLD;
}

/* Passwords that the chain has asked for. */
static int
rounds_of(const struct login_page *page)
{
	int rounds = 0;
	size_t i;

	for (i = 0; i < page->marker_count; i++)
		if (page->markers[i].rounds > rounds)
			rounds = page->markers[i].rounds;
	return rounds;
}

static int
may_log_in(const struct decision *decision)
{
	const struct policy *policy = decision->policy;

	return policy != NULL && policy->login_client != NULL &&
	    policy->login_return != NULL &&
	    decision->verdict == VERDICT_DENIED && !decision->may_pass &&
	    decision->reason != REASON_NEEDS_RESOLVER &&
	    reason_http_status(decision->reason) == 401;
}

enum login_step
login_decide(const struct login_page *page, const struct decision *decision,
    const char *endpoint, const char *nonce, char url[LOGIN_URL_MAX])
{
	const struct policy *policy = decision->policy;
	const int again = needs_password(decision->reason);
	const int rounds = rounds_of(page);
	struct login_marker attempt = { "", 0 };

	url[0] = '\0';
	if (endpoint == NULL || !page->is_page || !may_log_in(decision))
		return LOGIN_NOTHING;
	/* single sign-on may bring the old login back, and a login may come
	 * too soon: then the password, by hand */
	if (page->marker_count > 0 && (!again || rounds >= LOGIN_ROUNDS_MAX))
		return LOGIN_EXPLAIN;
	(void)snprintf(attempt.nonce, sizeof(attempt.nonce), "%s", nonce);
	attempt.rounds = again ? rounds + 1 : 0;
	if (make_url(policy, endpoint, page->path, &attempt, url) == 0 ||
	    make_url(policy, endpoint, "/", &attempt, url) == 0)
		return LOGIN_REDIRECT;
	return LOGIN_NOTHING;
}

int
login_is_answered(const struct login_page *page,
    const struct decision *decision)
{
	return page->is_page || (decision->verdict == VERDICT_GRANTED &&
	    !page->has_authorization);
}

static const char *const sentences[REASON_COUNT] = {
	[REASON_NO_CREDENTIAL] =
	    "You have logged in, but the login does not reach this site. Its "
	    "operator should look at the cookie domain of Authgear, which must "
	    "cover the name of this site, and at cookie_prefix.",
	[REASON_MALFORMED] =
	    "You have logged in, but two different cookies of one name reach "
	    "this site, which cannot tell the one that counts. Delete the "
	    "cookies of this site and of its parent domain, then load this "
	    "page again. Its operator should look for a second Authgear below "
	    "the same domain, and give one of them another cookie_prefix.",
	[REASON_OVER_LIMIT] =
	    "You have logged in, but the cookie that reaches this site is "
	    "larger than it takes, or tells more. To log in again does not "
	    "change that. Its operator finds the limit in the log.",
	[REASON_NOT_LIVE] =
	    "You have logged in, but the session that reaches this site is "
	    "none that Authgear knows: you were logged out again, your account "
	    "is disabled, or an old cookie is in the way. Load this page again "
	    "to log in once more; if it stays so, delete the cookies of this "
	    "site.",
	[REASON_REVOKED] =
	    "An administrator has revoked the login that reaches this site, "
	    "and logging in has brought no other. Log out at Authgear, then "
	    "load this page again to log in once more.",
	[REASON_SIGNED_OUT] =
	    "An administrator has signed you out, and a login of the same "
	    "moment does not count. Wait ten seconds, then load this page "
	    "again to log in once more. If it stays so, the operator should "
	    "compare the clock of this site with that of Authgear.",
	[REASON_AUTHENTICATION_TOO_OLD] =
	    "This site asks for a fresher login than the one you have just "
	    "made. Its operator should compare the clock of this site with "
	    "that of Authgear, and look at max_authentication_age.",
};

const char *
login_sentence(enum reason reason)
{
	if ((unsigned int)reason < REASON_COUNT && sentences[reason] != NULL)
		return sentences[reason];
	return "You have logged in, but this site does not take the login. "
	    "Its operator finds the reason in the log.";
}
