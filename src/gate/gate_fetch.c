#include "config.h"

#include "gate/gate_fetch.h"

#include <string.h>

#include "facts/jwks.h"
#include "gate/gate_task.h"

static void
finish(struct gate *gate, struct gate_task *task,
    const struct status_keys *fetched, const struct moment *now)
{
	/* `fetched` borrows from both */
	if (task->keys.fault == REASON_GRANTED)
		(void)keys_fetched(gate->keys, fetched, now,
		    &task->decision.detail);
	else {
		keys_not_fetched(gate->keys, &task->keys.fetch_started, now);
		task->ask_again = now->boottime;
	}
	gate_task_drop_exchange(task);
	metadata_clear(&task->keys.metadata);
	task->keys.has_fetched = 1;
}

static int
ask(struct gate_task *task, const char *url, size_t max_body)
{
	task->exchange = exchange_new(url, max_body);
	if (task->exchange != NULL && exchange_add_header(task->exchange,
	    "Accept", "application/json") == 0)
		return 0;
	error_set(&task->decision.detail, "out of memory");
	task->keys.fault = REASON_OUT_OF_MEMORY;
	gate_task_drop_exchange(task);
	return -1;
}

/* 0 if the exchange brought a document, else -1 and the detail. */
static int
has_document(struct gate_task *task)
{
	const struct exchange *exchange = task->exchange;

	if (exchange->outcome == EXCHANGE_LOCAL_FAULT)
		task->keys.fault = exchange->no_memory ? REASON_OUT_OF_MEMORY :
		    REASON_LOCAL_FAULT;
	if (exchange->outcome == EXCHANGE_UNSENT)
		error_set(&task->decision.detail, "%s: no answer in time",
		    exchange->url);
	else if (exchange->outcome != EXCHANGE_ANSWERED)
		error_set(&task->decision.detail, "%s: %s", exchange->url,
		    error_text(&exchange->error));
	else if (exchange->status != 200)
		error_set(&task->decision.detail, "%s: HTTP status %d",
		    exchange->url, exchange->status);
	else
		return 0;
	return -1;
}

int
gate_fetch_begin(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	struct buffer url;
	int made;

	task->keys.fetch_started = *now;
	task->ask_again = now->boottime +
	    (int64_t)task->settings->keys_cooldown * 1000;
	buffer_init(&url, 1024);
	(void)buffer_append_string(&url, task->settings->endpoint);
	(void)buffer_append_string(&url, METADATA_PATH);
	made = !url.failed && ask(task, url.data, METADATA_MAX_TEXT) == 0;
	if (!made)
		task->keys.fault = REASON_OUT_OF_MEMORY;
	buffer_clear(&url);
	if (!made)
		finish(gate, task, NULL, now);
	return made ? 0 : -1;
}

/* 0 and the next exchange, or -1. */
static int
take_metadata(struct gate_task *task)
{
	struct metadata *metadata = &task->keys.metadata;
	const struct exchange *exchange = task->exchange;
	struct error error;

	error_clear(&error);
	if (metadata_parse(metadata, exchange->body.data, exchange->body.len,
	    task->settings->endpoint, &error) == -1) {
		error_set(&task->decision.detail, "%s: %s", exchange->url,
		    error_text(&error));
		return -1;
	}
	gate_task_drop_exchange(task);
	return ask(task, metadata->jwks_uri, JWKS_MAX_TEXT);
}

static void
take_jwks(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	const struct gate_keys *keys = &task->keys;
	const struct exchange *exchange = task->exchange;
	struct status_keys fetched;
	struct jwks *jwks;
	struct error error;

	error_clear(&error);
	jwks = jwks_parse(exchange->body.data, exchange->body.len, &error);
	if (jwks == NULL) {
		error_set(&task->decision.detail, "%s: %s", exchange->url,
		    error_text(&error));
		finish(gate, task, NULL, now);
		return;
	}
	if (jwks_count(jwks) == 0)
		error_set(&task->decision.detail, "%s: the key set names no "
		    "usable key", task->exchange->url);
	jwks_free(jwks);
	memset(&fetched, 0, sizeof(fetched));
	fetched.jwks_uri = keys->metadata.jwks_uri;
	fetched.authorization_endpoint = keys->metadata.authorization_endpoint;
	fetched.jwks = exchange->body.data;
	fetched.jwks_len = exchange->body.len;
	fetched.started = keys->fetch_started;
	finish(gate, task, &fetched, now);
}

/* Which of the two is out. */
static int
is_jwks(const struct gate_task *task)
{
	return task->keys.metadata.jwks_uri != NULL;
}

int
gate_fetch_go_on(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const int has = has_document(task) == 0;

	if (has && is_jwks(task)) {
		take_jwks(gate, task, now);
		return 0;
	}
	if (has && take_metadata(task) == 0)
		return 1;
	finish(gate, task, NULL, now);
	return 0;
}

void
gate_fetch_abandon(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	/* complete at the last moment: too late for this task alone */
	if (has_document(task) == 0 && is_jwks(task)) {
		take_jwks(gate, task, now);
		return;
	}
	error_set(&task->decision.detail, "%s: no time left for the key set",
	    task->exchange->url);
	finish(gate, task, NULL, now);
}
