#include "config.h"

#include "probe_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "exchange.h"
#include "json.h"
#include "probe.h"
#include "settings.h"
#include "transport/http.h"

#define PROBE_NAME "authgear-fcgi"
#define CONNECT_SECONDS 3
#define ASKING_MS 6000
#define BODY_MAX 4096		/* no more of it is read */

/* One address. */
struct probe {
	struct http *http;
	const char *url;
	const char *passing;
	int json;
	struct probe_seen unknown;
	struct probe_seen seen[PROBE_ASKINGS];
	struct probe_result results[PROBE_ASKINGS];
};

/* Nobody's: shaped as ours, so that they are judged and not overlooked. */
static int
add_brings(struct exchange *exchange, enum probe_brings brings)
{
	static const struct {
		enum probe_brings brings;
		const char *name, *value;
	} rows[] = {
		{ PROBE_BAD_TOKEN, "Authorization", "Bearer probe" },
		{ PROBE_BAD_COOKIE, "Cookie",
		    "session=00000000-0000-4000-8000-000000000000."
		    "ProbeProbeProbeProbeProbeProbePr" },
		{ PROBE_FORGED, "X-Authgear-User-Id", "probe" },
		{ PROBE_FORGED, "X_Authgear_User_Id", "probe" },
		{ PROBE_FORGED, "X.Authgear.User.Id", "probe" },
		{ PROBE_FORGED, "X-Authgear-Decision", "granted" },
		{ PROBE_FORGED, "X_Authgear_Decision", "granted" },
		{ PROBE_FORGED, "Remote-User", "probe" },
		{ PROBE_FORGED, "Remote_User", "probe" },
		{ PROBE_FORGED, "X-Remote-User", "probe" },
		{ PROBE_FORGED, "X-Forwarded-User", "probe" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].brings == brings && exchange_add_header(exchange,
		    rows[i].name, rows[i].value) == -1)
			return -1;
	return 0;
}

static const char *
kept(const struct exchange *exchange, const char *name)
{
	size_t i;

	for (i = 0; i < exchange->kept_count; i++)
		if (strcasecmp(exchange->kept[i].name, name) == 0)
			return exchange->kept[i].value;
	return "";
}

static int
is_id(const char *text)
{
	return strlen(text) == PROBE_ID_LEN &&
	    strspn(text, "0123456789abcdef") == PROBE_ID_LEN;
}

static void
read_answer(const struct exchange *exchange, struct probe_seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	seen->was_closed = exchange->was_closed;
	if (exchange->outcome != EXCHANGE_ANSWERED) {
		seen->is_unreachable = !seen->was_closed &&
		    exchange->outcome == EXCHANGE_UNREACHABLE;
		(void)snprintf(seen->text, sizeof(seen->text), "%.199s",
		    error_text(&exchange->error));
		return;
	}
	seen->status = exchange->status;
	if (is_id(kept(exchange, "X-Authgear-Request-Id")))
		(void)snprintf(seen->id, sizeof(seen->id), "%s",
		    kept(exchange, "X-Authgear-Request-Id"));
	(void)snprintf(seen->reason, sizeof(seen->reason), "%.39s",
	    kept(exchange, "X-Authgear-Reason"));
	(void)snprintf(seen->text, sizeof(seen->text), "%.199s",
	    kept(exchange, "Location"));
}

/* 0, or -1: memory. */
static int
ask(const struct probe *probe, const char *method, enum probe_brings brings,
    struct probe_seen *seen)
{
	struct exchange *exchange = exchange_new(probe->url, BODY_MAX);
	int ret = -1;

	if (exchange == NULL)
		return -1;
	exchange->keep[0] = "x-authgear-";
	exchange->keep[1] = "location";
	exchange->head_only = 1;
	if (exchange_set_method(exchange, method) == -1 ||
	    exchange_add_header(exchange, "User-Agent", PROBE_NAME
	    " --probe") == -1 || add_brings(exchange, brings) == -1)
		goto done;
	http_perform(probe->http, exchange, ASKING_MS);
	read_answer(exchange, seen);
	ret = 0;
done:
	exchange_free(exchange);
	return ret;
}

static void
print_asking(const struct probe *probe, size_t at)
{
	const struct probe_seen *seen = &probe->seen[at];
	char status[16] = "-";

	if (seen->status != 0)
		(void)snprintf(status, sizeof(status), "%d", seen->status);
	printf("  %-9s %-16s %-4s %-9s %s\n", probe_method(at),
	    probe_brings_name(probe_brings_of(at)), status,
	    probe_verdict_name(probe->results[at].verdict),
	    probe->results[at].why);
	(void)fflush(stdout);
}

/* -1: memory. */
static int
print_json_text(const char *name, const char *text, const char *behind)
{
	char *quoted = json_quote(text);

	if (quoted == NULL)
		quoted = json_quote("?");
	if (quoted == NULL)
		return -1;
	printf("\"%s\":%s%s", name, quoted, behind);
	free(quoted);
	return 0;
}

