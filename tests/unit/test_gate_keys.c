/* The gate and the life of its keys: fetches, rotation, outage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mint.h"
#include "scratch.h"
#include "two_keys.h"

#define WALL GATE_FIXTURE_WALL

static void
failed_fetches(void **state)
{
	static const struct {
		const char *name;
		enum exchange_outcome outcome;
		int metadata_status, jwks_status;
		const char *metadata, *jwks;	/* NULL: good ones */
		const char *detail;
	} cases[] = {
		{ "unreachable", EXCHANGE_UNREACHABLE, 200, 200, NULL, NULL,
		    "refused" },
		{ "faulty", EXCHANGE_FAULTY, 200, 200, NULL, NULL,
		    "openid-config" },
		{ "unsent", EXCHANGE_UNSENT, 200, 200, NULL, NULL,
		    "openid-config" },
		{ "404", EXCHANGE_ANSWERED, 404, 200, NULL, NULL, "404" },
		{ "204", EXCHANGE_ANSWERED, 204, 200, NULL, NULL, "204" },
		{ "301", EXCHANGE_ANSWERED, 301, 200, NULL, NULL, "301" },
		{ "set 500", EXCHANGE_ANSWERED, 200, 500, NULL, NULL,
		    "jwks: HTTP" },
		{ "set 206", EXCHANGE_ANSWERED, 200, 206, NULL, NULL, "206" },
		{ "no JSON", EXCHANGE_ANSWERED, 200, 200, "{", NULL,
		    "openid-config" },
		{ "another issuer", EXCHANGE_ANSWERED, 200, 200, "{\"issuer\":"
		    "\"https://evil.example\",\"jwks_uri\":\"" MINT_ISSUER
		    "/oauth2/jwks\"}", NULL, "openid-config" },
		{ "set elsewhere", EXCHANGE_ANSWERED, 200, 200,
		    "{\"issuer\":\"" MINT_ISSUER "\",\"jwks_uri\":"
		    "\"https://evil.example/oauth2/jwks\"}", NULL,
		    "openid-config" },
		{ "no set", EXCHANGE_ANSWERED, 200, 200, NULL, "", "jwks" },
		{ "empty set", EXCHANGE_ANSWERED, 200, 200, NULL,
		    "{\"keys\":[]}", "jwks" },
		{ "no key", EXCHANGE_ANSWERED, 200, 200, NULL,
		    "{\"keys\":[null]}", "jwks" },
	};
	struct two_keys world;
	size_t i, with_set;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]) * 2; i++) {
		with_set = i % 2;
		world = two_keys_begin("");
		if (with_set) {
			assert_int_equal(two_keys_ask_one(&world),
			    REASON_GRANTED);
			gate_fixture_pass(world.gate, 10000);
		}
		world.gate->outcome = cases[i / 2].outcome;
		world.gate->metadata_status = cases[i / 2].metadata_status;
		world.gate->jwks_status = cases[i / 2].jwks_status;
		gate_fixture_serve(world.gate, cases[i / 2].jwks != NULL ?
		    cases[i / 2].jwks : world.new_set);
		if (cases[i / 2].metadata != NULL) {
			free(world.gate->metadata);
			world.gate->metadata = mint_text("%s",
			    cases[i / 2].metadata);
		}
		assert_int_equal(two_keys_ask_two(&world), with_set ?
		    REASON_KEY_UNSETTLED : REASON_KEYS_UNREACHABLE);
		if (strstr(two_keys_decision(&world)->detail.text,
		    cases[i / 2].detail) == NULL)
			fail_msg("%s: %s", cases[i / 2].name,
			    two_keys_decision(&world)->detail.text);
		assert_int_equal(two_keys_decision(&world)->retry_after, 10);
		/* nobody asks again within the cooldown, known keys serve */
		gate_fixture_pass(world.gate, 9000);
		assert_int_equal(two_keys_ask_two(&world), with_set ?
		    REASON_KEY_UNSETTLED : REASON_KEYS_UNREACHABLE);
		assert_int_equal(two_keys_decision(&world)->retry_after, 1);
		assert_int_equal(world.gate->metadata_count,
		    1 + (int)with_set);
		assert_int_equal(two_keys_ask_one(&world), with_set ?
		    REASON_GRANTED : REASON_KEYS_UNREACHABLE);
		two_keys_end(&world);
	}
}

