#ifndef FCGI_PROBE_H_
#define FCGI_PROBE_H_

#include <stddef.h>

/*
 * Is a guarded address closed to strangers?  What is asked, and what an
 * answer means.  Pure: no network; probe_command.h performs and prints.
 */

enum probe_verdict {
	PROBE_OPEN = 0,
	PROBE_NOT_TOLD,
	PROBE_CLOSED
};

/* What is brought along. */
enum probe_brings {
	PROBE_NOTHING = 0,
	PROBE_BAD_TOKEN,
	PROBE_BAD_COOKIE,
	PROBE_FORGED,		/* identity headers, in three spellings */
	PROBE_BRINGS_COUNT
};

#define PROBE_METHODS 5		/* GET, HEAD, OPTIONS, PROPFIND, TRACE */
#define PROBE_ASKINGS (PROBE_METHODS * PROBE_BRINGS_COUNT)
#define PROBE_UNKNOWN "XAUTHGEARX"	/* a method that nobody knows */
#define PROBE_ID_LEN 16		/* hex digits of our request ids */
#define PROBE_TEXT 200

const char *probe_method(size_t asking);
enum probe_brings probe_brings_of(size_t asking);
const char *probe_brings_name(enum probe_brings brings);

/* What came back of one asking. */
struct probe_seen {
	int status;		/* of HTTP; 0: no answer */
	int was_closed;		/* connected, then closed without a word */
	int is_unreachable;	/* nobody there, or too late; see `text` */
	char id[PROBE_ID_LEN + 1];	/* our request id; "" if there is none */
	char reason[40];	/* X-Authgear-Reason; may be "" */
	char text[PROBE_TEXT];	/* why there was no answer, else where a
				   redirect leads */
};

struct probe_result {
	enum probe_verdict verdict;
	char why[PROBE_TEXT];	/* half a sentence */
};

/*
 * Judge asking `at` of seen[]; those before it count too: an id that came
 * twice is a stored answer.  `unknown` is what PROBE_UNKNOWN got.  Closed: a
 * refusal or redirect with our id; nothing at all; 400, 405 or 501 that the
 * server gives for a method that nobody knows as well, or for TRACE, which
 * servers answer by themselves.  Not told: nobody there, no HTTP, other 5xx
 * without our id.  Open: anything else.
 */
void probe_judge(const struct probe_seen *seen, size_t at,
    const struct probe_seen *unknown, struct probe_result *result);

/*
 * Of a whole address: the worst verdict (open, then not told), and in `cause`
 * one sentence that says the likely cause and what to do.  `passing` names
 * policies with unauthenticated or cors_preflight = pass, NULL if not known.
 */
enum probe_verdict probe_sum_up(const struct probe_seen *seen,
    const struct probe_result *results, const char *passing, char *cause,
    size_t size);

/* "open", "not told" or "closed". */
const char *probe_verdict_name(enum probe_verdict verdict);

/* 0, or -1 and half a sentence: not http or https, no host, a user name in
 * it, a fragment, blanks or other than visible ASCII, over 2,000 bytes. */
int probe_check_url(const char *url, const char **why);

#endif /* !FCGI_PROBE_H_ */
