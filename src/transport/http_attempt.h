#ifndef HTTP_ATTEMPT_H_
#define HTTP_ATTEMPT_H_

#include <stdint.h>

#include <curl/curl.h>

#include "ground/exchange.h"
#include "settings/settings.h"
#include "transport/http_head.h"

/*
 * For http.c: one try at an exchange, which may have two at a time.  The
 * first that hears a whole final head is the winner and alone writes into the
 * exchange; the other one ends at its next byte.
 * Threads: one at a time, that of its struct http.
 */

struct http_attempt {
	void *transfer;			/* whose it is */
	struct exchange *exchange;	/* borrowed */
	struct http_attempt **winner;	/* of both; borrowed */
	CURL *easy;
	struct curl_slist *headers;
	struct http_head head;
	int64_t begun;			/* monotonic milliseconds */
	struct buffer kept;		/* of the final head, until it wins:
					   names and values, a NUL each */
	size_t kept_count;
	size_t skipped;			/* bytes of a body nobody reads */
	int too_big;
	int no_memory;
	unsigned long failures;	/* of memory, when it began */
	int open_errno;		/* why a socket could not be made; 0 */
	char text[CURL_ERROR_SIZE];
};

struct http_attempt_rules {
	int64_t now;		/* monotonic milliseconds */
	int64_t deadline;	/* milliseconds from now */
	int is_fresh;		/* on a connection of its own */
	long lifetime;		/* else on one made so many seconds ago at
				   most; 0: on any */
	int trusts_system;
};

/* Ready for curl_multi_add_handle(), CURLINFO_PRIVATE is the attempt.  NULL:
 * out of memory. */
struct http_attempt *http_attempt_new(const struct settings *settings,
    struct exchange *exchange, struct http_attempt **winner, void *transfer,
    const struct http_attempt_rules *rules);
void http_attempt_free(struct http_attempt *attempt);

/* Its request went over a connection that was there before. */
int http_attempt_is_reused(const struct http_attempt *attempt);

/* What came over its connection ends it, or memory. */
int http_attempt_is_refused(const struct http_attempt *attempt);

/* It has ended with this code: outcome, status and error into the exchange. */
void http_attempt_finish(struct http_attempt *attempt, CURLcode code);

#endif /* !HTTP_ATTEMPT_H_ */
