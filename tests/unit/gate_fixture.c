#include "config.h"

#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate_fixture.h"
#include "facts/metadata.h"
#include "mint.h"
#include "scratch.h"
#include "state/write/trust_init.h"

static void
must(int holds, const char *what, const struct error *error)
{
	if (holds)
		return;
	fprintf(stderr, "gate_fixture: %s: %s\n", what, error_text(error));
	abort();
}

const char *
gate_fixture_path(struct gate_fixture *fixture, const char *name)
{
	return scratch_path(fixture->directory, name);
}

struct gate *
gate_fixture_another(struct gate_fixture *fixture)
{
	struct error error;
	struct gate *gate;

	error_clear(&error);
	gate = gate_new(fixture->settings, NULL, &error);
	must(gate != NULL, "gate_new", &error);
	return gate;
}

void
gate_fixture_restart(struct gate_fixture *fixture)
{
	gate_task_free(fixture->task);
	fixture->task = NULL;
	gate_free(fixture->gate);
	fixture->gate = gate_fixture_another(fixture);
}

static void
load_settings(struct gate_fixture *fixture, const char *authgear,
    const char *policies)
{
	struct error error;
	char *text = mint_text("[authgear]\nendpoint = %s\n%s"
	    "state = %s/state\n%s\n%s\n", fixture->endpoint,
	    strstr(authgear, "validate =") != NULL ? "" :
	    "validate = jwt\n", fixture->directory, authgear,
	    policies[0] != '\0' ? policies : "[policy default]");

	error_clear(&error);
	scratch_write(gate_fixture_path(fixture, "authgear.conf"), text,
	    strlen(text));
	must(chmod(gate_fixture_path(fixture, "authgear.conf"), 0600) == 0,
	    "chmod", NULL);
	fixture->settings = settings_load(gate_fixture_path(fixture,
	    "authgear.conf"), &error);
	must(fixture->settings != NULL, "settings_load", &error);
	free(text);
}

struct gate_fixture *
gate_fixture_new(const char *endpoint, const char *authgear,
    const char *policies)
{
	struct gate_fixture *fixture = calloc(1, sizeof(*fixture));
	struct error error;
	int made;

	must(fixture != NULL, "memory", NULL);
	error_clear(&error);
	fixture->directory = scratch_make();
	fixture->endpoint = mint_text("%s", endpoint);
	fixture->now.wall = GATE_FIXTURE_WALL;
	fixture->now.boottime = GATE_FIXTURE_BOOT;
	strcpy(fixture->now.boot_id, "00000000-0000-4000-8000-000000000001");
	load_settings(fixture, authgear, policies);
	must(trust_init(&(struct trust_init){ fixture->settings->state,
	    endpoint, NULL, "test" }, &fixture->now, &made, &error) == 0,
	    "trust_init", &error);
	fixture->gate = gate_fixture_another(fixture);
	fixture->metadata = mint_text("{\"issuer\":\"%s\",\"jwks_uri\":"
	    "\"%s/oauth2/jwks\"}", endpoint, endpoint);
	fixture->jwks = mint_text("%s", "{}");
	fixture->metadata_status = fixture->jwks_status = 200;
	fixture->outcome = EXCHANGE_ANSWERED;
	fixture->resolver.outcome = EXCHANGE_ANSWERED;
	fixture->resolver.status = 200;
	fixture->resolver.valid = "true";
	fixture->resolver.user_id = MINT_USER;
	fixture->resolver.verified = "true";
	fixture->resolver.anonymous = "false";
	fixture->resolver.authenticated_at = GATE_FIXTURE_WALL - 100;
	return fixture;
}

void
gate_fixture_free(struct gate_fixture *fixture)
{
	gate_task_free(fixture->task);
	gate_free(fixture->gate);
	settings_free(fixture->settings);
	scratch_remove(fixture->directory);
	free(fixture->endpoint);
	free(fixture->metadata);
	free(fixture->jwks);
	free(fixture);
}

void
gate_fixture_serve(struct gate_fixture *fixture, const char *jwks)
{
	free(fixture->jwks);
	fixture->jwks = mint_text("%s", jwks);
}

void
gate_fixture_pass(struct gate_fixture *fixture, int64_t milliseconds)
{
	int64_t before = fixture->now.boottime / 1000;

	fixture->now.boottime += milliseconds;
	fixture->now.wall += fixture->now.boottime / 1000 - before;
}

static void
keep(struct exchange *exchange, const char *name, const char *value)
{
	if (value != NULL)
		must(exchange_keep_header(exchange, name, strlen(name), value,
		    strlen(value)) == 0, name, NULL);
}

static void
take_credential(struct gate_fixture_resolver *resolver,
    const struct exchange *exchange)
{
	const struct exchange_header *header;
	size_t i;

	resolver->authorization[0] = resolver->cookie[0] = '\0';
	for (i = 0; i < exchange->header_count; i++) {
		header = &exchange->headers[i];
		if (strcmp(header->name, "Authorization") == 0)
			(void)snprintf(resolver->authorization,
			    sizeof(resolver->authorization), "%s",
			    header->value);
		if (strcmp(header->name, "Cookie") == 0)
			(void)snprintf(resolver->cookie,
			    sizeof(resolver->cookie), "%s", header->value);
	}
}

