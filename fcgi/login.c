#include "config.h"

#include "login.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "buffer.h"
#include "fcgi/params.h"

/* Behind `state`, for a login that asked for the password; a fragment never is
 * part of a request's path. */
#define AGAIN "#again"

static const char *
param(char *const *params, const char *name)
{
	const char *value;

	(void)params_find(params, name, &value);
	return value == NULL ? "" : value;
}

/* One path of this very site: "//host" and "/\host" are others to browsers. */
static int
is_local_path(const char *path)
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

static enum login_marker
read_marker(const char *cookies)
{
	static const char name[] = LOGIN_MARKER "=";
	const char *at = cookies;

	while ((at = strstr(at, name)) != NULL) {
		if (at == cookies || at[-1] == ' ' || at[-1] == ';') {
			at += sizeof(name) - 1;
			return *at == '2' ? LOGIN_MARKER_AGAIN :
			    LOGIN_MARKER_LOGIN;
		}
		at++;
	}
	return LOGIN_MARKER_NONE;
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
login_page_read(struct login_page *page, char *const *params)
{
	const char *path = param(params, "REQUEST_URI");

	memset(page, 0, sizeof(*page));
	page->is_page = is_read(params) && is_navigation(params) &&
	    param(params, "HTTP_AUTHORIZATION")[0] == '\0';
	page->marker = read_marker(param(params, "HTTP_COOKIE"));
	(void)snprintf(page->path, sizeof(page->path), "%s",
	    is_local_path(path) ? path : "/");
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

/* 0, or -1 if it does not fit. */
static int
make_url(const struct policy *policy, const char *endpoint, const char *path,
    int again, char url[LOGIN_URL_MAX])
{
	struct buffer text;
	int ret = -1;

	buffer_init(&text, LOGIN_URL_MAX - 1);
	(void)buffer_append_format(&text, "%s%sresponse_type=none&scope=openid"
	    "&client_id=", endpoint, strchr(endpoint, '?') == NULL ? "?" : "&");
	append_encoded(&text, policy->login_client);
	(void)buffer_append_string(&text, "&redirect_uri=");
	append_encoded(&text, policy->login_return);
	(void)buffer_append_string(&text, "&state=");
	append_encoded(&text, path);
	if (again) {
		append_encoded(&text, AGAIN);
		(void)buffer_append_string(&text, "&prompt=login");
	}
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

enum login_step
login_decide(const struct login_page *page, const struct decision *decision,
    const char *endpoint, char url[LOGIN_URL_MAX])
{
	const struct policy *policy = decision->policy;
	const int again = needs_password(decision->reason);

	url[0] = '\0';
	if (policy == NULL || policy->login_client == NULL ||
	    policy->login_return == NULL || endpoint == NULL ||
	    decision->verdict != VERDICT_DENIED || decision->may_pass ||
	    decision->reason == REASON_NEEDS_RESOLVER ||
	    reason_http_status(decision->reason) != 401 || !page->is_page)
		return LOGIN_NOTHING;
	/* single sign-on may bring the old login back: once more, by hand */
	if (page->marker == LOGIN_MARKER_AGAIN ||
	    (page->marker == LOGIN_MARKER_LOGIN && !again))
		return LOGIN_EXPLAIN;
	if (make_url(policy, endpoint, page->path, again, url) == 0 ||
	    make_url(policy, endpoint, "/", again, url) == 0)
		return LOGIN_REDIRECT;
	return LOGIN_NOTHING;
}

/* --- login_return */

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decode one value of a query (up to "&"), once; 0, or -1 if it is malformed,
 * holds a NUL or does not fit. */
static int
decode(const char *text, char *out, size_t size)
{
	size_t len = 0;
	int high, low;

	for (; *text != '\0' && *text != '&'; text++) {
		if (len + 1 >= size)
			return -1;
		out[len] = *text;
		if (*text == '+')
			out[len] = ' ';
		if (*text == '%') {
			high = hex(text[1]);
			low = high == -1 ? -1 : hex(text[2]);
			if (low == -1 || high * 16 + low == 0)
				return -1;
			out[len] = (char)(high * 16 + low);
			text += 2;
		}
		len++;
	}
	out[len] = '\0';
	return 0;
}

/* The value of a name, undecoded; NULL unless it is there exactly once. */
static const char *
query_find(const char *query, const char *name)
{
	const char *found = NULL, *at;
	size_t len = strlen(name);

	for (at = query; at != NULL; at = strchr(at, '&')) {
		at += at[0] == '&';
		if (strncmp(at, name, len) != 0 || at[len] != '=')
			continue;
		if (found != NULL)
			return NULL;
		found = at + len + 1;
	}
	return found;
}

/* Where to go on; *again if the password was asked for. */
static void
read_state(const char *query, char path[LOGIN_PATH_MAX], int *again)
{
	const char *state = query_find(query, "state");
	size_t len;

	*again = 0;
	if (state == NULL || decode(state, path, LOGIN_PATH_MAX) == -1)
		path[0] = '\0';
	len = strlen(path);
	if (len > strlen(AGAIN) &&
	    strcmp(path + len - strlen(AGAIN), AGAIN) == 0) {
		path[len - strlen(AGAIN)] = '\0';
		*again = 1;
	}
	if (!is_local_path(path))
		(void)snprintf(path, LOGIN_PATH_MAX, "/");
}

void
login_return_reply(struct reply *reply, char *const *params)
{
	const char *query = param(params, "QUERY_STRING");
	char path[LOGIN_PATH_MAX];
	int again;

	if (!is_read(params)) {
		reply_page(reply, "405 Method Not Allowed", "Allow: GET, HEAD",
		    "This address is where a login comes back to; it is only "
		    "read.");
		return;
	}
	if (query_find(query, "error") != NULL) {
		reply_page(reply, "403 Forbidden", NULL,
		    "The login was not completed: Authgear refused it. Go "
		    "back to the page you came from to try again; if it stays "
		    "so, the operator of this site should compare login_client "
		    "and login_return with the client at Authgear.");
		return;
	}
	read_state(query, path, &again);
	reply_redirect(reply, "303 See Other", path, again ?
	    LOGIN_MARKER "=2" : LOGIN_MARKER "=1", LOGIN_MARKER_SECONDS);
}
