#include "config.h"

#include "transport/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "transport/http_head.h"
#include "transport/http_setup.h"

#define HTTP_KEY_CONNECTIONS 2	/* beside those of max_lookups */
#define HTTP_PERFORM_WAIT_MS 1000

/* One exchange on its way. */
struct transfer {
	struct transfer *next;		/* of http->running or ->finished */
	struct exchange *exchange;	/* borrowed */
	void *owner;
	CURL *easy;
	struct curl_slist *headers;
	struct http_head head;
	int too_big;
	int no_memory;
	char text[CURL_ERROR_SIZE];
};

struct http {
	const struct settings *settings;
	CURLM *multi;
	struct transfer *running;
	struct transfer *finished;
	int trusts_system;
};

struct http *
http_new(const struct settings *settings, struct error *error)
{
	struct http *http;

	http = calloc(1, sizeof(*http));
	if (http == NULL)
		goto failed;
	http->settings = settings;
	http->multi = curl_multi_init();
	if (http->multi == NULL)
		goto failed;
	if (curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS,
	    (long)settings->max_lookups + HTTP_KEY_CONNECTIONS) != CURLM_OK)
		goto failed;
	return http;
failed:
	error_set(error, "HTTP library: out of memory");
	http_free(http);
	return NULL;
}

void
http_trust_system(struct http *http)
{
	http->trusts_system = 1;
}

static void
transfer_free(struct transfer *transfer)
{
	if (transfer == NULL)
		return;
	if (transfer->easy != NULL)
		curl_easy_cleanup(transfer->easy);
	http_headers_free(transfer->headers);
	free(transfer);
}

void
http_free(struct http *http)
{
	struct transfer *transfer;

	if (http == NULL)
		return;
	while ((transfer = http->running) != NULL) {
		http->running = transfer->next;
		curl_multi_remove_handle(http->multi, transfer->easy);
		transfer_free(transfer);
	}
	while ((transfer = http->finished) != NULL) {
		http->finished = transfer->next;
		transfer_free(transfer);
	}
	if (http->multi != NULL)
		curl_multi_cleanup(http->multi);
	free(http);
}

static int
is_kept(const struct exchange *exchange,
    const struct http_head_field *field)
{
	size_t i, len;

	for (i = 0; i < EXCHANGE_MAX_KEEP; i++) {
		if (exchange->keep[i] == NULL)
			continue;
		len = strlen(exchange->keep[i]);
		if (field->name_len >= len &&
		    strncasecmp(field->name, exchange->keep[i], len) == 0)
			return 1;
	}
	return 0;
}

/* What the exchange wants of the final head. */
static int
keep(struct transfer *transfer)
{
	struct exchange *exchange = transfer->exchange;
	const struct http_head_field *field = &transfer->head.field;

	if (field->name == NULL || transfer->head.status < 200 ||
	    !is_kept(exchange, field))
		return 0;
	if (exchange->kept_count == EXCHANGE_MAX_KEPT) {
		transfer->head.fault = "too many headers to keep";
		return -1;
	}
	if (exchange_keep_header(exchange, field->name, field->name_len,
	    field->value, field->value_len) == 0)
		return 0;
	transfer->no_memory = 1;
	return -1;
}

/* Nothing more is wanted of the answer. */
static int
has_enough(const struct transfer *transfer)
{
	return transfer->exchange->head_only && transfer->head.complete &&
	    transfer->head.status >= 200;
}

static size_t
take_header(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	size_t len = size * count;

	/* Another count than given makes the library end the transfer. */
	if (http_head_line(&transfer->head, data, len) == -1 ||
	    keep(transfer) == -1 || has_enough(transfer))
		return len + 1;
	return len;
}

static size_t
take_body(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	size_t len = size * count;

	if (buffer_append(&transfer->exchange->body, data, len) == 0)
		return len;
	transfer->too_big = 1;
	return len + 1;
}

static int
set_answer(struct transfer *transfer, int64_t deadline)
{
	CURL *easy = transfer->easy;

	if (curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)deadline) !=
	    CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->text) !=
	    CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION,
	    take_header) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) !=
	    CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) != CURLE_OK)
		return -1;
	return 0;
}

