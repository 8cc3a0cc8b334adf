#ifndef CHECK_CHECK_HTTP_H_
#define CHECK_CHECK_HTTP_H_

#include <stdint.h>

#include "ground/error.h"
#include "ground/exchange.h"
#include "settings/settings.h"

/*
 * HTTP for authgear-check, in a shared object of its own, which is loaded for
 * the first exchange only: most logins need none, and libcurl with all that it
 * brings costs as much as the rest of one.
 * Threads: one; never unloaded.
 */

struct http;

/* Borrows settings.  NULL and error. */
struct http *check_http_new(const struct settings *settings,
    struct error *error);
void check_http_perform(struct http *http, struct exchange *exchange,
    int64_t msecs);

#endif /* !CHECK_CHECK_HTTP_H_ */