/* Fetch, rotation and minting in one second, Authgear's clock behind. */
static void
rotation(void **state)
{
	/* what Authgear's clock is behind, up to the leeway */
	static const int64_t behind[] = { 0, 1, 59, 60 };
	struct two_keys world;
	int64_t minted;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		world = two_keys_begin("");
		assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
		gate_fixture_serve(world.gate, world.new_set);
		minted = WALL - behind[i];
		assert_int_equal(two_keys_ask(&world, world.second, "two",
		    minted), REASON_KEY_UNSETTLED);
		assert_int_equal(two_keys_decision(&world)->retry_after, 10);
		gate_fixture_pass(world.gate, 9999);
		assert_int_equal(two_keys_ask(&world, world.second, "two",
		    minted), REASON_KEY_UNSETTLED);
		assert_int_equal(world.gate->jwks_count, 1);
		gate_fixture_pass(world.gate, 1);
		assert_int_equal(two_keys_ask(&world, world.second, "two",
		    minted), REASON_GRANTED);
		assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
		assert_int_equal(world.gate->jwks_count, 2);
		two_keys_end(&world);
	}
}

static void
unknown_key(void **state)
{
	struct two_keys world = two_keys_begin("");

	(void)state;
	assert_int_equal(two_keys_ask(&world, world.second, "two", WALL - 61),
	    REASON_UNKNOWN_KEY);
	assert_int_equal(two_keys_ask(&world, world.second, "two", WALL - 60),
	    REASON_KEY_UNSETTLED);
	gate_fixture_pass(world.gate, 60000);
	/* it is denied without asking */
	assert_int_equal(two_keys_ask(&world, world.second, "two", WALL - 61),
	    REASON_UNKNOWN_KEY);
	assert_int_equal(world.gate->jwks_count, 1);
	two_keys_end(&world);
}

/* 1 + T/cooldown + T/ttl fetches, however many gates, whatever is asked. */
static void
flood(void **state)
{
	enum { SECONDS = 300, COOLDOWN = 10, TTL = 100 };
	struct two_keys world = two_keys_begin("keys_ttl = 100");
	struct gate *gates[2];
	struct gate_task *task;
	enum gate_step step;
	char *token;
	int64_t next;
	int i;

	(void)state;
	gates[0] = world.gate->gate;
	gates[1] = gate_fixture_another(world.gate);
	for (i = 0; i < SECONDS; i++) {
		token = mint_good(world.second, i % 2 ? "x" : "y",
		    world.gate->now.wall);
		step = gate_fixture_start(world.gate, gates[i % 2], "default",
		    token, &task);
		gate_fixture_run(world.gate, gates[i % 2], task, step);
		assert_int_equal(gate_task_decision(task)->verdict,
		    VERDICT_UNDECIDED);
		gate_task_free(task);
		free(token);
		task = gate_refresh(gates[(i + 1) % 2], &world.gate->now,
		    &next);
		if (task != NULL)
			gate_fixture_run(world.gate, gates[i % 2], task,
			    GATE_EXCHANGE);
		gate_task_free(task);
		assert_true(next > world.gate->now.boottime);
		gate_fixture_pass(world.gate, 1000);
	}
	assert_true(world.gate->jwks_count <=
	    1 + SECONDS / COOLDOWN + SECONDS / TTL);
	assert_true(world.gate->jwks_count >= SECONDS / COOLDOWN);
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	gate_free(gates[1]);
	two_keys_end(&world);
}

/* One fetches, the other waits for it; any gate may go on with a task. */
static void
two_at_once(void **state)
{
	struct two_keys world = two_keys_begin("");
	struct gate *other = gate_fixture_another(world.gate);
	char *token = mint_good(world.first, "one", WALL);
	struct gate_task *a, *b;

	(void)state;
	assert_int_equal(gate_fixture_start(world.gate, world.gate->gate,
	    "default", token, &a), GATE_EXCHANGE);
	assert_int_equal(gate_fixture_start(world.gate, other, "default",
	    token, &b), GATE_WAIT);
	assert_true(gate_task_resume_at(b) > world.gate->now.boottime);
	assert_true(gate_task_resume_at(b) < gate_task_deadline(b));
	assert_null(gate_task_exchange(b));
	assert_int_equal(gate_resume(other, b, &world.gate->now), GATE_WAIT);
	gate_fixture_run(world.gate, other, a, GATE_EXCHANGE);
	assert_int_equal(gate_task_decision(a)->reason, REASON_GRANTED);
	assert_int_equal(gate_resume(world.gate->gate, b, &world.gate->now),
	    GATE_DONE);
	assert_int_equal(gate_task_decision(b)->reason, REASON_GRANTED);
	assert_int_equal(world.gate->jwks_count, 1);
	gate_task_free(a);
	gate_task_free(b);
	free(token);
	gate_free(other);
	two_keys_end(&world);
}

