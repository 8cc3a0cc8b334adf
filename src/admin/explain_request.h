#ifndef EXPLAIN_REQUEST_H_
#define EXPLAIN_REQUEST_H_

#include "ground/error.h"
#include "settings/settings.h"

/*
 * What the log tells of one request: what its reason means, and which settings
 * and commands it goes by here.
 */
struct explain_request {
	const struct settings *settings;
	const char *id;
	const char *file;	/* NULL: stdin if it has anything, else the
				   journal; "-": stdin */
	int json;
};

/* Told on stdout: 0, or -1 and error. */
int explain_request(const struct explain_request *request,
    struct error *error);

#endif /* !EXPLAIN_REQUEST_H_ */
