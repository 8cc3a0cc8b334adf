#ifndef HTTP_ATTEMPT_H_
#define HTTP_ATTEMPT_H_

#include <curl/curl.h>

#include "ground/exchange.h"
#include "settings/settings.h"
#include "transport/http_head.h"

/*
 * One exchange on its way, for http.c: a handle of the library, which has been
 * told what is asked and puts the answer into the exchange.
 * Threads: one at a time, that of its struct http.
 */

struct http_attempt {
	struct http_attempt *next;	/* in a list of struct http */
	struct exchange *exchange;	/* borrowed */
	void *owner;			/* of the exchange */
	CURL *easy;
	struct curl_slist *headers;
	struct http_head head;
	int too_big;
	int no_memory;
	char text[CURL_ERROR_SIZE];
};

/* Ready for the library; `deadline` in milliseconds from when it begins.
 * NULL: out of memory. */
struct http_attempt *http_attempt_new(const struct settings *settings,
    int trusts_system, struct exchange *exchange, int64_t deadline);
void http_attempt_free(struct http_attempt *attempt);

/* The library has ended it with `code`: the outcome of the exchange. */
void http_attempt_finish(struct http_attempt *attempt, CURLcode code);

#endif /* !HTTP_ATTEMPT_H_ */
