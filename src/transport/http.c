#include "transport/http.h"

#include <stdlib.h>
#include <time.h>

#include <curl/curl.h>

#include "transport/http_attempt.h"
#include "transport/http_setup.h"

#define KEY_CONNECTIONS 2	/* beside those of max_lookups */
#define PERFORM_WAIT_MS 1000

/*
 * A connection that was idle may have died without a word.  One that is silent
 * for longer than answers take (and SILENCE_MS) is not trusted: others go
 * on connections of their own, and once such a one has answered, the silent
 * exchange is tried there too; else after FIRST_PERCENT of its time, at most
 * FIRST_MAX_MS.  Who is only slow is then heard all the same.
 */
#define SILENCE_MS 250
#define FIRST_PERCENT 60
#define FIRST_MAX_MS 5000
#define MIN_CHANCE_MS 100	/* with less left nothing is tried again */
#define FRESH_MS 2000	/* ages of connections are whole seconds */

/* One exchange on its way. */
struct transfer {
	struct transfer *next;		/* of http->running or ->finished */
	struct exchange *exchange;	/* borrowed */
	void *owner;
	int64_t begun, until;		/* monotonic milliseconds */
	struct http_attempt *attempts[2];	/* NULL: not made, or over */
	struct http_attempt *winner;
	int is_second;			/* attempts[1] was made */
};

struct http {
	const struct settings *settings;
	CURLM *multi;
	struct transfer *running;
	struct transfer *finished;
	int trusts_system;
	int64_t answer_ms;	/* what answers take: the longest, fading */
	int64_t fresh_begun;	/* latest begin of what a new connection
				   answered, and */
	int64_t dead_before;	/* older ones are dead; 0: none known */
};

