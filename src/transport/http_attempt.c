#include "transport/http_attempt.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "transport/http_library.h"
#include "transport/http_setup.h"

#define PROBE_FDS 8
#define PROBE_MEMORY (1024UL * 1024)
#define MAX_SKIPPED (64 * 1024)	/* bytes read to keep a connection */

void
http_attempt_free(struct http_attempt *attempt)
{
	if (attempt == NULL)
		return;
	if (attempt->easy != NULL)
		curl_easy_cleanup(attempt->easy);
	http_setup_free(attempt->headers);
	buffer_clear(&attempt->kept);
	free(attempt);
}

static int
is_kept(const struct exchange *exchange, const struct http_head_field *field)
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
keep(struct http_attempt *attempt)
{
	const struct http_head_field *field = &attempt->head.field;

	if (field->name == NULL || attempt->head.status < 200 ||
	    !is_kept(attempt->exchange, field))
		return 0;
	if (attempt->kept_count == EXCHANGE_MAX_KEPT) {
		attempt->head.fault = "more than 32 headers to keep";
		return -1;
	}
	(void)buffer_append(&attempt->kept, field->name, field->name_len);
	(void)buffer_append(&attempt->kept, "", 1);
	(void)buffer_append(&attempt->kept, field->value, field->value_len);
	(void)buffer_append(&attempt->kept, "", 1);
	attempt->no_memory = attempt->kept.failed;
	attempt->kept_count++;
	return attempt->no_memory ? -1 : 0;
}

/* The first with a whole final head is the answer; what was kept of it. */
static int
win(struct http_attempt *attempt)
{
	const char *name = attempt->kept.data, *value;
	size_t i;

	if (*attempt->winner != NULL || !attempt->head.complete ||
	    attempt->head.status < 200)
		return 0;
	*attempt->winner = attempt;
	for (i = 0; i < attempt->kept_count; i++) {
		value = name + strlen(name) + 1;
		if (exchange_keep_header(attempt->exchange, name,
		    strlen(name), value, strlen(value)) == -1) {
			attempt->no_memory = 1;
			return -1;
		}
		name = value + strlen(value) + 1;
	}
	return 0;
}

/* Nothing more is wanted of the answer. */
static int
has_enough(const struct http_attempt *attempt)
{
	return attempt->exchange->head_only && attempt->head.complete &&
	    attempt->head.status >= 200;
}

/* The answer is its head, whatever comes behind it. */
static int
is_head_alone(const struct http_attempt *attempt)
{
	const struct exchange *exchange = attempt->exchange;

	return exchange->head_only || (exchange->body_of != 0 &&
	    exchange->body_of != attempt->head.status);
}

static size_t
take_header(char *data, size_t size, size_t count, void *context)
{
	struct http_attempt *attempt = context;
	size_t len = size * count;

	/* Another count than given makes the library end the transfer. */
	if ((*attempt->winner != NULL && *attempt->winner != attempt) ||
	    http_head_line(&attempt->head, data, len) == -1 ||
	    keep(attempt) == -1 || win(attempt) == -1 || has_enough(attempt))
		return len + 1;
	return len;
}

static size_t
take_body(char *data, size_t size, size_t count, void *context)
{
	struct http_attempt *attempt = context;
	struct buffer *body = &attempt->exchange->body;
	size_t len = size * count;

	if (*attempt->winner != attempt)
		return len + 1;
	if (is_head_alone(attempt)) {
		attempt->skipped += len;
		return attempt->skipped > MAX_SKIPPED ? len + 1 : len;
	}
	if (buffer_append(body, data, len) == 0)
		return len;
	attempt->no_memory = body->no_memory;
	attempt->too_big = !body->no_memory;
	return len + 1;
}

/* The library does not tell why it got none. */
static curl_socket_t
open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http_attempt *attempt = context;
	int fd;

	(void)purpose;
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol);
	if (fd == -1)
		attempt->open_errno = errno;
	return fd;
}

static int
set_answer(struct http_attempt *attempt)
{
	CURL *easy = attempt->easy;

	if (curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, attempt->text) !=
	    CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_PRIVATE, attempt) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header) !=
	    CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_HEADERDATA, attempt) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) !=
	    CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_WRITEDATA, attempt) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) !=
	    CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, attempt) !=
	    CURLE_OK)
		return -1;
	return 0;
}

static int
set_rules(CURL *easy, const struct http_attempt_rules *rules)
{
	if (curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
	    (long)rules->deadline) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT,
	    (long)rules->is_fresh) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN,
	    rules->lifetime) != CURLE_OK)
		return -1;
	return 0;
}

struct http_attempt *
http_attempt_new(const struct settings *settings, struct exchange *exchange,
    struct http_attempt **winner, void *transfer,
    const struct http_attempt_rules *rules)
{
	struct http_attempt *attempt = calloc(1, sizeof(*attempt));

	if (attempt == NULL)
		return NULL;
	buffer_init(&attempt->kept, HTTP_HEAD_MAX + 2 * EXCHANGE_MAX_KEPT);
	attempt->transfer = transfer;
	attempt->exchange = exchange;
	attempt->winner = winner;
	attempt->begun = rules->now;
	attempt->failures = http_library_failures();
	attempt->easy = curl_easy_init();
	if (attempt->easy != NULL && http_setup(attempt->easy, settings,
	    rules->trusts_system, exchange, &attempt->headers) == 0 &&
	    set_answer(attempt) == 0 && set_rules(attempt->easy, rules) == 0)
		return attempt;
	http_attempt_free(attempt);
	return NULL;
}

