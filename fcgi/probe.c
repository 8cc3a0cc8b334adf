#include "config.h"

#include "fcgi/probe.h"

#include <stdio.h>
#include <string.h>

#define URL_MAX 2000

static const char *const methods[PROBE_METHODS] = {
	"GET", "HEAD", "OPTIONS", "PROPFIND", "TRACE"
};

const char *
probe_method(size_t asking)
{
	return methods[asking / PROBE_BRINGS_COUNT % PROBE_METHODS];
}

enum probe_brings
probe_brings_of(size_t asking)
{
	return (enum probe_brings)(asking % PROBE_BRINGS_COUNT);
}

const char *
probe_brings_name(enum probe_brings brings)
{
	static const char *const names[] = {
		[PROBE_NOTHING] = "no credential",
		[PROBE_BAD_TOKEN] = "a bad token",
		[PROBE_BAD_COOKIE] = "a bad cookie",
		[PROBE_FORGED] = "forged identity"
	};

	return (unsigned int)brings < PROBE_BRINGS_COUNT ? names[brings] : "";
}

const char *
probe_verdict_name(enum probe_verdict verdict)
{
	switch (verdict) {
	case PROBE_CLOSED:
		return "closed";
	case PROBE_NOT_TOLD:
		return "not told";
	case PROBE_OPEN:
	default:
		return "open";
	}
}

static void
say(struct probe_result *result, enum probe_verdict verdict, const char *why)
{
	result->verdict = verdict;
	(void)snprintf(result->why, sizeof(result->why), "%s", why);
}

static int
came_before(const struct probe_seen *seen, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++)
		if (strcmp(seen[i].id, seen[at].id) == 0)
			return 1;
	return 0;
}

static void
judge_ours(const struct probe_seen *seen, size_t at,
    struct probe_result *result)
{
	const int status = seen[at].status;

	if (came_before(seen, at))
		say(result, PROBE_OPEN, "an answer that was stored: its "
		    "request id came before");
	else if (status >= 300 && status < 400)
		say(result, PROBE_CLOSED, "sent to log in");
	else if (status >= 400)
		say(result, PROBE_CLOSED, seen[at].reason[0] != '\0' ?
		    seen[at].reason : "refused");
	else
		say(result, PROBE_OPEN, "passed");
}

static int
is_of_the_server(int status)
{
	return status == 400 || status == 405 || status == 501;
}

static void
judge_others(const struct probe_seen *seen, size_t at,
    const struct probe_seen *unknown, struct probe_result *result)
{
	const int status = seen[at].status;

	if (is_of_the_server(status) && unknown->id[0] == '\0' &&
	    unknown->status == status)
		say(result, PROBE_CLOSED,
		    "as for a method that nobody knows");
	else if (is_of_the_server(status) &&
	    strcmp(probe_method(at), "TRACE") == 0)
		say(result, PROBE_CLOSED, "the server refuses TRACE by "
		    "itself");
	else if (status >= 500)
		say(result, PROBE_NOT_TOLD, "an error that is not "
		    "authgear-fcgi's");
	else if (status >= 300 && status < 400)
		say(result, PROBE_OPEN, "redirected, and nobody was asked");
	else if (status == 401 || status == 403)
		say(result, PROBE_OPEN, "refused by something else than "
		    "authgear-fcgi");
	else
		say(result, PROBE_OPEN, "answered, and nobody was asked");
}

void
probe_judge(const struct probe_seen *seen, size_t at,
    const struct probe_seen *unknown, struct probe_result *result)
{
	if (seen[at].was_closed)
		say(result, PROBE_CLOSED, "no answer at all");
	else if (seen[at].status == 0)
		say(result, PROBE_NOT_TOLD, seen[at].text[0] != '\0' ?
		    seen[at].text : "no answer that is HTTP");
	else if (seen[at].id[0] != '\0')
		judge_ours(seen, at, result);
	else
		judge_others(seen, at, unknown, result);
}

/* --- of a whole address */

struct sum {
	const struct probe_seen *seen;
	const struct probe_result *results;
	size_t open, closed, unreachable;
	size_t open_by[PROBE_BRINGS_COUNT];
};

static void
count(struct sum *sum)
{
	size_t i;

	for (i = 0; i < PROBE_ASKINGS; i++) {
		sum->unreachable += (size_t)sum->seen[i].is_unreachable;
		sum->closed += sum->results[i].verdict == PROBE_CLOSED;
		if (sum->results[i].verdict != PROBE_OPEN)
			continue;
		sum->open++;
		sum->open_by[probe_brings_of(i)]++;
	}
}

/* Do all open ones have a status between these? */
static int
all_open_are(const struct sum *sum, int first, int last)
{
	size_t i;

	for (i = 0; i < PROBE_ASKINGS; i++)
		if (sum->results[i].verdict == PROBE_OPEN &&
		    (sum->seen[i].status < first ||
		    sum->seen[i].status > last || sum->seen[i].id[0] != '\0'))
			return 0;
	return 1;
}

