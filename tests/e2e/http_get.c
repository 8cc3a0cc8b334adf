#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts/resolver.h"
#include "transport/clock.h"
#include "transport/http.h"
#include "transport/http_library.h"

/*
 * Runs exchanges one after the other and prints what came back, for
 * test_http.py:
 *
 *   http_get [-c CA] [-p PROXY] [-i] [-d DEADLINE_MS] [-t CONNECT_SECONDS]
 *       [-m MAX_BODY] [-H NAME:VALUE] [-k BEGIN] [-r QUESTION] [-x METHOD]
 *       [-o] [-s] URL...
 *
 * -o: the head only; -s: the system's certificates too.  One line for each
 * URL: outcome ("closed" for one that was), status, milliseconds, length of
 * the body, error; then each kept header behind a tab, its value in brackets.
 * QUESTION asks as the resolver is asked: "ENDPOINT KIND PREFIX TEXT" with
 * the number of the credential's kind and "-" for no prefix; a line "\t= N"
 * tells the number of the answer.
 */

struct work {
	struct settings settings;
	int64_t deadline;
	size_t max_body;
	const char *header_name;
	const char *header_value;
	const char *keep;
	const char *question;
	const char *method;
	int head_only;
	int trusts_system;
};

static const char *
outcome_name(const struct exchange *exchange)
{
	static const char *const names[] = {
		"unsent", "answered", "unreachable", "faulty"
	};

	return exchange->was_closed ? "closed" : names[exchange->outcome];
}

static struct exchange *
ask(const char *url, const char *question)
{
	struct credential credential = { .kind = CREDENTIAL_NONE };
	char endpoint[256], prefix[65], text[4096];
	int kind;

	if (sscanf(question, "%255s %d %64s %4095s", endpoint, &kind, prefix,
	    text) != 4)
		return NULL;
	credential.kind = (enum credential_kind)kind;
	credential.text = text;
	credential.len = strlen(text);
	return resolver_ask(url, endpoint, strcmp(prefix, "-") == 0 ? "" :
	    prefix, &credential);
}

static void
print_answer(const struct exchange *exchange)
{
	struct error error = { "" };
	struct facts facts;

	facts_init(&facts);
	printf("\t= %d\n", (int)resolver_read(exchange, &facts, &error));
	facts_clear(&facts);
}

static int
get(struct http *http, const struct work *work, const char *url)
{
	struct moment begun = { 0 }, ended = { 0 };
	struct exchange *exchange;
	size_t i;
	int ret = -1;

	exchange = work->question != NULL ? ask(url, work->question) :
	    exchange_new(url, work->max_body);
	if (exchange == NULL)
		return -1;
	if (work->keep != NULL)
		exchange->keep[0] = work->keep;
	exchange->head_only = work->head_only;
	if (work->method != NULL &&
	    exchange_set_method(exchange, work->method) == -1)
		goto done;
	if (work->header_name != NULL && exchange_add_header(exchange,
	    work->header_name, work->header_value) == -1)
		goto done;
	if (clock_now(&begun) == -1)
		goto done;
	http_perform(http, exchange, work->deadline);
	if (clock_now(&ended) == -1)
		goto done;
	printf("%s %d %" PRId64 " %zu %s\n", outcome_name(exchange),
	    exchange->status, ended.boottime - begun.boottime,
	    exchange->body.len, error_text(&exchange->error));
	for (i = 0; i < exchange->kept_count; i++)
		printf("\t%s[%s]\n", exchange->kept[i].name,
		    exchange->kept[i].value);
	if (work->question != NULL)
		print_answer(exchange);
	fflush(stdout);
	ret = 0;
done:
	exchange_free(exchange);
	return ret;
}

static int
read_option(struct work *work, const char *name, char *value)
{
	char *colon;

	switch (name[0] == '-' ? name[1] : '\0') {
	case 'c':
		work->settings.ca_file = value;
		return 0;
	case 'p':
		work->settings.proxy = value;
		return 0;
	case 'd':
		work->deadline = (int)strtol(value, NULL, 10);
		return 0;
	case 't':
		work->settings.connect_timeout = (int)strtol(value, NULL, 10);
		return 0;
	case 'k':
		work->keep = value;
		return 0;
	case 'r':
		work->question = value;
		return 0;
	case 'x':
		work->method = value;
		return 0;
	case 'm':
		work->max_body = strtoul(value, NULL, 10);
		return 0;
	case 'H':
		colon = strchr(value, ':');
		if (colon == NULL)
			return -1;
		*colon = '\0';
		work->header_name = value;
		work->header_value = colon + 1;
		return 0;
	default:
		return -1;
	}
}

/* 1 if it is one without a value. */
static int
read_flag(struct work *work, const char *name)
{
	if (strcmp(name, "-i") == 0)
		work->settings.insecure_allow_http = 1;
	else if (strcmp(name, "-o") == 0)
		work->head_only = 1;
	else if (strcmp(name, "-s") == 0)
		work->trusts_system = 1;
	else
		return 0;
	return 1;
}

int
main(int argc, char *argv[])
{
	struct work work = { .deadline = 20000, .max_body = 65536 };
	struct error error = { "" };
	struct http *http;
	int i = 1, ret = 0;

	work.settings.connect_timeout = 10;
	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (read_flag(&work, argv[i])) {
			i--;
			continue;
		}
		if (read_option(&work, argv[i], argv[i + 1]) == -1)
			return 2;
	}
	if (http_library_init() == -1)
		return 1;
	http = http_new(&work.settings, &error);
	if (http == NULL) {
		fprintf(stderr, "%s\n", error_text(&error));
		return 1;
	}
	if (work.trusts_system)
		http_trust_system(http);
	for (; i < argc && ret == 0; i++)
		ret = get(http, &work, argv[i]);
	http_free(http);
	http_library_end();
	return ret == 0 ? 0 : 1;
}
