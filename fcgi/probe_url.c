#include "config.h"

#include "fcgi/probe_url.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ground/origin.h"

/* Where it begins behind the scheme; NULL: another scheme. */
static const char *
authority_of(const char *text)
{
	if (strncasecmp(text, "http://", 7) == 0)
		return text + 7;
	if (strncasecmp(text, "https://", 8) == 0)
		return text + 8;
	return NULL;
}

/* 0, or -1: an origin that is too long. */
static int
read_origin(const char *text, const char *end,
    char origin[ORIGIN_MAX + 1])
{
	static const char *const defaults[] = { ":80", ":443" };
	const char *port;
	size_t len = (size_t)(end - text), port_len, i;

	if (len > ORIGIN_MAX)
		return -1;
	for (i = 0; i < len; i++)
		origin[i] = (char)tolower((unsigned char)text[i]);
	origin[len] = '\0';
	port = defaults[origin_is_https(origin)];
	port_len = strlen(port);
	if (len > port_len && strcmp(origin + len - port_len, port) == 0)
		origin[len - port_len] = '\0';
	return 0;
}

static int
is_printable(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text >= 0x7f)
			return 0;
	}
	return 1;
}

int
probe_url_read(const char *text, char url_out[PROBE_URL_MAX + 1],
    struct error *error)
{
	const char *authority = authority_of(text), *end, *slash;
	struct error why = { "" };
	char origin[ORIGIN_MAX + 1];

	url_out[0] = '\0';
	if (authority == NULL) {
		error_set(error, "must begin with http:// or https://");
		return -1;
	}
	end = authority + strcspn(authority, "/?#");
	if (memchr(authority, '@', (size_t)(end - authority)) != NULL) {
		error_set(error, "holds a user name or a password, and no "
		    "credential is sent: leave out what stands before the @");
		return -1;
	}
	if (!is_printable(text)) {
		error_set(error, "holds blanks, control or non-ASCII "
		    "characters: write them as %%XX, and such a name as "
		    "xn--...");
		return -1;
	}
	if (read_origin(text, end, origin) == -1 ||
	    strlen(text) > PROBE_URL_MAX - 1) {
		error_set(error, "is too long");
		return -1;
	}
	if (origin_check(origin, &why) == -1) {
		error_set(error, "has no host of letters, digits, dots and "
		    "hyphens (or [IPv6]), or a port that is none");
		return -1;
	}
	slash = *end == '/' ? "" : "/";
	(void)snprintf(url_out, PROBE_URL_MAX + 1, "%s%s%.*s", origin, slash,
	    (int)strcspn(end, "#"), end);
	return 0;
}