static void
resolve(struct gate_fixture *fixture, struct exchange *exchange)
{
	struct gate_fixture_resolver *resolver = &fixture->resolver;
	char seconds[32];
	size_t i;

	resolver->count++;
	take_credential(resolver, exchange);
	gate_fixture_pass(fixture, fixture->delay);
	exchange->outcome = resolver->outcome;
	exchange->no_memory = resolver->no_memory;
	if (resolver->outcome != EXCHANGE_ANSWERED) {
		error_set(&exchange->error, "connection refused");
		return;
	}
	exchange->status = resolver->status;
	if (resolver->error_once > 0) {
		resolver->error_once--;
		exchange->status = 500;
	}
	if (exchange->status == 200 && resolver->absent_once > 0) {
		resolver->absent_once--;
		return;
	}
	for (i = 0; resolver->headers != NULL && resolver->headers[i] != NULL;
	    i += 2)
		keep(exchange, resolver->headers[i], resolver->headers[i + 1]);
	if (exchange->status != 200 || resolver->headers != NULL)
		return;
	keep(exchange, "X-Authgear-Session-Valid", resolver->valid);
	if (resolver->valid == NULL || strcmp(resolver->valid, "true") != 0)
		return;
	keep(exchange, "X-Authgear-User-Id", resolver->user_id);
	keep(exchange, "X-Authgear-User-Roles", resolver->roles);
	keep(exchange, "X-Authgear-User-Verified", resolver->verified);
	keep(exchange, "X-Authgear-User-Anonymous", resolver->anonymous);
	(void)snprintf(seconds, sizeof(seconds), "%lld",
	    (long long)resolver->authenticated_at);
	if (resolver->authenticated_at != 0)
		keep(exchange, "X-Authgear-Session-Authenticated-At", seconds);
}

void
gate_fixture_perform(struct gate_fixture *fixture, struct gate_task *task)
{
	struct exchange *exchange = gate_task_exchange(task);
	int is_metadata;
	const char *body;

	must(exchange != NULL, "an exchange", NULL);
	must(strncmp(exchange->url, fixture->endpoint,
	    strlen(fixture->endpoint)) == 0, exchange->url, NULL);
	if (strcmp(exchange->url, fixture->settings->resolver_url) == 0) {
		resolve(fixture, exchange);
		return;
	}
	is_metadata = strcmp(exchange->url + strlen(fixture->endpoint),
	    METADATA_PATH) == 0;
	must(is_metadata || strstr(exchange->url, "/oauth2/jwks") != NULL,
	    exchange->url, NULL);
	*(is_metadata ? &fixture->metadata_count : &fixture->jwks_count) += 1;
	gate_fixture_pass(fixture, fixture->delay);
	exchange->outcome = fixture->outcome;
	exchange->no_memory = fixture->resolver.no_memory;
	if (fixture->outcome != EXCHANGE_ANSWERED) {
		error_set(&exchange->error, "connection refused");
		return;
	}
	exchange->status = is_metadata ? fixture->metadata_status :
	    fixture->jwks_status;
	body = is_metadata ? fixture->metadata : fixture->jwks;
	must(buffer_append_string(&exchange->body, body) == 0, "body", NULL);
}

void
gate_fixture_run(struct gate_fixture *fixture, struct gate *gate,
    struct gate_task *task, enum gate_step step)
{
	int steps;

	for (steps = 0; step != GATE_DONE; steps++) {
		must(steps < 1000, "a task that ends", NULL);
		if (step == GATE_EXCHANGE)
			gate_fixture_perform(fixture, task);
		else if (gate_task_resume_at(task) > fixture->now.boottime)
			gate_fixture_pass(fixture, gate_task_resume_at(task) -
			    fixture->now.boottime);
		step = gate_resume(gate, task, &fixture->now);
	}
}

enum gate_step
gate_fixture_begin(struct gate_fixture *fixture, struct gate *gate,
    const struct web_question *question, struct gate_task **task_out)
{
	const struct gate_asker asker = {
		.address = question->client_address };
	struct credential credential;
	enum gate_step step;

	*task_out = NULL;
	if (web_question_read(question, fixture->settings, &credential,
	    &fixture->decision) == -1)
		return GATE_DONE;
	step = gate_start(gate, fixture->decision.policy, &credential, &asker,
	    &fixture->now, task_out);
	must(*task_out != NULL, "a task", NULL);
	return step;
}

enum gate_step
gate_fixture_start(struct gate_fixture *fixture, struct gate *gate,
    const char *policy, const char *token, struct gate_task **task_out)
{
	char *authorization = token == NULL ? NULL :
	    mint_text("Bearer %s", token);
	const struct web_question question = { .policy_name = policy,
	    .authorization = authorization };
	enum gate_step step = gate_fixture_begin(fixture, gate, &question,
	    task_out);

	must(*task_out != NULL, "a task", NULL);
	free(authorization);
	return step;
}

const struct decision *
gate_fixture_ask(struct gate_fixture *fixture, const char *policy,
    const char *token)
{
	char *authorization = token == NULL ? NULL :
	    mint_text("Bearer %s", token);
	const struct web_question question = { .policy_name = policy,
	    .authorization = authorization };
	const struct decision *decision = gate_fixture_question(fixture,
	    &question);

	free(authorization);
	return decision;
}

const struct decision *
gate_fixture_question(struct gate_fixture *fixture,
    const struct web_question *question)
{
	enum gate_step step;

	gate_task_free(fixture->task);
	step = gate_fixture_begin(fixture, fixture->gate, question,
	    &fixture->task);
	if (fixture->task == NULL)
		return &fixture->decision;
	gate_fixture_run(fixture, fixture->gate, fixture->task, step);
	return gate_task_decision(fixture->task);
}
