#ifndef HTTP_SETUP_H_
#define HTTP_SETUP_H_

#include <curl/curl.h>

#include "ground/exchange.h"
#include "ground/origin.h"
#include "settings/settings.h"

/*
 * For http.c: what is judged, and told a handle of the library, before an
 * exchange.  http_library_init() of http.h, which makes the library wipe what
 * it sent, is here as well.
 */

/* scheme://authority of a URL; empty if it is no such thing. */
#define HTTP_ORIGIN_SIZE (ORIGIN_MAX + 1)
void http_url_origin(const char *url, char *origin, size_t size);

/* 0, or -1 and why nothing may be asked there: no origin, or http to another
 * than loopback without insecure_allow_http. */
int http_may_ask(const struct settings *settings, const char *origin,
    struct error *error);

/*
 * The rules of http.h, the site's settings and the request; ca_file beside
 * the system's certificates or in their place.  0, or -1 (out of
 * memory).  *headers_out, for the handle until it has ended, is to be freed
 * by http_headers_free() in both cases.
 */
int http_setup(CURL *easy, const struct settings *settings,
    int trusts_system, const struct exchange *exchange,
    struct curl_slist **headers_out);

/* Wipes them: they hold credentials.  NULL is allowed. */
void http_headers_free(struct curl_slist *headers);

#endif /* !HTTP_SETUP_H_ */
