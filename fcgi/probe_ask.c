#include "config.h"

#include "fcgi/probe_ask.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define COOKIE_MAX 256		/* bytes of a header, and so of a prefix */

/* Refused by the daemon itself, so that Authgear is not asked. */
#define BAD_BEARER "Bearer authgear-fcgi--probe"
/* The shape of a session that nobody has. */
#define BAD_SESSION "authgear0fcgi0probe0no0session00"

static const struct probe_asking askings[] = {
	{ PROBE_UNKNOWN, PROBE_NOTHING },
	{ "GET", PROBE_NOTHING },
	{ "GET", PROBE_BEARER },
	{ "GET", PROBE_COOKIE },
	{ "GET", PROBE_FORGED },
	{ "GET", PROBE_FORGED_UNDERSCORE },
	{ "GET", PROBE_FORGED_DOT },
	{ "HEAD", PROBE_NOTHING },
	{ "HEAD", PROBE_BEARER },
	{ "HEAD", PROBE_COOKIE },
	{ "HEAD", PROBE_FORGED_ALL },
	{ "OPTIONS", PROBE_NOTHING },
	{ "OPTIONS", PROBE_BEARER },
	{ "OPTIONS", PROBE_COOKIE },
	{ "OPTIONS", PROBE_FORGED_ALL },
	{ "PROPFIND", PROBE_NOTHING },
	{ "PROPFIND", PROBE_BEARER },
	{ "PROPFIND", PROBE_COOKIE },
	{ "PROPFIND", PROBE_FORGED_ALL },
	{ "TRACE", PROBE_NOTHING },
	{ "TRACE", PROBE_BEARER },
	{ "TRACE", PROBE_COOKIE },
	{ "TRACE", PROBE_FORGED_ALL },
};

static const struct header {
	const char *name;
	const char *value;
} forged[] = {
	{ "X-Authgear-Decision", "granted" },
	{ "X-Authgear-Session-Valid", "true" },
	{ "X-Authgear-User-Id", "authgear-fcgi-probe" },
	{ "X-Authgear-User-Roles", "admin" },
	{ "X-Authgear-Remote-User", "authgear-fcgi-probe" },
	{ "Remote-User", "authgear-fcgi-probe" },
	{ "X-Remote-User", "authgear-fcgi-probe" },
	{ "X-Forwarded-User", "authgear-fcgi-probe" },
};

/* A page load: where the policy says so it is sent to log in. */
static const struct header always[] = {
	{ "Accept", "text/html,*/*;q=0.8" },
};

/* What a browser asks before it lets a page of another site send. */
static const struct header preflight[] = {
	{ "Origin", "https://probe.invalid" },
	{ "Access-Control-Request-Method", "GET" },
};

const struct probe_asking *
probe_ask_at(size_t i)
{
	_Static_assert(COUNT(askings) == PROBE_ASKINGS, "as in the header");

	return i < PROBE_ASKINGS ? &askings[i] : NULL;
}

static int
add_headers(struct exchange *exchange, const struct header *headers,
    size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (exchange_add_header(exchange, headers[i].name,
		    headers[i].value) == -1)
			return -1;
	}
	return 0;
}

static int
add_forged(struct exchange *exchange, char separator)
{
	char name[64];
	size_t i;
	char *c;

	for (i = 0; i < COUNT(forged); i++) {
		(void)snprintf(name, sizeof(name), "%s", forged[i].name);
		for (c = name; *c != '\0'; c++) {
			if (*c == '-')
				*c = separator;
		}
		if (exchange_add_header(exchange, name,
		    forged[i].value) == -1)
			return -1;
	}
	return 0;
}

static int
add_cookie(struct exchange *exchange, const char *prefix)
{
	struct buffer cookie;
	int ret;

	buffer_init(&cookie, COOKIE_MAX);
	buffer_append_format(&cookie, "app_session=%s", BAD_SESSION);
	if (prefix[0] != '\0')
		buffer_append_format(&cookie, "; %sapp_session=%s", prefix,
		    BAD_SESSION);
	ret = cookie.failed ? -1 :
	    exchange_add_header(exchange, "Cookie", cookie.data);
	buffer_clear(&cookie);
	return ret;
}

static int
bring(struct exchange *exchange, enum probe_brings brings,
    const char *prefix)
{
	switch (brings) {
	case PROBE_BEARER:
		return exchange_add_header(exchange, "Authorization",
		    BAD_BEARER);
	case PROBE_COOKIE:
		return add_cookie(exchange, prefix);
	case PROBE_FORGED:
		return add_forged(exchange, '-');
	case PROBE_FORGED_UNDERSCORE:
		return add_forged(exchange, '_');
	case PROBE_FORGED_DOT:
		return add_forged(exchange, '.');
	case PROBE_FORGED_ALL:
		return add_forged(exchange, '-') == 0 &&
		    add_forged(exchange, '_') == 0 ?
		    add_forged(exchange, '.') : -1;
	case PROBE_NOTHING:
	default:
		return 0;
	}
}

struct exchange *
probe_ask_exchange(const struct probe_asking *asking, const char *url,
    const char *cookie_prefix)
{
	struct exchange *exchange;

	if ((exchange = exchange_new(url, 0)) == NULL)
		return NULL;
	exchange->head_only = 1;
	exchange->keep[0] = "x-authgear-re";	/* request-id, reason */
	exchange->keep[1] = "location";
	if (exchange_set_method(exchange, asking->method) == -1 ||
	    add_headers(exchange, always, COUNT(always)) == -1 ||
	    (strcmp(asking->method, "OPTIONS") == 0 &&
	    add_headers(exchange, preflight, COUNT(preflight)) == -1) ||
	    bring(exchange, asking->brings, cookie_prefix) == -1) {
		exchange_free(exchange);
		return NULL;
	}
	return exchange;
}

const char *
probe_ask_brings_name(enum probe_brings brings)
{
	static const char *const names[] = {
		[PROBE_NOTHING] = "no credential",
		[PROBE_BEARER] = "a bad token",
		[PROBE_COOKIE] = "a bad cookie",
		[PROBE_FORGED] = "forged identity -",
		[PROBE_FORGED_UNDERSCORE] = "forged identity _",
		[PROBE_FORGED_DOT] = "forged identity .",
		[PROBE_FORGED_ALL] = "forged identity",
	};

	return names[brings];
}