static void
holder_died(void **state)
{
	struct two_keys world = two_keys_begin("");
	char *token = mint_good(world.first, "one", WALL);
	struct gate_task *task;

	(void)state;
	assert_int_equal(gate_fixture_start(world.gate, world.gate->gate,
	    "default", token, &task), GATE_EXCHANGE);
	gate_task_free(task);
	/* waits for the dead one to its deadline */
	assert_int_equal(two_keys_ask_one(&world), REASON_KEYS_UNREACHABLE);
	assert_true(world.gate->now.boottime <= GATE_FIXTURE_BOOT + 2000);
	assert_true(two_keys_decision(&world)->retry_after >= 1);
	gate_fixture_pass(world.gate, 7999);
	assert_int_equal(two_keys_ask_one(&world), REASON_KEYS_UNREACHABLE);
	gate_fixture_pass(world.gate, 1);
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	free(token);
	two_keys_end(&world);
}

static void
too_late(void **state)
{
	struct two_keys world = two_keys_begin("");

	(void)state;
	/* metadata in time, the set at the very deadline: it is kept */
	world.gate->delay = 1000;
	assert_int_equal(two_keys_ask_one(&world), REASON_KEY_UNSETTLED);
	assert_null(two_keys_decision(&world)->facts);
	assert_int_equal(world.gate->jwks_count, 1);
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	two_keys_end(&world);

	world = two_keys_begin("");
	world.gate->delay = 2000;
	assert_int_equal(two_keys_ask_one(&world), REASON_KEYS_UNREACHABLE);
	assert_int_equal(world.gate->jwks_count, 0);
	two_keys_end(&world);

	world = two_keys_begin("");
	world.gate->delay = 999;
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	two_keys_end(&world);
}

static void
outage(void **state)
{
	struct two_keys world = two_keys_begin("keys_max_stale = 7200");

	(void)state;
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	world.gate->outcome = EXCHANGE_UNREACHABLE;
	gate_fixture_pass(world.gate, 3600000);
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	gate_fixture_restart(world.gate);
	gate_fixture_pass(world.gate, 3600000);
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	assert_int_equal(world.gate->metadata_count, 1);
	gate_fixture_pass(world.gate, 1);
	assert_int_equal(two_keys_ask_one(&world), REASON_KEYS_UNREACHABLE);
	gate_fixture_pass(world.gate, 10000);
	world.gate->outcome = EXCHANGE_ANSWERED;
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	two_keys_end(&world);
}

static void
refresh(void **state)
{
	struct two_keys world = two_keys_begin("");
	struct gate_task *task;
	int64_t next;

	(void)state;
	task = gate_refresh(world.gate->gate, &world.gate->now, &next);
	assert_non_null(task);
	assert_null(gate_refresh(world.gate->gate, &world.gate->now, &next));
	gate_fixture_run(world.gate, world.gate->gate, task, GATE_EXCHANGE);
	assert_int_not_equal(gate_task_decision(task)->verdict,
	    VERDICT_GRANTED);
	assert_string_equal(gate_task_decision(task)->detail.text, "");
	gate_task_free(task);
	assert_null(gate_refresh(world.gate->gate, &world.gate->now, &next));
	assert_int_equal(next, GATE_FIXTURE_BOOT + 3600000);
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	assert_int_equal(world.gate->jwks_count, 1);
	/* another boot: at once */
	world.gate->now.boot_id[0] = 'f';
	world.gate->outcome = EXCHANGE_UNREACHABLE;
	task = gate_refresh(world.gate->gate, &world.gate->now, &next);
	assert_non_null(task);
	gate_fixture_run(world.gate, world.gate->gate, task, GATE_EXCHANGE);
	assert_string_not_equal(gate_task_decision(task)->detail.text, "");
	gate_task_free(task);
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	/* the metadata at the very deadline: it did not go well */
	gate_fixture_pass(world.gate, 10000);
	world.gate->outcome = EXCHANGE_ANSWERED;
	world.gate->delay = 10000;
	task = gate_refresh(world.gate->gate, &world.gate->now, &next);
	assert_non_null(task);
	gate_fixture_run(world.gate, world.gate->gate, task, GATE_EXCHANGE);
	assert_string_not_equal(gate_task_decision(task)->detail.text, "");
	gate_task_free(task);
	/* too slow for a decision, not for the timer */
	gate_fixture_pass(world.gate, 10000);
	world.gate->delay = 4000;
	task = gate_refresh(world.gate->gate, &world.gate->now, &next);
	assert_non_null(task);
	gate_fixture_run(world.gate, world.gate->gate, task, GATE_EXCHANGE);
	assert_string_equal(gate_task_decision(task)->detail.text, "");
	gate_task_free(task);
	two_keys_end(&world);
}

/* By the timer of that gate; 0: nothing was due, or it may not. */
static int
refresh_now(struct two_keys *world, struct gate *gate, enum reason reason)
{
	struct gate_task *task;
	int64_t next;

	task = gate_refresh(gate, &world->gate->now, &next);
	if (task == NULL)
		return 0;
	gate_fixture_run(world->gate, gate, task, GATE_EXCHANGE);
	assert_int_equal(gate_task_decision(task)->reason, reason);
	gate_task_free(task);
	return 1;
}

