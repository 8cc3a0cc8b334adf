/* The two exchanges of a key fetch: metadata, then the set it names. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gate/gate_private.h"

static void
drop_exchange(struct gate_task *task)
{
	exchange_free(task->exchange);
	task->exchange = NULL;
}

/* The fetch is over; the task does not begin another one. */
static enum gate_step
finish(struct gate *gate, struct gate_task *task,
    const struct status_keys *fetched, const struct moment *now)
{
	/* `fetched` borrows from both */
	(void)keys_fetched(gate->keys, fetched, now, &task->decision.detail);
	drop_exchange(task);
	metadata_clear(&task->metadata);
	task->phase = GATE_PHASE_TOKEN;
	task->may_fetch = 0;
	return GATE_DONE;
}

static int
ask(struct gate_task *task, const char *url, size_t max_body)
{
	task->exchange = exchange_new(url, max_body);
	if (task->exchange != NULL && exchange_add_header(task->exchange,
	    "Accept", "application/json") == 0)
		return 0;
	error_set(&task->decision.detail, "out of memory");
	drop_exchange(task);
	return -1;
}

/* 0 if the exchange brought a document, else -1 and the detail. */
static int
has_document(struct gate_task *task)
{
	const struct exchange *exchange = task->exchange;

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

enum gate_step
gate_fetch_begin(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	struct buffer url;
	int made;

	task->fetch_started = *now;
	task->ask_again = now->boottime +
	    (int64_t)task->settings->keys_cooldown * 1000;
	buffer_init(&url, 1024);
	(void)buffer_append_string(&url, task->settings->endpoint);
	(void)buffer_append_string(&url, METADATA_PATH);
	made = !url.failed && ask(task, url.data, METADATA_MAX_TEXT) == 0;
	buffer_clear(&url);
	if (!made)
		return finish(gate, task, NULL, now);
	task->phase = GATE_PHASE_METADATA;
	return GATE_EXCHANGE;
}

static enum gate_step
take_metadata(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	struct error error;

	error_clear(&error);
	if (metadata_parse(&task->metadata, task->exchange->body.data,
	    task->exchange->body.len, task->settings->endpoint, &error) == -1) {
		error_set(&task->decision.detail, "%s: %s",
		    task->exchange->url, error_text(&error));
		return finish(gate, task, NULL, now);
	}
	drop_exchange(task);
	if (ask(task, task->metadata.jwks_uri, JWKS_MAX_TEXT) == -1)
		return finish(gate, task, NULL, now);
	task->phase = GATE_PHASE_JWKS;
	return GATE_EXCHANGE;
}

static enum gate_step
take_jwks(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	struct status_keys fetched;
	struct jwks *jwks;
	struct error error;

	error_clear(&error);
	jwks = jwks_parse(task->exchange->body.data, task->exchange->body.len,
	    &error);
	if (jwks == NULL) {
		error_set(&task->decision.detail, "%s: %s",
		    task->exchange->url, error_text(&error));
		return finish(gate, task, NULL, now);
	}
	jwks_free(jwks);
	memset(&fetched, 0, sizeof(fetched));
	fetched.jwks_uri = task->metadata.jwks_uri;
	fetched.authorization_endpoint = task->metadata.authorization_endpoint;
	fetched.jwks = task->exchange->body.data;
	fetched.jwks_len = task->exchange->body.len;
	fetched.started = task->fetch_started;
	return finish(gate, task, &fetched, now);
}

enum gate_step
gate_fetch_go_on(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	if (has_document(task) == -1)
		return finish(gate, task, NULL, now);
	if (task->phase == GATE_PHASE_METADATA)
		return take_metadata(gate, task, now);
	return take_jwks(gate, task, now);
}

void
gate_fetch_abandon(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	/* complete at the last moment: too late for this task, not for others */
	if (has_document(task) == 0 && task->phase == GATE_PHASE_JWKS) {
		(void)take_jwks(gate, task, now);
		return;
	}
	error_set(&task->decision.detail, "%s: no time left for the key set",
	    task->exchange->url);
	(void)finish(gate, task, NULL, now);
}