static int
is_stored(const struct sum *sum)
{
	size_t i;

	for (i = 0; i < PROBE_ASKINGS; i++)
		if (sum->seen[i].id[0] != '\0' && came_before(sum->seen, i))
			return 1;
	return 0;
}

/* The methods that are open, "GET, HEAD". */
static void
open_methods(const struct sum *sum, char *text, size_t size)
{
	size_t i, len = 0;
	int rc;

	text[0] = '\0';
	for (i = 0; i < PROBE_ASKINGS; i++) {
		if (sum->results[i].verdict != PROBE_OPEN ||
		    strstr(text, probe_method(i)) != NULL)
			continue;
		rc = snprintf(text + len, size - len, "%s%s", len > 0 ? ", " :
		    "", probe_method(i));
		if (rc < 0 || (size_t)rc >= size - len)
			return;
		len += (size_t)rc;
	}
}

static int
is_pass(const struct sum *sum)
{
	return sum->open_by[PROBE_NOTHING] > 0 &&
	    sum->open_by[PROBE_BAD_TOKEN] == 0 &&
	    sum->open_by[PROBE_BAD_COOKIE] == 0 && sum->closed > 0;
}

static const char *
first_redirect(const struct sum *sum)
{
	size_t i;

	for (i = 0; i < PROBE_ASKINGS; i++)
		if (sum->results[i].verdict == PROBE_OPEN &&
		    sum->seen[i].text[0] != '\0')
			return sum->seen[i].text;
	return "somewhere else";
}

static void
say_open(const struct sum *sum, const char *passing, char *cause, size_t size)
{
	char list[64];

	open_methods(sum, list, sizeof(list));
	if (is_stored(sum))
		(void)snprintf(cause, size, "A cache answers with what was "
		    "said to others; it must not keep answers of guarded "
		    "addresses.");
	else if (is_pass(sum))
		(void)snprintf(cause, size, "Its policy lets in whoever "
		    "brings no credential (unauthenticated = pass%s%s); if "
		    "that is not meant, set it to deny.", passing != NULL ?
		    ": " : "", passing != NULL ? passing : "");
	else if (all_open_are(sum, 300, 399))
		(void)snprintf(cause, size, "It redirects before anybody is "
		    "asked, to %s; probe the address where it ends.",
		    first_redirect(sum));
	else if (all_open_are(sum, 401, 403))
		(void)snprintf(cause, size, "Something else than "
		    "authgear-fcgi refuses here; nobody is asked about this "
		    "address, or a page of the server's own covers the "
		    "refusal.");
	else if (all_open_are(sum, 404, 404))
		(void)snprintf(cause, size, "There is nothing at this "
		    "address, and nobody was asked before that was said; "
		    "probe one that exists.");
	else if (sum->closed > 0 && sum->open == sum->open_by[PROBE_FORGED])
		(void)snprintf(cause, size, "The identity that a client "
		    "claims is believed; take the includes of your web "
		    "server into use as they are.");
	else if (sum->closed > 0)
		(void)snprintf(cause, size, "%s: answered by something that "
		    "does not wait for the authorizer (a module such as "
		    "WebDAV, a handler of its own, a limit to some methods).",
		    list);
	else
		(void)snprintf(cause, size, "Nobody is asked about this "
		    "address: it has no policy, or a rewrite, an error page "
		    "or a cache answers before or in place of the "
		    "authorizer.");
}

enum probe_verdict
probe_sum_up(const struct probe_seen *seen,
    const struct probe_result *results, const char *passing, char *cause,
    size_t size)
{
	struct sum sum = { .seen = seen, .results = results };

	count(&sum);
	if (sum.open > 0) {
		say_open(&sum, passing, cause, size);
		return PROBE_OPEN;
	}
	if (sum.closed == PROBE_ASKINGS) {
		(void)snprintf(cause, size, "A stranger gets nothing here.");
		return PROBE_CLOSED;
	}
	if (sum.unreachable > 0)
		(void)snprintf(cause, size, "It cannot be reached, or does "
		    "not answer in time; look at the address and at the web "
		    "server.");
	else
		(void)snprintf(cause, size, "The web server has nobody to "
		    "ask: is the daemon up, and may the server connect to "
		    "its socket?");
	return PROBE_NOT_TOLD;
}

int
probe_check_url(const char *url, const char **why)
{
	const char *host = NULL, *p;
	size_t len;

	*why = "an address begins with http:// or https://";
	if (strncmp(url, "http://", 7) == 0)
		host = url + 7;
	else if (strncmp(url, "https://", 8) == 0)
		host = url + 8;
	else
		return -1;
	len = strcspn(host, "/?#");
	*why = "the host is missing";
	if (len == 0 || host[0] == ':')
		return -1;
	*why = "no user name or password belongs into it";
	if (memchr(host, '@', len) != NULL)
		return -1;
	*why = "it is over 2000 bytes";
	if (strlen(url) > URL_MAX)
		return -1;
	*why = "it has a blank, a '#' or another character that no address "
	    "has; percent-encode it";
	for (p = url; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '#' || *p == '"' ||
		    *p == '<' || *p == '>' || *p == '\\')
			return -1;
	return 0;
}