int
http_attempt_is_reused(const struct http_attempt *attempt)
{
	long connects = 1, sent = 0;

	if (curl_easy_getinfo(attempt->easy, CURLINFO_NUM_CONNECTS,
	    &connects) != CURLE_OK ||
	    curl_easy_getinfo(attempt->easy, CURLINFO_REQUEST_SIZE, &sent) !=
	    CURLE_OK)
		return 0;
	return connects == 0 && sent > 0;
}

int
http_attempt_is_refused(const struct http_attempt *attempt)
{
	return attempt->head.fault != NULL || attempt->no_memory;
}

static int
is_answer(struct http_attempt *attempt, CURLcode code)
{
	if (attempt->no_memory)
		return 0;
	if (is_head_alone(attempt))
		return attempt->head.complete &&
		    http_head_whole(&attempt->head) == 0;
	return code == CURLE_OK && http_head_end(&attempt->head) == 0;
}

static int
is_lack(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM ||
	    error == ENOBUFS;
}

/* Are there the descriptors and the memory that a look-up of a name, or the
 * beginning of TLS, takes?  0, or an errno. */
static int
find_lack(void)
{
	int fds[PROBE_FDS], error = 0;
	size_t count = 0;
	void *memory;

	while (error == 0 && count < PROBE_FDS) {
		fds[count] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fds[count] == -1)
			error = errno;
		else
			count++;
	}
	while (count > 0)
		(void)close(fds[--count]);
	memory = malloc(PROBE_MEMORY);
	if (memory == NULL)
		error = ENOMEM;
	free(memory);
	return is_lack(error) ? error : 0;
}

/* What this process lacked for it, as an errno; 0: nothing is known to be
 * lacking. */
static int
lack_of(const struct http_attempt *attempt, CURLcode code)
{
	long sent = 0, error = 0;

	if (attempt->no_memory ||
	    http_library_failures() != attempt->failures)
		return ENOMEM;
	(void)curl_easy_getinfo(attempt->easy, CURLINFO_REQUEST_SIZE, &sent);
	/* another address of it may have been asked all the same */
	if (sent == 0 && is_lack(attempt->open_errno))
		return attempt->open_errno;
	(void)curl_easy_getinfo(attempt->easy, CURLINFO_OS_ERRNO, &error);
	switch ((int)code) {
	case CURLE_OUT_OF_MEMORY:
		/* else it is an endless line */
		return sent == 0 ? ENOMEM : 0;
	case CURLE_FAILED_INIT:
		return EAGAIN;
	case CURLE_COULDNT_CONNECT:
		return is_lack((int)error) ? (int)error : 0;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		if (strstr(attempt->text, "thread failed to start") != NULL)
			return EAGAIN;
		return find_lack();
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
		return strstr(attempt->text, "malloc failure") != NULL ?
		    ENOMEM : find_lack();
	default:
		return 0;
	}
}

/* Is it an answer that breaks HTTP, or none at all? */
static enum exchange_outcome
outcome_of(const struct http_attempt *attempt, CURLcode code)
{
	if (code == CURLE_OPERATION_TIMEDOUT)
		return EXCHANGE_UNREACHABLE;
	if (attempt->too_big || attempt->head.fault != NULL ||
	    attempt->head.status != 0)
		return EXCHANGE_FAULTY;
	if (code == CURLE_WEIRD_SERVER_REPLY ||
	    code == CURLE_UNSUPPORTED_PROTOCOL)
		return EXCHANGE_FAULTY;
	return EXCHANGE_UNREACHABLE;
}

static int
was_closed(const struct http_attempt *attempt, CURLcode code)
{
	return attempt->head.len == 0 && (code == CURLE_GOT_NOTHING ||
	    code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR);
}

void
http_attempt_finish(struct http_attempt *attempt, CURLcode code)
{
	struct exchange *exchange = attempt->exchange;
	char origin[HTTP_SETUP_ORIGIN_SIZE];
	const char *text;
	int lack;

	/* before its head is whole, that is also what an endless line gets */
	if (code == CURLE_OUT_OF_MEMORY && *attempt->winner == attempt)
		attempt->no_memory = 1;
	if (is_answer(attempt, code)) {
		exchange->outcome = EXCHANGE_ANSWERED;
		exchange->status = attempt->head.status;
		return;
	}
	lack = lack_of(attempt, code);
	exchange_reset(exchange);
	exchange->outcome = lack != 0 ? EXCHANGE_LOCAL_FAULT :
	    outcome_of(attempt, code);
	exchange->no_memory = lack == ENOMEM || lack == ENOBUFS;
	exchange->was_closed = exchange->outcome == EXCHANGE_UNREACHABLE &&
	    was_closed(attempt, code);
	text = attempt->text[0] != '\0' ? attempt->text :
	    curl_easy_strerror(code);
	http_setup_origin(exchange->url, origin, sizeof(origin));
	if (exchange->no_memory)
		error_set(&exchange->error, "%s: out of memory", origin);
	else if (lack == EMFILE || lack == ENFILE)
		error_set(&exchange->error, "%s: %s", origin, strerror(lack));
	else if (attempt->head.fault != NULL)
		error_set(&exchange->error, "%s answers with %s", origin,
		    attempt->head.fault);
	else if (attempt->too_big)
		error_set(&exchange->error,
		    "%s answers with more than %zu bytes", origin,
		    exchange->max_body);
	else
		error_set(&exchange->error, "%s: %s", origin, text);
}
