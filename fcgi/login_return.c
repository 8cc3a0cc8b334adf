#include "config.h"

#include "fcgi/login_return.h"

#include <stdio.h>
#include <string.h>

#include "fcgi/reply_page.h"
#include "ground/params.h"
#include "web/login.h"

static const char *
param(char *const *params, const char *name)
{
	const char *value;

	(void)params_find(params, name, &value);
	return value == NULL ? "" : value;
}

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

/* Where to go on, and the cookie that tells so; "" if it was no attempt. */
static void
read_state(const char *query, int64_t now, char path[LOGIN_PATH_MAX],
    char cookie[LOGIN_COOKIE_SIZE])
{
	const char *state = query_find(query, "state");
	char text[LOGIN_PATH_MAX + LOGIN_TAIL_SIZE];
	struct login_marker marker;
	int is_https;

	cookie[0] = '\0';
	if (state == NULL || decode(state, text, sizeof(text)) == -1)
		text[0] = '\0';
	if (login_marker_cut(text, &marker, &is_https) == 0)
		login_marker_cookie(&marker, is_https, now, cookie);
	(void)snprintf(path, LOGIN_PATH_MAX, "%.*s", LOGIN_PATH_MAX - 1,
	    login_is_local_path(text) ? text : "/");
}

void
login_return_reply(struct reply *reply, char *const *params, int64_t now)
{
	const char *query = param(params, "QUERY_STRING");
	const char *method = param(params, "REQUEST_METHOD");
	char path[LOGIN_PATH_MAX], cookie[LOGIN_COOKIE_SIZE];

	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
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
	read_state(query, now, path, cookie);
	reply_page_redirect(reply, "303 See Other", path,
	    cookie[0] != '\0' ? cookie : NULL);
}
