#ifndef ORIGIN_H_
#define ORIGIN_H_

#include "ground/error.h"

/*
 * Origins (RFC 6454 section 6.2: scheme "://" host [":" port]) as Authgear
 * writes them in `iss` and `aud`: http or https, lower-case host, no default
 * port, no user, path, query, fragment or trailing slash.
 * No state: any thread.
 */

#define ORIGIN_MAX 255		/* characters */

/* 0 if `text` is an origin exactly so; else -1 and the reason in error. */
int origin_check(const char *text, struct error *error);

/* 1 if the origin's scheme is http and its host is loopback: 127.0.0.0/8,
 * [::1] or localhost. */
int origin_is_loopback(const char *origin);

/* 1 if the host of an origin or a URL is a name of RFC 2606 that no real
 * service has: example, invalid, example.com, example.net, example.org, or one
 * below them. */
int origin_is_placeholder(const char *url);

/* 1 if it begins with https:// */
int origin_is_https(const char *origin);

/* 1 if `url` (any URL text) has this very origin: the origin, then its end
 * or one of / ? #. */
int origin_of_url(const char *origin, const char *url);

#endif /* !ORIGIN_H_ */