int
http_begin(struct http *http, struct exchange *exchange, int64_t deadline,
    void *owner)
{
	struct transfer *transfer = NULL;
	char origin[HTTP_ORIGIN_SIZE];

	exchange_reset(exchange);
	exchange->outcome = EXCHANGE_UNREACHABLE;
	http_url_origin(exchange->url, origin, sizeof(origin));
	if (http_may_ask(http->settings, origin, &exchange->error) == -1)
		goto failed;
	if (deadline <= 0) {
		error_set(&exchange->error, "%s: no time left", origin);
		goto failed;
	}
	transfer = calloc(1, sizeof(*transfer));
	if (transfer == NULL)
		goto failed;
	transfer->exchange = exchange;
	transfer->owner = owner;
	http_head_init(&transfer->head);
	transfer->easy = curl_easy_init();
	if (transfer->easy == NULL || http_setup(transfer->easy,
	    http->settings, http->trusts_system, exchange,
	    &transfer->headers) == -1 ||
	    set_answer(transfer, deadline) == -1)
		goto failed;
	if (curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK)
		goto failed;
	transfer->next = http->running;
	http->running = transfer;
	return 0;
failed:
	error_set(&exchange->error, "HTTP library: out of memory");
	transfer_free(transfer);
	return -1;
}

static int
is_answer(struct transfer *transfer, CURLcode code)
{
	if (transfer->no_memory)
		return 0;
	if (transfer->exchange->head_only)
		return transfer->head.complete &&
		    http_head_whole(&transfer->head) == 0;
	return code == CURLE_OK && http_head_end(&transfer->head) == 0;
}

/* Is it an answer that breaks HTTP, or none at all? */
static enum exchange_outcome
outcome_of(const struct transfer *transfer, CURLcode code)
{
	if (code == CURLE_OPERATION_TIMEDOUT || transfer->no_memory)
		return EXCHANGE_UNREACHABLE;
	if (transfer->too_big || transfer->head.fault != NULL ||
	    transfer->head.status != 0)
		return EXCHANGE_FAULTY;
	if (code == CURLE_WEIRD_SERVER_REPLY ||
	    code == CURLE_UNSUPPORTED_PROTOCOL)
		return EXCHANGE_FAULTY;
	return EXCHANGE_UNREACHABLE;
}

static int
was_closed(const struct transfer *transfer, CURLcode code)
{
	return transfer->head.len == 0 && (code == CURLE_GOT_NOTHING ||
	    code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR);
}

static void
finish(struct transfer *transfer, CURLcode code)
{
	struct exchange *exchange = transfer->exchange;
	char origin[HTTP_ORIGIN_SIZE];
	const char *text;

	if (is_answer(transfer, code)) {
		exchange->outcome = EXCHANGE_ANSWERED;
		exchange->status = transfer->head.status;
		return;
	}
	exchange_reset(exchange);
	exchange->outcome = outcome_of(transfer, code);
	exchange->was_closed = exchange->outcome == EXCHANGE_UNREACHABLE &&
	    was_closed(transfer, code);
	text = transfer->text[0] != '\0' ? transfer->text :
	    curl_easy_strerror(code);
	http_url_origin(exchange->url, origin, sizeof(origin));
	if (transfer->head.fault != NULL)
		error_set(&exchange->error, "%s answers with %s", origin,
		    transfer->head.fault);
	else if (transfer->too_big)
		error_set(&exchange->error,
		    "%s answers with more than %zu bytes", origin,
		    exchange->max_body);
	else
		error_set(&exchange->error, "%s: %s", origin,
		    transfer->no_memory ? "out of memory" : text);
}

static void
take_out(struct http *http, const struct transfer *transfer)
{
	struct transfer **at;

	for (at = &http->running; *at != NULL; at = &(*at)->next) {
		if (*at == transfer) {
			*at = transfer->next;
			return;
		}
	}
}

static void
collect(struct http *http)
{
	struct transfer *transfer;
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
		transfer = (void *)private;
		take_out(http, transfer);
		curl_multi_remove_handle(http->multi, transfer->easy);
		finish(transfer, code);
		transfer->next = http->finished;
		http->finished = transfer;
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
	struct transfer *transfer;
	void *owner;

	transfer = http->finished;
	if (transfer == NULL)
		return NULL;
	http->finished = transfer->next;
	owner = transfer->owner;
	transfer_free(transfer);
	return owner;
}

void
http_perform(struct http *http, struct exchange *exchange, int64_t deadline)
{
	if (http_begin(http, exchange, deadline, exchange) == -1)
		return;
	do {
		http_work(http, HTTP_PERFORM_WAIT_MS);
	} while (http_finished(http) == NULL);
}

void
http_wake(struct http *http)
{
	curl_multi_wakeup(http->multi);
}
