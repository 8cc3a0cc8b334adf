#include "config.h"

#include "fcgi/probe.h"

#include <string.h>
#include <strings.h>

static const struct {
	enum probe_verdict verdict;
	const char *name;
	const char *text;
} whys[] = {
	[PROBE_ANSWERED] = { PROBE_OPEN, "answered",
	    "answered, and not by a refusal of authgear-fcgi" },
	[PROBE_STORED] = { PROBE_OPEN, "stored",
	    "the same request id twice: a stored answer" },
	[PROBE_BROKEN] = { PROBE_OPEN, "broken",
	    "what answers breaks HTTP" },
	[PROBE_OTHER_REFUSES] = { PROBE_OPEN, "other-refuses",
	    "refused, but not by authgear-fcgi" },
	[PROBE_REDIRECTS] = { PROBE_OPEN, "redirects",
	    "redirected, but not by authgear-fcgi" },
	[PROBE_TO_HTTPS] = { PROBE_OPEN, "to-https",
	    "redirected to https, and not asked before" },
	[PROBE_SERVER_FAILS] = { PROBE_NOT_TOLD, "server-fails",
	    "an error of the server: is the daemon up?" },
	[PROBE_NO_READING] = { PROBE_NOT_TOLD, "no-reading",
	    "refused as a method that nobody knows" },
	[PROBE_UNHEARD] = { PROBE_NOT_TOLD, "unheard", "no answer" },
	[PROBE_REFUSED] = { PROBE_CLOSED, "refused",
	    "refused by authgear-fcgi" },
	[PROBE_LOGIN] = { PROBE_CLOSED, "login",
	    "sent to log in by authgear-fcgi" },
	[PROBE_SILENT] = { PROBE_CLOSED, "silent",
	    "closed without an answer" },
	[PROBE_NO_METHOD] = { PROBE_CLOSED, "no-method",
	    "the server itself has no such method" },
};

enum probe_verdict
probe_why_verdict(enum probe_why why)
{
	return whys[why].verdict;
}

const char *
probe_why_name(enum probe_why why)
{
	return whys[why].name;
}

const char *
probe_why_text(enum probe_why why)
{
	return whys[why].text;
}

const char *
probe_verdict_name(enum probe_verdict verdict)
{
	static const char *const names[] = {
		[PROBE_OPEN] = "open",
		[PROBE_NOT_TOLD] = "not told",
		[PROBE_CLOSED] = "closed",
	};

	return names[verdict];
}

const struct probe_result *
probe_find(const struct probe_report *report, const char *method,
    enum probe_brings brings)
{
	const struct probe_asking *asking;
	size_t i;

	for (i = 0; i < report->count; i++) {
		asking = report->results[i].asking;
		if (asking->brings == brings &&
		    strcmp(asking->method, method) == 0)
			return &report->results[i];
	}
	return NULL;
}

/* The value if it stands there once and is made of `set` alone; else "". */
static void
take_kept(const struct exchange *exchange, const char *name, const char *set,
    char *value_out, size_t size)
{
	const char *value;
	size_t len;

	value_out[0] = '\0';
	if (exchange_find_kept(exchange, name, &value) != 1)
		return;
	len = strspn(value, set);
	if (value[len] != '\0' || len >= size)
		return;
	memcpy(value_out, value, len + 1);
}

static void
read_exchange(struct probe_result *result, const struct exchange *exchange)
{
	result->error = exchange->error;
	if (exchange->outcome != EXCHANGE_ANSWERED)
		return;
	result->status = exchange->status;
	take_kept(exchange, "X-Authgear-Request-Id", "0123456789abcdef",
	    result->id, sizeof(result->id));
	if (strlen(result->id) != PROBE_ID_LEN)
		result->id[0] = '\0';
	take_kept(exchange, "X-Authgear-Reason",
	    "abcdefghijklmnopqrstuvwxyz-", result->reason,
	    sizeof(result->reason));
}

static int
is_stored(const struct probe_report *report, const char *id)
{
	size_t i;

	for (i = 0; i < report->count; i++) {
		if (strcmp(report->results[i].id, id) == 0)
			return 1;
	}
	return 0;
}

