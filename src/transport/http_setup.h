#ifndef HTTP_SETUP_H_
#define HTTP_SETUP_H_

#include <curl/curl.h>

#include "ground/exchange.h"
#include "ground/origin.h"
#include "settings/settings.h"

/*
 * For http*.c: what is judged, and told a handle of the library, before an
 * exchange.  No state: any thread.
 */

#define HTTP_SETUP_IDLE_SECONDS 30	/* a connection is kept for, unused */

/* scheme://authority of a URL; empty if it is no such thing. */
#define HTTP_SETUP_ORIGIN_SIZE (ORIGIN_MAX + 1)
void http_setup_origin(const char *url, char *origin, size_t size);

/* 0, or -1 and why nothing may be asked there: no origin, or http to another
 * than loopback without insecure_allow_http. */
int http_setup_may_ask(const struct settings *settings, const char *origin,
    struct error *error);

/*
 * The rules of http.h, the site's settings and the request: 0, or -1 (memory).
 * `trusts_system`: ca_file is beside the system's certificates.
 * *headers_out belongs to the handle until it has ended; http_setup_free() it
 * in both cases.
 */
int http_setup(CURL *easy, const struct settings *settings,
    int trusts_system, const struct exchange *exchange,
    struct curl_slist **headers_out);

/* Wipes them: they hold credentials.  NULL is allowed. */
void http_setup_free(struct curl_slist *headers);

#endif /* !HTTP_SETUP_H_ */
