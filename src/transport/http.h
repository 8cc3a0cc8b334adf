#ifndef HTTP_H_
#define HTTP_H_

#include <stdint.h>

#include "ground/error.h"
#include "ground/exchange.h"
#include "settings/settings.h"

/*
 * HTTP exchanges over libcurl's multi interface; http*.c alone know curl.
 *
 * - Addresses are https; http to loopback or with insecure_allow_http.
 * - TLS is 1.2 or later, name and chain are verified.
 * - Redirects are not followed, no other protocol is spoken.
 * - A proxy is the configured one; the environment and .netrc say nothing.
 * - Answers are never decompressed.
 * - Connections are kept, with keep-alive probes, and used again within 30 s;
 *   a name is looked up for each new one.
 * - An exchange that fails, or for too long hears no whole head, on a
 *   connection that was used before is tried once more on a new one, within
 *   its deadline.
 *   Whichever answers first counts; older idle ones are used no more.
 * - What fails for want of memory, threads or descriptors of this process is a
 *   LOCAL_FAULT.  The library does not say why a name is not found or TLS does
 *   not begin: then it is one where few descriptors or little memory are left.
 * - Of the final head those headers are kept that exchange->keep names;
 *   interim heads (1xx) and trailers say nothing.
 *
 * Threads: one at a time, but http_wake() may be used by all threads.
 */

struct http;

/* Settings (ca_file, proxy, timeouts, insecure_allow_http) are borrowed until
 * it is freed.  NULL and error. */
struct http *http_new(const struct settings *settings, struct error *error);
void http_free(struct http *http);

/* Beside ca_file, which else stands alone, trust the system's certificates. */
void http_trust_system(struct http *http);

/*
 * Begin: 0, or -1 and the exchange is already UNREACHABLE with its error, or
 * LOCAL_FAULT for want of memory.
 * `deadline`, ms from now, bounds the exchange, connect_timeout the connection.
 * The exchange is borrowed until it is finished or http_free().
 * `owner` is handed back.
 */
int http_begin(struct http *http, struct exchange *exchange,
    int64_t deadline, void *owner);

/* Work and wait at most `wait_ms` for the network or http_wake(). */
void http_work(struct http *http, int wait_ms);

/* The next finished exchange's owner, NULL if none. */
void *http_finished(struct http *http);

/* Begin, work and wait until it has finished; while no other is on its way. */
void http_perform(struct http *http, struct exchange *exchange,
    int64_t deadline);

/* End the wait of http_work(). */
void http_wake(struct http *http);

#endif /* !HTTP_H_ */
