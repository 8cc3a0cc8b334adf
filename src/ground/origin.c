#include "ground/origin.h"

#include <string.h>

static const char http[] = "http://";
static const char https[] = "https://";

int
origin_is_https(const char *origin)
{
	return strncmp(origin, https, sizeof(https) - 1) == 0;
}

static const char *
host_of(const char *origin)
{
	if (origin_is_https(origin))
		return origin + sizeof(https) - 1;
	if (strncmp(origin, http, sizeof(http) - 1) == 0)
		return origin + sizeof(http) - 1;
	return NULL;
}

/* Length of the host: a name, an IPv4 address or [IPv6]; 0: none. */
static size_t
host_length(const char *host)
{
	size_t len;

	if (host[0] != '[')
		return strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-");
	len = strspn(host + 1, "abcdef0123456789:.");
	return len > 0 && host[len + 1] == ']' ? len + 2 : 0;
}

static int
port_is_good(const char *port, const char *default_port)
{
	size_t len = strspn(port, "0123456789");
	unsigned long number = 0;
	size_t i;

	if (len == 0 || len > 5 || port[len] != '\0' || port[0] == '0')
		return 0;
	for (i = 0; i < len; i++)
		number = number * 10 + (unsigned long)(port[i] - '0');
	return number <= 65535 && strcmp(port, default_port) != 0;
}

int
origin_check(const char *text, struct error *error)
{
	const char *host = host_of(text);
	size_t len;

	if (strlen(text) > ORIGIN_MAX) {
		error_set(error, "longer than %d characters", ORIGIN_MAX);
		return -1;
	}
	if (host == NULL) {
		error_set(error, "must begin with https:// (or http://)");
		return -1;
	}
	len = host_length(host);
	if (len == 0 || host[0] == '.' || host[0] == '-' || host[0] == ':') {
		error_set(error, "has no host, or one that is not in "
		    "lower-case letters, digits, dots and hyphens");
		return -1;
	}
	if (host[len] == '\0')
		return 0;
	if (host[len] == ':' && port_is_good(host + len + 1,
	    origin_is_https(text) ? "443" : "80"))
		return 0;
	error_set(error, "must be an origin only: scheme, host and, if it is "
	    "not the default one, port; no path, no slash at the end");
	return -1;
}

int
origin_is_loopback(const char *origin)
{
	const char *host = host_of(origin);
	size_t len;

	if (host == NULL || origin_is_https(origin))
		return 0;
	len = host_length(host);
	if (len == 9 && strncmp(host, "localhost", len) == 0)
		return 1;
	if (len == 5 && strncmp(host, "[::1]", len) == 0)
		return 1;
	return strncmp(host, "127.", 4) == 0 &&
	    strspn(host, "0123456789.") == len;
}

int
origin_is_placeholder(const char *url)
{
	static const char *const names[] = { "example", "invalid",
	    "example.com", "example.net", "example.org" };
	const char *host = host_of(url);
	size_t i, len, name_len;

	if (host == NULL)
		return 0;
	len = host_length(host);
	if (len > 0 && host[len - 1] == '.')
		len--;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		name_len = strlen(names[i]);
		if (len >= name_len && memcmp(host + len - name_len, names[i],
		    name_len) == 0 && (len == name_len ||
		    host[len - name_len - 1] == '.'))
			return 1;
	}
	return 0;
}

int
origin_of_url(const char *origin, const char *url)
{
	size_t len = strlen(origin);

	return strncmp(url, origin, len) == 0 &&
	    (url[len] == '\0' || strchr("/?#", url[len]) != NULL);
}
