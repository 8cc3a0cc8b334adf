#ifndef HTTP_H_
#define HTTP_H_

#include <stdint.h>

#include "ground/error.h"
#include "ground/exchange.h"
#include "settings/settings.h"

/*
 * HTTP exchanges over libcurl's multi interface; this module alone knows
 * curl.  All functions of one struct http belong to one thread, except
 * http_wake().  https only, http to loopback or with insecure_allow_http; TLS
 * verified (name and chain, TLS 1.2 or later); no redirect, no other
 * protocol, no proxy but the configured one, nothing from the environment or
 * a .netrc; connections are kept and used again; answers are never
 * decompressed.  Of an answer's final head the headers that exchange->keep
 * names are kept; interim heads (1xx) and trailers say nothing.
 */

struct http;

/* Once, before threads start.  0 or -1. */
int http_library_init(void);
void http_library_end(void);

/* Borrows settings (ca_file, proxy, timeouts, insecure_allow_http). */
struct http *http_new(const struct settings *settings, struct error *error);
void http_free(struct http *http);

/* Beside ca_file, which else stands alone, trust the system's certificates. */
void http_trust_system(struct http *http);

/*
 * Begin.  `deadline` in milliseconds from now bounds the whole exchange
 * (connect_timeout the connection).  The exchange is borrowed until it is
 * finished or http_free(); `owner` is handed back.  On -1 the exchange is
 * already UNREACHABLE with its error.
 */
int http_begin(struct http *http, struct exchange *exchange,
    int64_t deadline, void *owner);

/* Work and wait at most `wait_ms` for the network or http_wake(). */
void http_work(struct http *http, int wait_ms);

/* The next finished exchange's owner, NULL if none. */
void *http_finished(struct http *http);

/* Begin, work and wait until it has finished; with no other exchange on its
 * way. */
void http_perform(struct http *http, struct exchange *exchange,
    int64_t deadline);

/* From any thread: end the wait of http_work(). */
void http_wake(struct http *http);

#endif /* !HTTP_H_ */
