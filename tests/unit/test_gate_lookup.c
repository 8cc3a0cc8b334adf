/* The gate and Authgear's resolver: what is asked and kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate_world.h"
#include "scratch.h"
#include "state/write/trust_writer.h"

static void
errors_are_no_answer(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 100");

	(void)state;
	world.resolver->error_once = 1;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 2);
	gate_fixture_pass(world.gate, 30000);
	world.resolver->error_once = 2;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 4);
	/* stale until 100 s from the start of the lookup */
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	gate_fixture_pass(world.gate, 60000);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(world.gate, 9600);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(world.gate, 1000);
	world_expect(&world, "default", OPAQUE, REASON_RESOLVER_UNREACHABLE);
	world_expect(&world, "default", world.jwt, REASON_RESOLVER_UNREACHABLE);
	gate_fixture_pass(world.gate, 20000);
	world.resolver->outcome = EXCHANGE_FAULTY;
	world_expect(&world, "default", OPAQUE, REASON_RESOLVER_FAULT);
	world.resolver->outcome = EXCHANGE_ANSWERED;
	world.resolver->status = 404;
	gate_fixture_pass(world.gate, 8000);
	world_expect(&world, "default", OPAQUE, REASON_RESOLVER_FAULT);
	world.resolver->status = 200;
	world.resolver->user_id = NULL;
	gate_fixture_pass(world.gate, 8000);
	world_expect(&world, "default", OPAQUE, REASON_RESOLVER_FAULT);
	world.resolver->user_id = MINT_USER;
	gate_fixture_pass(world.gate, 1);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	world_end(&world);
}

static void
stale_only_after_live(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");

	(void)state;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(world.gate, 30000);
	world.resolver->valid = "false";
	world_expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	gate_fixture_pass(world.gate, 5000);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	world_expect(&world, "default", OPAQUE, REASON_RESOLVER_UNREACHABLE);
	world_end(&world);
}

static void
back_off(void **state)
{
	struct world world = world_begin("validate = hybrid");
	int i, before;

	(void)state;
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	for (i = 0; i < 100; i++) {
		gate_fixture_pass(world.gate, 10);
		world_expect(&world, "default", world.jwt,
		    REASON_RESOLVER_UNREACHABLE);
	}
	before = world.resolver->count;
	assert_in_range(before, 3, 12);
	world.resolver->outcome = EXCHANGE_ANSWERED;
	gate_fixture_pass(world.gate, 20000);
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	world_end(&world);
}

/* A lookup that began too late for an answer tells of no outage. */
static void
no_chance(void **state)
{
	struct world world = world_begin("validate = hybrid\nmax_lookups = 1\n"
	    "stale_if_error = 300");
	struct gate_fixture *fixture = world.gate;
	struct gate_task *first, *second;
	int64_t left;

	(void)state;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	for (left = 20; left < 500; left += 200) {
		gate_fixture_pass(fixture, 60000);
		assert_int_equal(gate_fixture_start(fixture, fixture->gate,
		    "default", world.jwt, &first), GATE_EXCHANGE);
		assert_int_equal(gate_fixture_start(fixture, fixture->gate,
		    "default", OPAQUE, &second), GATE_WAIT);
		gate_fixture_pass(fixture, 2000 - left);
		gate_task_free(first);		/* the place is free */
		if (gate_resume(fixture->gate, second, &fixture->now) ==
		    GATE_EXCHANGE) {
			assert_true(left >= 100);
			gate_fixture_pass(fixture, left);
			gate_task_exchange(second)->outcome =
			    EXCHANGE_UNREACHABLE;
			assert_int_equal(gate_resume(fixture->gate, second,
			    &fixture->now), GATE_DONE);
		}
		assert_int_equal(gate_task_decision(second)->reason,
		    REASON_BUSY);
		gate_task_free(second);
	}
	world_end(&world);
}

