#ifndef PROBE_H_
#define PROBE_H_

#include <stddef.h>

#include "fcgi/probe_ask.h"
#include "ground/error.h"
#include "ground/exchange.h"

/*
 * What the answers to the askings of probe_ask.h tell.
 * Threads: one at a time for each report.
 */

enum probe_verdict {
	PROBE_OPEN = 0,		/* answered, and not by a refusal of ours */
	PROBE_NOT_TOLD,		/* no answer, or a broken server's */
	PROBE_CLOSED		/* refused, or nothing at all */
};

/* Why an answer is judged so; the verdict follows from it. */
enum probe_why {
	/* open */
	PROBE_ANSWERED = 0,	/* any status without our refusal */
	PROBE_STORED,		/* a request id that was there already */
	PROBE_BROKEN,		/* what answers breaks HTTP */
	PROBE_OTHER_REFUSES,	/* 401 or 403, not ours */
	PROBE_REDIRECTS,	/* not ours */
	PROBE_TO_HTTPS,		/* the same, from http to https */
	/* not told */
	PROBE_SERVER_FAILS,	/* 5xx, not ours */
	PROBE_NO_READING,	/* GET or HEAD refused as PROBE_UNKNOWN is */
	PROBE_UNHEARD,		/* name, connection, TLS, deadline */
	/* closed */
	PROBE_REFUSED,
	PROBE_LOGIN,
	PROBE_SILENT,		/* closed without an answer */
	PROBE_NO_METHOD		/* the server itself has no such method */
};

#define PROBE_ID_LEN 16		/* hex digits of a request id */
#define PROBE_REASON_MAX 40

struct probe_result {
	const struct probe_asking *asking;
	enum probe_why why;
	int status;		/* 0: no answer */
	char id[PROBE_ID_LEN + 1];	/* our request id; "": none */
	char reason[PROBE_REASON_MAX + 1];	/* X-Authgear-Reason; "" */
	struct error error;	/* of PROBE_BROKEN, _UNHEARD, _SILENT */
};

/* All that one address answered, in the order of asking; {0}: nothing yet. */
struct probe_report {
	struct probe_result results[PROBE_ASKINGS];
	size_t count;
};

/*
 * Judge one exchange that was performed, in the light of those before it, and
 * add it; the result is the report's.
 * Closed: 3xx with a Location, 4xx or 5xx with one X-Authgear-Request-Id of
 * 16 hex digits that came with no other answer; a connection closed without
 * an answer; 400, 405 or 501 to another method than GET and HEAD if
 * PROBE_UNKNOWN got the same, and to TRACE and PROBE_UNKNOWN always.
 * Not told: 5xx without our id; no connection, or no answer in time; 400, 405
 * or 501 to GET and HEAD if PROBE_UNKNOWN got the same, since then nothing
 * shows that anybody is asked.
 * Open: everything else.
 */
const struct probe_result *probe_add(struct probe_report *report,
    const struct probe_asking *asking, const struct exchange *exchange);

/* 1 if asking on is useless: so many in a row were unheard. */
#define PROBE_MAX_UNHEARD 3
int probe_is_hopeless(const struct probe_report *report);

/* Open if any is; else not told if any is or one was not asked. */
enum probe_verdict probe_report_verdict(const struct probe_report *report);

/* NULL if it was not asked. */
const struct probe_result *probe_find(const struct probe_report *report,
    const char *method, enum probe_brings brings);

enum probe_verdict probe_why_verdict(enum probe_why why);
const char *probe_verdict_name(enum probe_verdict verdict);
const char *probe_why_name(enum probe_why why);	/* for JSON: "to-https" */
const char *probe_why_text(enum probe_why why);	/* half a sentence */

#endif /* !PROBE_H_ */
