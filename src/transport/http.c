#include "transport/http.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "transport/http_attempt.h"
#include "transport/http_setup.h"

#define KEY_CONNECTIONS 2	/* beside those of max_lookups */
#define PERFORM_WAIT_MS 1000

struct http {
	const struct settings *settings;
	CURLM *multi;
	struct http_attempt *running;
	struct http_attempt *finished;
	int trusts_system;
};

/* What was sent holds credentials: they do not stay in freed memory. */
static void
wipe_free(void *memory)
{
	if (memory != NULL)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

static void *
wipe_realloc(void *memory, size_t size)
{
	size_t old = memory != NULL ? malloc_usable_size(memory) : 0;
	void *grown = malloc(size > 0 ? size : 1);

	if (grown == NULL)
		return NULL;
	if (memory != NULL)
		memcpy(grown, memory, old < size ? old : size);
	wipe_free(memory);
	return grown;
}

int
http_library_init(void)
{
	/* The library would write TLS secrets to the file this names. */
	if (unsetenv("SSLKEYLOGFILE") != 0)
		return -1;
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_free,
	    wipe_realloc, strdup, calloc) == CURLE_OK ? 0 : -1;
}

void
http_library_end(void)
{
	curl_global_cleanup();
}

struct http *
http_new(const struct settings *settings, struct error *error)
{
	struct http *http = calloc(1, sizeof(*http));

	if (http != NULL) {
		http->settings = settings;
		http->multi = curl_multi_init();
		if (http->multi != NULL && curl_multi_setopt(http->multi,
		    CURLMOPT_MAXCONNECTS, (long)settings->max_lookups +
		    KEY_CONNECTIONS) == CURLM_OK)
			return http;
	}
	error_set(error, "HTTP library: out of memory");
	http_free(http);
	return NULL;
}

void
http_trust_system(struct http *http)
{
	http->trusts_system = 1;
}

void
http_free(struct http *http)
{
	struct http_attempt *attempt;

	if (http == NULL)
		return;
	while ((attempt = http->running) != NULL) {
		http->running = attempt->next;
		curl_multi_remove_handle(http->multi, attempt->easy);
		http_attempt_free(attempt);
	}
	while ((attempt = http->finished) != NULL) {
		http->finished = attempt->next;
		http_attempt_free(attempt);
	}
	if (http->multi != NULL)
		curl_multi_cleanup(http->multi);
	free(http);
}

int
http_begin(struct http *http, struct exchange *exchange, int64_t deadline,
    void *owner)
{
	struct http_attempt *attempt;
	char origin[HTTP_SETUP_ORIGIN_SIZE];

	exchange_reset(exchange);
	exchange->outcome = EXCHANGE_UNREACHABLE;
	http_setup_origin(exchange->url, origin, sizeof(origin));
	if (http_setup_may_ask(http->settings, origin, &exchange->error) == -1)
		return -1;
	if (deadline <= 0) {
		error_set(&exchange->error, "%s: no time left", origin);
		return -1;
	}
	attempt = http_attempt_new(http->settings, http->trusts_system,
	    exchange, deadline);
	if (attempt == NULL || curl_multi_add_handle(http->multi,
	    attempt->easy) != CURLM_OK) {
		error_set(&exchange->error, "HTTP library: out of memory");
		http_attempt_free(attempt);
		return -1;
	}
	attempt->owner = owner;
	attempt->next = http->running;
	http->running = attempt;
	return 0;
}

static void
take_out(struct http *http, const struct http_attempt *attempt)
{
	struct http_attempt **at;

	for (at = &http->running; *at != NULL; at = &(*at)->next) {
		if (*at == attempt) {
			*at = attempt->next;
			return;
		}
	}
}

static void
collect(struct http *http)
{
	struct http_attempt *attempt;
	CURLMsg *message;
	CURLcode code;
	char *private;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		code = message->data.result;
		private = NULL;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
		    &private);
		attempt = (void *)private;
		take_out(http, attempt);
		curl_multi_remove_handle(http->multi, attempt->easy);
		http_attempt_finish(attempt, code);
		attempt->next = http->finished;
		http->finished = attempt;
	}
}

void
http_work(struct http *http, int wait_ms)
{
	int running;

	curl_multi_perform(http->multi, &running);
	collect(http);
	if (http->finished != NULL)
		return;
	curl_multi_poll(http->multi, NULL, 0, wait_ms, NULL);
	curl_multi_perform(http->multi, &running);
	collect(http);
}

void *
http_finished(struct http *http)
{
	struct http_attempt *attempt = http->finished;
	void *owner;

	if (attempt == NULL)
		return NULL;
	http->finished = attempt->next;
	owner = attempt->owner;
	http_attempt_free(attempt);
	return owner;
}

void
http_perform(struct http *http, struct exchange *exchange, int64_t deadline)
{
	if (http_begin(http, exchange, deadline, exchange) == -1)
		return;
	do {
		http_work(http, PERFORM_WAIT_MS);
	} while (http_finished(http) == NULL);
}

void
http_wake(struct http *http)
{
	curl_multi_wakeup(http->multi);
}