static int64_t
now_ms(void)
{
	struct timespec now = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct http *
http_new(const struct settings *settings, struct error *error)
{
	struct http *http;

	http = calloc(1, sizeof(*http));
	if (http == NULL)
		goto failed;
	http->settings = settings;
	http->multi = curl_multi_init();
	if (http->multi == NULL || curl_multi_setopt(http->multi,
	    CURLMOPT_MAXCONNECTS, (long)settings->max_lookups +
	    KEY_CONNECTIONS) != CURLM_OK)
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

/* The multi handle lets go of an attempt first. */
static void
drop(struct http *http, struct http_attempt **attempt)
{
	if (*attempt == NULL)
		return;
	curl_multi_remove_handle(http->multi, (*attempt)->easy);
	http_attempt_free(*attempt);
	*attempt = NULL;
}

static void
transfer_free(struct http *http, struct transfer *transfer)
{
	if (transfer == NULL)
		return;
	drop(http, &transfer->attempts[0]);
	drop(http, &transfer->attempts[1]);
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
		transfer_free(http, transfer);
	}
	while ((transfer = http->finished) != NULL) {
		http->finished = transfer->next;
		transfer_free(http, transfer);
	}
	if (http->multi != NULL)
		curl_multi_cleanup(http->multi);
	free(http);
}

/* It was sent on a connection of before, and no whole head came yet: the
 * beginning of one is as easily the end of a connection. */
static int
is_silent(const struct transfer *transfer)
{
	return !transfer->is_second && transfer->winner == NULL &&
	    transfer->attempts[0] != NULL &&
	    http_attempt_is_reused(transfer->attempts[0]);
}

static int64_t
silence_ms(const struct http *http)
{
	return SILENCE_MS + 2 * http->answer_ms;
}

/* Is there one that is silent for too long? */
static int
is_suspicious(const struct http *http, int64_t now)
{
	const struct transfer *transfer;

	for (transfer = http->running; transfer != NULL;
	    transfer = transfer->next)
		if (now - transfer->begun >= silence_ms(http) &&
		    is_silent(transfer))
			return 1;
	return 0;
}

/* There is time left `now`: the library would take none for no limit. */
static int
add(struct http *http, struct transfer *transfer, int is_second, int64_t now)
{
	struct http_attempt_rules rules = { .now = now,
	    .deadline = transfer->until - now,
	    .trusts_system = http->trusts_system };
	const int64_t since = now - http->dead_before;
	struct http_attempt *attempt;

	rules.is_fresh = is_second || is_suspicious(http, now) ||
	    (http->dead_before != 0 && since < FRESH_MS);
	/* none that was there then is idle for as long and still kept */
	if (http->dead_before != 0 && since >= FRESH_MS &&
	    since < FRESH_MS + HTTP_SETUP_IDLE_SECONDS * 1000)
		rules.lifetime = (long)(since / 1000) - 1;
	attempt = http_attempt_new(http->settings, transfer->exchange,
	    &transfer->winner, transfer, &rules);
	if (attempt == NULL || curl_multi_add_handle(http->multi,
	    attempt->easy) != CURLM_OK) {
		http_attempt_free(attempt);
		return -1;
	}
	transfer->attempts[is_second] = attempt;
	transfer->is_second = is_second;
	return 0;
}

int
http_begin(struct http *http, struct exchange *exchange, int64_t deadline,
    void *owner)
{
	struct transfer *transfer = NULL;
	char origin[HTTP_SETUP_ORIGIN_SIZE];

	exchange_reset(exchange);
	exchange->outcome = EXCHANGE_UNREACHABLE;
	http_setup_origin(exchange->url, origin, sizeof(origin));
	if (http_setup_may_ask(http->settings, origin, &exchange->error) == -1)
		goto failed;
	if (deadline <= 0) {
		error_set(&exchange->error, "%s: no time left", origin);
		goto failed;
	}
	transfer = calloc(1, sizeof(*transfer));
	if (transfer == NULL)
		goto no_memory;
	transfer->exchange = exchange;
	transfer->owner = owner;
	transfer->begun = now_ms();
	transfer->until = transfer->begun + deadline;
	if (add(http, transfer, 0, transfer->begun) == -1)
		goto no_memory;
	transfer->next = http->running;
	http->running = transfer;
	return 0;
no_memory:
	exchange->outcome = EXCHANGE_LOCAL_FAULT;
	exchange->no_memory = 1;
	error_set(&exchange->error, "HTTP library: out of memory");
failed:
	transfer_free(http, transfer);
	return -1;
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

/* What connections are worth, by how this exchange ended. */
static void
learn(struct http *http, const struct transfer *transfer,
    const struct http_attempt *attempt)
{
	const int64_t now = now_ms(), took = now - attempt->begun;

	if (transfer->winner != attempt) {
		if (!http_attempt_is_refused(attempt) &&
		    http_attempt_is_reused(attempt))
			http->dead_before = now;
		return;
	}
	if (took > http->answer_ms)
		http->answer_ms = took;
	else
		http->answer_ms -= (http->answer_ms - took + 7) / 8;
	if (http_attempt_is_reused(attempt))
		return;
	if (attempt->begun > http->fresh_begun)
		http->fresh_begun = attempt->begun;
	if (attempt == transfer->attempts[1])
		http->dead_before = attempt->begun;
}

/* One more try, on a connection of its own; 0, or -1: it is too late. */
static int
try_again(struct http *http, struct transfer *transfer)
{
	const int64_t now = now_ms();

	if (transfer->until - now < MIN_CHANCE_MS)
		return -1;
	return add(http, transfer, 1, now);
}

static void
end(struct http *http, struct http_attempt *attempt, CURLcode code)
{
	struct transfer *transfer = attempt->transfer;
	const int is_second = attempt == transfer->attempts[1];

	curl_multi_remove_handle(http->multi, attempt->easy);
	/* the other one may still be answered */
	if (transfer->winner != attempt &&
	    transfer->attempts[!is_second] != NULL) {
		drop(http, &transfer->attempts[is_second]);
		return;
	}
	if (code != CURLE_OPERATION_TIMEDOUT && is_silent(transfer) &&
	    !http_attempt_is_refused(attempt) &&
	    try_again(http, transfer) == 0) {
		learn(http, transfer, attempt);
		drop(http, &transfer->attempts[0]);
		return;
	}
	learn(http, transfer, attempt);
	http_attempt_finish(attempt, code);
	take_out(http, transfer);
	transfer->next = http->finished;
	http->finished = transfer;
}

static void
collect(struct http *http)
{
	CURLMsg *message;
	CURLcode code;
	char *attempt;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		code = message->data.result;
		attempt = NULL;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
		    &attempt);
		end(http, (void *)attempt, code);
	}
}

/* When a silent exchange is to be tried once more. */
static int64_t
due_at(const struct http *http, const struct transfer *transfer)
{
	const int64_t time = transfer->until - transfer->begun;
	int64_t wait = time / 100 * FIRST_PERCENT;

	if (wait > FIRST_MAX_MS)
		wait = FIRST_MAX_MS;
	if (http->fresh_begun >= transfer->begun || wait < silence_ms(http))
		wait = silence_ms(http);
	return transfer->begun + wait;
}

/* Tries again what is due; how long until the next may be, at most `wait`. */
static int
look(struct http *http, int wait)
{
	const int64_t now = now_ms();
	struct transfer *transfer;
	int64_t left;

	for (transfer = http->running; transfer != NULL;
	    transfer = transfer->next) {
		if (!is_silent(transfer))
			continue;
		left = due_at(http, transfer) - now;
		if (left > 0)
			wait = left < wait ? (int)left : wait;
		else if (try_again(http, transfer) == 0)
			wait = 0;
	}
	return wait;
}

static void
perform(struct http *http)
{
	int running;

	curl_multi_perform(http->multi, &running);
	collect(http);
}

void
http_work(struct http *http, int wait_ms)
{
	perform(http);
	if (http->finished != NULL)
		return;
	wait_ms = look(http, wait_ms);
	curl_multi_poll(http->multi, NULL, 0, wait_ms, NULL);
	perform(http);
}

void *
http_finished(struct http *http)
{
	struct transfer *transfer = http->finished;
	void *owner;

	if (transfer == NULL)
		return NULL;
	http->finished = transfer->next;
	owner = transfer->owner;
	transfer_free(http, transfer);
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
