#include "config.h"

#include "fcgi/probe_command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/probe_print.h"
#include "fcgi/probe_url.h"
#include "settings/settings.h"
#include "transport/http.h"
#include "transport/http_library.h"

#define NAME "authgear-fcgi"
#define CONNECT_SECONDS 3
#define DEADLINE_MS 5000	/* of one asking */

struct probe {
	struct settings *settings;	/* NULL: not readable */
	struct settings site;	/* what the HTTP module is told; borrows */
	struct http *http;
	struct probe_print print;
};

/* One that is refused is not repeated: it may hold a password. */
static int
check_urls(const struct options *options)
{
	struct error error;
	char url[PROBE_URL_MAX + 1];
	size_t i;

	for (i = 0; i < options->url_count; i++) {
		error_clear(&error);
		if (probe_url_read(options->urls[i], url, &error) == 0)
			continue;
		if (strchr(options->urls[i], '@') == NULL)
			fprintf(stderr, NAME ": \"%.80s\": %s; try "
			    "--help\n", options->urls[i], error_text(&error));
		else
			fprintf(stderr, NAME ": address %zu: %s; try "
			    "--help\n", i + 1, error_text(&error));
		return -1;
	}
	return 0;
}

static void
load_settings(struct probe *probe, const struct options *options)
{
	struct error error = { "" };
	const char *ca_file;

	probe->site.connect_timeout = CONNECT_SECONDS;
	probe->site.insecure_allow_http = 1;
	probe->site.max_lookups = 1;
	probe->settings = settings_load(options->config, &error);
	if (probe->settings == NULL) {
		/* another machine than the server's has none */
		if (options->has_config ||
		    access(options->config, F_OK) == 0)
			fprintf(stderr, NAME ": probed without "
			    "settings: %s\n", error_text(&error));
		return;
	}
	ca_file = probe->settings->ca_file;
	if (ca_file != NULL && access(ca_file, R_OK) == 0)
		probe->site.ca_file = probe->settings->ca_file;
}

static int
begin(struct probe *probe, const struct options *options)
{
	struct error error = { "" };

	load_settings(probe, options);
	/* a connection that breaks is an answer; so is a closed stdout */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    http_library_init() == -1) {
		fputs(NAME ": the HTTP library does not start\n",
		    stderr);
		return -1;
	}
	probe->http = http_new(&probe->site, &error);
	if (probe->http == NULL) {
		fprintf(stderr, NAME ": %s\n", error_text(&error));
		return -1;
	}
	http_trust_system(probe->http);
	return 0;
}

/* 0, or -1: out of memory. */
static int
ask(struct probe *probe, const char *url,
    const struct probe_asking *asking, struct probe_report *report)
{
	const char *prefix = probe->settings != NULL ?
	    probe->settings->cookie_prefix : "";
	struct exchange *exchange;

	exchange = probe_ask_exchange(asking, url, prefix);
	if (exchange == NULL)
		return -1;
	http_perform(probe->http, exchange, DEADLINE_MS);
	probe_print_result(&probe->print, probe_add(report, asking, exchange));
	exchange_free(exchange);
	return 0;
}

static enum probe_verdict
ask_address(struct probe *probe, const char *text)
{
	const struct probe_asking *asking;
	struct probe_report report = { .count = 0 };
	char url[PROBE_URL_MAX + 1];
	size_t i;

	if (probe_url_read(text, url, NULL) == -1)
		return PROBE_NOT_TOLD;
	probe_print_address(&probe->print, url);
	for (i = 0; (asking = probe_ask_at(i)) != NULL; i++) {
		if (probe_is_hopeless(&report))
			break;
		if (ask(probe, url, asking, &report) == -1) {
			fputs(NAME ": out of memory\n", stderr);
			break;
		}
	}
	probe_print_summary(&probe->print, url, &report, probe->settings);
	return probe_report_verdict(&report);
}

int
probe_command(const struct options *options)
{
	struct probe probe = { .settings = NULL };
	enum probe_verdict worst = PROBE_CLOSED, verdict;
	int ret = EXIT_FAILURE;
	size_t i;

	if (check_urls(options) == -1)
		return 2;
	if (begin(&probe, options) == -1)
		goto done;
	probe_print_begin(&probe.print, stdout, options->json);
	for (i = 0; i < options->url_count; i++) {
		verdict = ask_address(&probe, options->urls[i]);
		if (verdict < worst)
			worst = verdict;
	}
	if (probe_print_end(&probe.print, worst) == 0 &&
	    worst == PROBE_CLOSED)
		ret = EXIT_SUCCESS;
done:
	http_free(probe.http);
	http_library_end();
	settings_free(probe.settings);
	return ret;
}
