#include "config.h"

#include "check/check_http.h"

#include "transport/http.h"
#include "transport/http_library.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT struct http *
check_http_new(const struct settings *settings, struct error *error)
{
	if (http_library_init() == 0)
		return http_new(settings, error);
	error_set(error, "the HTTP library does not start");
	return NULL;
}

EXPORT void
check_http_perform(struct http *http, struct exchange *exchange,
    int64_t msecs)
{
	http_perform(http, exchange, msecs);
}