static int
print_json(const struct probe *probe, enum probe_verdict verdict,
    const char *cause)
{
	size_t i;

	fputs("{", stdout);
	if (print_json_text("url", probe->url, ",") == -1 ||
	    print_json_text("verdict", probe_verdict_name(verdict), ",") ==
	    -1 || print_json_text("cause", cause, ",\"askings\":[") == -1)
		return -1;
	for (i = 0; i < PROBE_ASKINGS; i++) {
		printf("%s{", i > 0 ? "," : "");
		if (print_json_text("method", probe_method(i), ",") == -1 ||
		    print_json_text("brings", probe_brings_name(
		    probe_brings_of(i)), ",") == -1 ||
		    print_json_text("verdict", probe_verdict_name(
		    probe->results[i].verdict), ",") == -1 ||
		    print_json_text("why", probe->results[i].why, ",") ==
		    -1 || print_json_text("request_id", probe->seen[i].id,
		    ",") == -1)
			return -1;
		printf("\"status\":%d}", probe->seen[i].status);
	}
	fputs("]}", stdout);
	return 0;
}

/* The worst verdict of one address, or -1. */
static int
probe_url(struct probe *probe)
{
	enum probe_verdict verdict;
	char cause[512];
	size_t i;

	if (!probe->json)
		printf("%s\n", probe->url);
	if (ask(probe, PROBE_UNKNOWN, PROBE_NOTHING, &probe->unknown) == -1)
		return -1;
	for (i = 0; i < PROBE_ASKINGS; i++) {
		if (ask(probe, probe_method(i), probe_brings_of(i),
		    &probe->seen[i]) == -1)
			return -1;
		probe_judge(probe->seen, i, &probe->unknown,
		    &probe->results[i]);
		if (!probe->json)
			print_asking(probe, i);
	}
	verdict = probe_sum_up(probe->seen, probe->results, probe->passing,
	    cause, sizeof(cause));
	if (probe->json)
		return print_json(probe, verdict, cause) == -1 ? -1 :
		    (int)verdict;
	printf("%s: %s\n", probe_verdict_name(verdict), cause);
	return (int)verdict;
}

/* "policy a, policy b": who lets strangers pass; "" if nobody. */
static void
name_passing(const struct settings *settings, char *text, size_t size)
{
	const struct policy *policy;
	size_t i, len = 0;
	int rc;

	text[0] = '\0';
	for (i = 0; settings != NULL && i < settings->policy_count; i++) {
		policy = settings->policies[i];
		if (!policy->unauthenticated && !policy->cors_preflight)
			continue;
		rc = snprintf(text + len, size - len, "%spolicy %s", len > 0 ?
		    ", " : "", policy->name);
		if (rc < 0 || (size_t)rc >= size - len)
			return;
		len += (size_t)rc;
	}
}

static int
check_urls(const char *const *urls, size_t count)
{
	const char *why;
	size_t i;

	for (i = 0; i < count; i++) {
		if (probe_check_url(urls[i], &why) == 0)
			continue;
		fprintf(stderr, PROBE_NAME ": \"%.80s\": %s; try --help\n",
		    urls[i], why);
		return -1;
	}
	return 0;
}

/* All addresses; 0, 1 or -1. */
static int
probe_all(struct probe *probe, const char *const *urls, size_t count)
{
	int ret = 0, verdict;
	size_t i;

	if (probe->json)
		fputs("{\"probes\":[", stdout);
	for (i = 0; i < count; i++) {
		if (i > 0)
			fputs(probe->json ? "," : "\n", stdout);
		probe->url = urls[i];
		verdict = probe_url(probe);
		if (verdict == -1)
			return -1;
		if (verdict != PROBE_CLOSED)
			ret = 1;
	}
	if (probe->json)
		fputs("]}\n", stdout);
	return fflush(stdout) == 0 && !ferror(stdout) ? ret : -1;
}

int
probe_command(const char *config, const char *const *urls, size_t url_count,
    int json)
{
	struct error error = { "" };
	struct settings *loaded = settings_load(config, NULL);
	struct settings plain = { .connect_timeout = CONNECT_SECONDS };
	struct probe *probe = NULL;
	char passing[256];
	int ret = -1;

	if (check_urls(urls, url_count) == -1) {
		settings_free(loaded);
		return 2;
	}
	if (loaded != NULL)
		plain.ca_file = loaded->ca_file;
	name_passing(loaded, passing, sizeof(passing));
	probe = calloc(1, sizeof(*probe));
	if (probe == NULL || http_library_init() == -1)
		goto done;
	probe->json = json;
	probe->passing = passing[0] != '\0' ? passing : NULL;
	probe->http = http_new(&plain, &error);
	if (probe->http == NULL)
		goto done;
	http_trust_system(probe->http);
	ret = probe_all(probe, urls, url_count);
	http_free(probe->http);
	http_library_end();
done:
	if (ret == -1)
		fprintf(stderr, PROBE_NAME ": %s\n", error.text[0] != '\0' ?
		    error.text : "the probe could not be made");
	free(probe);
	settings_free(loaded);
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
