#ifndef CHECK_CHECK_LOAD_H_
#define CHECK_CHECK_LOAD_H_

#include <stdint.h>

#include "ground/exchange.h"
#include "settings/settings.h"

/*
 * Exchanges by check_http.h, loaded with the first of them.
 * Threads: one.
 */

struct check_load {
	const struct settings *settings;	/* borrowed */
	struct http *http;			/* NULL until it is loaded */
	void (*perform)(struct http *http, struct exchange *exchange,
	    int64_t msecs);
};

/* The struct check_load as context; what cannot be loaded, or
 * is not root's alone, is a LOCAL_FAULT. */
void check_load_perform(void *context, struct exchange *exchange,
    int64_t msecs);

#endif /* !CHECK_CHECK_LOAD_H_ */