static int
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 ||
	    status == 307 || status == 308;
}

/* Why a status that came with our request id. */
static enum probe_why
judge_ours(const struct probe_report *report,
    const struct probe_result *result, const char *location)
{
	if (is_stored(report, result->id))
		return PROBE_STORED;
	if (result->status >= 400)
		return PROBE_REFUSED;
	if (is_redirect(result->status) && location != NULL)
		return PROBE_LOGIN;
	return PROBE_ANSWERED;
}

/* The server's own word on a method; PROBE_ANSWERED: it is not. */
static enum probe_why
judge_method(const struct probe_report *report,
    const struct probe_result *result)
{
	const char *method = result->asking->method;
	const struct probe_result *unknown;

	if (result->status != 400 && result->status != 405 &&
	    result->status != 501)
		return PROBE_ANSWERED;
	/* nginx and Apache answer TRACE by themselves */
	if (strcmp(method, PROBE_UNKNOWN) == 0 || strcmp(method, "TRACE") == 0)
		return PROBE_NO_METHOD;
	unknown = probe_find(report, PROBE_UNKNOWN, PROBE_NOTHING);
	if (unknown == NULL || unknown->why != PROBE_NO_METHOD ||
	    unknown->status != result->status)
		return PROBE_ANSWERED;
	/* Every server knows these: what refuses them is no rule of methods,
	 * and what the address takes (POST) is not asked. */
	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		return PROBE_NO_READING;
	return PROBE_NO_METHOD;
}

/* Why a status that came without. */
static enum probe_why
judge_other(const struct probe_report *report,
    const struct probe_result *result, const char *url, const char *location)
{
	enum probe_why why = judge_method(report, result);

	if (why != PROBE_ANSWERED)
		return why;
	if (result->status >= 500)
		return PROBE_SERVER_FAILS;
	if (result->status == 401 || result->status == 403)
		return PROBE_OTHER_REFUSES;
	if (!is_redirect(result->status) || location == NULL)
		return PROBE_ANSWERED;
	if (strncmp(url, "http://", 7) == 0 &&
	    strncasecmp(location, "https://", 8) == 0)
		return PROBE_TO_HTTPS;
	return PROBE_REDIRECTS;
}

static enum probe_why
judge(const struct probe_report *report,
    const struct probe_result *result, const struct exchange *exchange)
{
	const char *location;

	switch (exchange->outcome) {
	case EXCHANGE_ANSWERED:
		break;
	case EXCHANGE_FAULTY:
		return PROBE_BROKEN;
	case EXCHANGE_UNREACHABLE:
	case EXCHANGE_LOCAL_FAULT:
	case EXCHANGE_UNSENT:
	default:
		return exchange->was_closed ? PROBE_SILENT : PROBE_UNHEARD;
	}
	(void)exchange_find_kept(exchange, "Location", &location);
	if (result->id[0] != '\0')
		return judge_ours(report, result, location);
	return judge_other(report, result, exchange->url, location);
}

const struct probe_result *
probe_add(struct probe_report *report, const struct probe_asking *asking,
    const struct exchange *exchange)
{
	struct probe_result *result = &report->results[report->count];

	memset(result, 0, sizeof(*result));
	result->asking = asking;
	read_exchange(result, exchange);
	result->why = judge(report, result, exchange);
	report->count++;
	return result;
}

int
probe_is_hopeless(const struct probe_report *report)
{
	size_t i;

	if (report->count < PROBE_MAX_UNHEARD)
		return 0;
	for (i = report->count - PROBE_MAX_UNHEARD; i < report->count; i++) {
		if (report->results[i].why != PROBE_UNHEARD)
			return 0;
	}
	return 1;
}

enum probe_verdict
probe_report_verdict(const struct probe_report *report)
{
	enum probe_verdict verdict = report->count == PROBE_ASKINGS ?
	    PROBE_CLOSED : PROBE_NOT_TOLD;
	size_t i;

	for (i = 0; i < report->count; i++) {
		if (probe_why_verdict(report->results[i].why) < verdict)
			verdict = probe_why_verdict(report->results[i].why);
	}
	return verdict;
}
