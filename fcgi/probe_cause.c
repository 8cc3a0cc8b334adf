#include "config.h"

#include "fcgi/probe_cause.h"

#include <string.h>

static const struct {
	const char *name;
	const char *text;
} causes[] = {
	[PROBE_CAUSE_NOBODY] = { "nobody",
	    "nobody asks authgear-fcgi here: the address is not guarded, or a "
	    "rewrite, an error page (error_page, ErrorDocument), a cache or a "
	    "module that comes first answers in its place" },
	[PROBE_CAUSE_PARTLY] = { "partly",
	    "some askings are answered and others refused: a cache, a rewrite "
	    "or an error page answers in place of authgear-fcgi, or it is "
	    "asked for some methods only" },
	[PROBE_CAUSE_CACHE] = { "cache",
	    "a cache answers in place of authgear-fcgi, which gives no request "
	    "id twice" },
	[PROBE_CAUSE_PASS] = { "unauthenticated-pass",
	    "who brings no credential passes, and only a bad one is refused: "
	    "unauthenticated = pass" },
	[PROBE_CAUSE_PREFLIGHT] = { "cors-preflight-pass",
	    "preflight requests pass: cors_preflight = pass, or the server "
	    "answers OPTIONS by itself" },
	[PROBE_CAUSE_FORGED] = { "forged-identity",
	    "identity headers of the client are believed before authgear-fcgi "
	    "is asked: in a condition of the server, or since the include or "
	    "Lua script that clears them is missing" },
	[PROBE_CAUSE_BAD] = { "bad-credential",
	    "a credential that is none opens it: a rule of the server looks "
	    "only whether there is one, or resolver_url answers yes to "
	    "everybody" },
	[PROBE_CAUSE_METHOD] = { "method",
	    "a module that answers by itself before authgear-fcgi is asked "
	    "(WebDAV and its like), or a rule for some methods only" },
	[PROBE_CAUSE_TRACE] = { "trace",
	    "the server answers TRACE by itself and so shows the request; "
	    "switch it off (Apache: TraceEnable Off)" },
	[PROBE_CAUSE_UNKNOWN] = { "unknown-method",
	    "authgear-fcgi is asked for some methods only (Limit, "
	    "limit_except, a condition on the method): guard all" },
	[PROBE_CAUSE_OTHER] = { "other",
	    "something refuses here, but not authgear-fcgi: another login, "
	    "an access rule, or an error page of the site's own in place of "
	    "ours" },
	[PROBE_CAUSE_REDIRECT] = { "redirect",
	    "a redirect that is no login of ours: the server answers before "
	    "authgear-fcgi is asked, or another login guards the address" },
	[PROBE_CAUSE_HTTPS] = { "https",
	    "the server sends everybody to https: probe the https address" },
	[PROBE_CAUSE_BROKEN] = { "broken",
	    "what answers there does not speak HTTP: is it the right address, "
	    "and http or https as it should be?" },
	[PROBE_CAUSE_DAEMON] = { "daemon",
	    "the server fails, without a request id of authgear-fcgi: is the "
	    "daemon up? See its log and the server's" },
	[PROBE_CAUSE_UNHEARD] = { "unheard", "" },
	[PROBE_CAUSE_NO_READING] = { "no-reading",
	    "GET is refused as a method that nobody knows, so nothing shows "
	    "whether authgear-fcgi is asked: probe an address that can be "
	    "read, and this one by hand with the method that it takes" },
	[PROBE_CAUSE_GUARDED] = { "guarded",
	    "authgear-fcgi refuses who brings nothing good" },
	[PROBE_CAUSE_SILENT] = { "silent",
	    "nothing is given out, but no answer shows that authgear-fcgi is "
	    "asked" },
};

static int
is_open(const struct probe_result *result)
{
	return result != NULL && probe_why_verdict(result->why) == PROBE_OPEN;
}

static int
is_ours(const struct probe_result *result)
{
	return result != NULL && (result->why == PROBE_REFUSED ||
	    result->why == PROBE_LOGIN);
}

static int
has_why(const struct probe_report *report, enum probe_why why)
{
	size_t i;

	for (i = 0; i < report->count; i++) {
		if (report->results[i].why == why)
			return 1;
	}
	return 0;
}

static int
has_ours(const struct probe_report *report)
{
	return has_why(report, PROBE_REFUSED) || has_why(report, PROBE_LOGIN);
}

static int
is_forged(enum probe_brings brings)
{
	return brings >= PROBE_FORGED;
}

/* Open with forged names (or a bad credential), and not without. */
static int
opens(const struct probe_report *report, int forged)
{
	const struct probe_result *result;
	size_t i;

	for (i = 0; i < report->count; i++) {
		result = &report->results[i];
		if (is_open(result) &&
		    result->asking->brings != PROBE_NOTHING &&
		    is_forged(result->asking->brings) == forged &&
		    !is_open(probe_find(report, result->asking->method,
		    PROBE_NOTHING)))
			return 1;
	}
	return 0;
}

/* The next method that is open to who brings nothing; NULL: the end. */
static const char *
next_open(const struct probe_report *report, size_t *at)
{
	const struct probe_result *result;

	while (*at < report->count) {
		result = &report->results[(*at)++];
		if (is_open(result) &&
		    result->asking->brings == PROBE_NOTHING)
			return result->asking->method;
	}
	return NULL;
}