/* What never had a row contradicts none. */
static void
nothing_lost(void **state)
{
	struct world world = world_begin("validate = hybrid");
	struct sqlite3 *blocker;
	char *other;

	(void)state;
	other = mint_good(world.key, "one", WALL - 1);
	world_expect(&world, "default", other, REASON_GRANTED);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(world.gate, 2000);
	world.resolver->valid = "false";
	blocker = scratch_block(gate_fixture_path(world.gate,
	    "state/daemon/status.db"));
	world_expect(&world, "default", world.jwt, REASON_NOT_LIVE);
	scratch_unblock(blocker);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	free(other);
	world_end(&world);
}

/* Whoever has a stolen key costs no lookup, and names nobody. */
static void
revoked_before_asking(void **state)
{
	static const struct {
		const char *name;
		struct revocation row;
		enum reason reason;
	} cases[] = {
		{ "user", { REVOCATION_USER, REVOCATION_BLOCKED, MINT_USER,
		    REVOCATION_NO_TIME, REVOCATION_NO_TIME },
		    REASON_USER_BLOCKED },
		{ "key", { REVOCATION_KEY, REVOCATION_REVOKED, "one",
		    REVOCATION_NO_TIME, REVOCATION_NO_TIME },
		    REASON_KEY_REVOKED },
	};
	const struct trust_note note = { "test", "", "cli", NULL };
	struct world world = world_begin("validate = hybrid");
	struct trust_writer *writer;
	const struct decision *decision;
	struct error error = { "" };
	struct gate_task *task;
	struct trust_added added;
	size_t i;

	(void)state;
	gate_fixture_ask(world.gate, "default", world.jwt);
	writer = trust_writer_open(world.gate->settings->state, MINT_ISSUER,
	    &error);
	assert_non_null(writer);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("# %s\n", cases[i].name);
		/* it comes while the answer "not live" is on its way */
		gate_fixture_pass(world.gate, 60000);
		assert_int_equal(gate_fixture_start(world.gate,
		    world.gate->gate, "default", world.jwt, &task),
		    i == 0 ? GATE_EXCHANGE : GATE_DONE);
		world.resolver->valid = "false";
		if (i == 0)
			gate_fixture_perform(world.gate, task);
		assert_int_equal(trust_writer_add(writer, &cases[i].row, &note,
		    &world.gate->now, &added, &error), TRUST_WRITTEN);
		(void)gate_resume(world.gate->gate, task, &world.gate->now);
		assert_int_equal(gate_task_decision(task)->reason,
		    REASON_USER_BLOCKED);
		gate_task_free(task);
		gate_fixture_pass(world.gate, 60000);
		world.resolver->count = 0;
		decision = world_expect(&world, "default", world.jwt,
		    cases[i].reason);
		assert_int_equal(world.resolver->count, 0);
		assert_int_equal(decision->facts == NULL,
		    cases[i].reason == REASON_KEY_REVOKED);
	}
	trust_writer_free(writer);
	world_end(&world);
}

static void
in_time(void **state)
{
	struct world world = world_begin("validate = hybrid\nmax_lookups = 1");
	struct gate_task *first, *second;
	const struct decision *decision;

	(void)state;
	(void)gate_fixture_start(world.gate, world.gate->gate, "default",
	    OPAQUE, &first);
	(void)gate_fixture_start(world.gate, world.gate->gate, "default",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &second);
	gate_fixture_run(world.gate, world.gate->gate, second, GATE_WAIT);
	decision = gate_task_decision(second);
	assert_int_equal(decision->reason, REASON_BUSY);
	/* in time, and not when nothing could be asked any more */
	assert_in_range(world.gate->now.boottime, GATE_FIXTURE_BOOT + 1900,
	    GATE_FIXTURE_BOOT + 2000);
	gate_task_free(first);
	gate_task_free(second);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_no_answer),
		cmocka_unit_test(stale_only_after_live),
		cmocka_unit_test(back_off),
		cmocka_unit_test(no_chance),
		cmocka_unit_test(nothing_lost),
		cmocka_unit_test(revoked_before_asking),
		cmocka_unit_test(in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