/* A fetch that failed here is no outage: what is due does not serve for it,
 * and nobody is kept from another one. */
static void
local_faults(void **state)
{
	struct gate *other;
	struct two_keys world;
	enum reason fault;
	int memory, i;

	(void)state;
	for (memory = 0; memory < 2; memory++) {
		fault = memory ? REASON_OUT_OF_MEMORY : REASON_LOCAL_FAULT;
		world = two_keys_begin("");
		other = gate_fixture_another(world.gate);
		/* no keys yet */
		world.gate->resolver.no_memory = memory;
		world.gate->outcome = EXCHANGE_LOCAL_FAULT;
		for (i = 1; i < 4; i++) {
			assert_int_equal(two_keys_ask_one(&world), fault);
			assert_int_equal(two_keys_decision(&world)->
			    retry_after, 1);
			assert_int_equal(world.gate->metadata_count, i);
		}
		world.gate->outcome = EXCHANGE_ANSWERED;
		assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
		/* a key that is not known: at once again, too */
		gate_fixture_pass(world.gate, 10000);
		gate_fixture_serve(world.gate, world.new_set);
		world.gate->outcome = EXCHANGE_LOCAL_FAULT;
		for (i = 1; i < 4; i++) {
			assert_int_equal(two_keys_ask_two(&world), fault);
			assert_int_equal(two_keys_ask_one(&world),
			    REASON_GRANTED);
		}
		world.gate->outcome = EXCHANGE_ANSWERED;
		assert_int_equal(two_keys_ask_two(&world), REASON_GRANTED);
		/* what failed before says nothing once it falls due */
		gate_fixture_pass(world.gate, 10000);
		world.gate->outcome = EXCHANGE_LOCAL_FAULT;
		assert_int_equal(two_keys_ask(&world, world.second, "three",
		    world.gate->now.wall), fault);
		/* nothing is known of Authgear while a set falls due */
		assert_int_equal(refresh_now(&world, world.gate->gate, 0), 0);
		gate_fixture_pass(world.gate, 3600000);
		assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
		world.gate->outcome = EXCHANGE_LOCAL_FAULT;
		for (i = 0; i < 3; i++) {
			assert_int_equal(refresh_now(&world, world.gate->gate,
			    fault), 1);
			assert_int_equal(two_keys_ask_one(&world),
			    REASON_LOCAL_FAULT);
		}
		/* in an outage it serves */
		world.gate->outcome = EXCHANGE_UNREACHABLE;
		assert_int_equal(refresh_now(&world, world.gate->gate,
		    REASON_KEYS_UNREACHABLE), 1);
		assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
		assert_int_equal(refresh_now(&world, world.gate->gate, 0), 0);
		/* and another process may fetch, which is for all */
		gate_fixture_pass(world.gate, 10000);
		world.gate->outcome = EXCHANGE_LOCAL_FAULT;
		assert_int_equal(refresh_now(&world, world.gate->gate, fault),
		    1);
		world.gate->outcome = EXCHANGE_ANSWERED;
		assert_int_equal(refresh_now(&world, other,
		    REASON_KEYS_UNREACHABLE), 1);
		assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
		gate_fixture_pass(world.gate, 3600000);
		assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
		/* one fault alone puts nobody out */
		world.gate->outcome = EXCHANGE_LOCAL_FAULT;
		assert_int_equal(refresh_now(&world, world.gate->gate, fault),
		    1);
		assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
		gate_fixture_pass(world.gate, 9999);
		assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
		gate_fixture_pass(world.gate, 1);
		assert_int_equal(two_keys_ask_one(&world), REASON_LOCAL_FAULT);
		gate_free(other);
		two_keys_end(&world);
	}
}

static void
corrupt_set(void **state)
{
	struct two_keys world = two_keys_begin("");

	(void)state;
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	gate_fixture_restart(world.gate);
	scratch_sql(gate_fixture_path(world.gate, "state/daemon/status.db"),
	    "UPDATE issuer SET jwks = CAST('{}' AS BLOB)");
	assert_int_equal(two_keys_ask_one(&world), REASON_KEYS_UNREACHABLE);
	gate_fixture_pass(world.gate, 10000);
	assert_int_equal(two_keys_ask_one(&world), REASON_GRANTED);
	assert_int_equal(world.gate->jwks_count, 2);
	two_keys_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failed_fetches),
		cmocka_unit_test(rotation),
		cmocka_unit_test(unknown_key),
		cmocka_unit_test(flood),
		cmocka_unit_test(two_at_once),
		cmocka_unit_test(holder_died),
		cmocka_unit_test(too_late),
		cmocka_unit_test(outage),
		cmocka_unit_test(refresh),
		cmocka_unit_test(local_faults),
		cmocka_unit_test(corrupt_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