/* GET is not open to who brings nothing; something else is. */
static enum probe_cause
cause_of_some(const struct probe_report *report)
{
	const char *method;
	size_t at = 0;

	if (opens(report, 1))
		return PROBE_CAUSE_FORGED;
	method = next_open(report, &at);
	if (method == NULL)
		return PROBE_CAUSE_BAD;
	if (next_open(report, &at) != NULL)
		return PROBE_CAUSE_METHOD;
	if (strcmp(method, "OPTIONS") == 0 &&
	    is_ours(probe_find(report, method, PROBE_BEARER)))
		return PROBE_CAUSE_PREFLIGHT;
	if (strcmp(method, "TRACE") == 0)
		return PROBE_CAUSE_TRACE;
	return strcmp(method, PROBE_UNKNOWN) == 0 ? PROBE_CAUSE_UNKNOWN :
	    PROBE_CAUSE_METHOD;
}

/* All that is open was answered so. */
static int
all_open_are(const struct probe_report *report, enum probe_why why)
{
	size_t i;

	for (i = 0; i < report->count; i++) {
		if (is_open(&report->results[i]) &&
		    report->results[i].why != why)
			return 0;
	}
	return 1;
}

/* Something else answered, and shows what it is; NOBODY: it does not. */
static enum probe_cause
cause_of_other(const struct probe_report *report, enum probe_why get)
{
	if (get == PROBE_OTHER_REFUSES ||
	    all_open_are(report, PROBE_OTHER_REFUSES))
		return PROBE_CAUSE_OTHER;
	if (get == PROBE_TO_HTTPS || all_open_are(report, PROBE_TO_HTTPS))
		return PROBE_CAUSE_HTTPS;
	if (get == PROBE_REDIRECTS || all_open_are(report, PROBE_REDIRECTS))
		return PROBE_CAUSE_REDIRECT;
	if (get == PROBE_BROKEN || all_open_are(report, PROBE_BROKEN))
		return PROBE_CAUSE_BROKEN;
	return PROBE_CAUSE_NOBODY;
}

static enum probe_cause
cause_of_open(const struct probe_report *report)
{
	const struct probe_result *get =
	    probe_find(report, "GET", PROBE_NOTHING);
	enum probe_cause cause;

	if (has_why(report, PROBE_STORED))
		return PROBE_CAUSE_CACHE;
	if (is_open(get) && is_ours(probe_find(report, "GET", PROBE_BEARER)))
		return PROBE_CAUSE_PASS;
	cause = cause_of_other(report, get != NULL ? get->why :
	    PROBE_UNHEARD);
	if (cause != PROBE_CAUSE_NOBODY)
		return cause;
	if (!is_open(get))
		return cause_of_some(report);
	return has_ours(report) ? PROBE_CAUSE_PARTLY : PROBE_CAUSE_NOBODY;
}

enum probe_cause
probe_cause_of(const struct probe_report *report)
{
	switch (probe_report_verdict(report)) {
	case PROBE_CLOSED:
		return has_ours(report) ? PROBE_CAUSE_GUARDED :
		    PROBE_CAUSE_SILENT;
	case PROBE_NOT_TOLD:
		if (has_why(report, PROBE_SERVER_FAILS))
			return PROBE_CAUSE_DAEMON;
		return has_why(report, PROBE_NO_READING) ?
		    PROBE_CAUSE_NO_READING : PROBE_CAUSE_UNHEARD;
	case PROBE_OPEN:
	default:
		return cause_of_open(report);
	}
}

const char *
probe_cause_name(enum probe_cause cause)
{
	return causes[cause].name;
}

/* " (policy a, b)", of those that let pass. */
static void
say_policies(const struct settings *settings, int is_preflight,
    struct buffer *text)
{
	const char *before = " (policy ";
	size_t i;

	for (i = 0; i < settings->policy_count; i++) {
		if (!policy_lets_pass(settings->policies[i], is_preflight))
			continue;
		buffer_append_format(text, "%s%s", before,
		    settings->policies[i]->name);
		before = ", ";
	}
	buffer_append_string(text, before[0] == ',' ? ")" :
	    ", though no policy of these settings says so");
}

/* "OPTIONS, PROPFIND: " */
static void
say_methods(const struct probe_report *report, struct buffer *text)
{
	const char *method, *before = "";
	size_t at = 0;

	while ((method = next_open(report, &at)) != NULL) {
		buffer_append_format(text, "%s%s", before, method);
		before = ", ";
	}
	buffer_append_string(text, ": ");
}

static void
say_unheard(const struct probe_report *report, struct buffer *text)
{
	size_t i;

	for (i = 0; i < report->count; i++) {
		if (report->results[i].why != PROBE_UNHEARD)
			continue;
		buffer_append_string(text,
		    error_text(&report->results[i].error));
		return;
	}
	buffer_append_string(text, "not all was asked");
}

void
probe_cause_say(const struct probe_report *report,
    const struct settings *settings, struct buffer *text)
{
	enum probe_cause cause = probe_cause_of(report);

	if (cause == PROBE_CAUSE_METHOD)
		say_methods(report, text);
	if (cause == PROBE_CAUSE_UNHEARD)
		say_unheard(report, text);
	buffer_append_string(text, causes[cause].text);
	if (settings != NULL && cause == PROBE_CAUSE_PASS)
		say_policies(settings, 0, text);
	if (settings != NULL && cause == PROBE_CAUSE_PREFLIGHT)
		say_policies(settings, 1, text);
	if (cause == PROBE_CAUSE_PASS &&
	    is_open(probe_find(report, "GET", PROBE_FORGED)))
		buffer_append_string(text,
		    "; forged identity headers pass as well");
}
