/* The gate and Authgear's resolver: what one lookup means for others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate_world.h"

static void
one_lookup_for_many(void **state)
{
	struct world world = world_begin("validate = hybrid");
	struct gate_task *tasks[50];
	enum gate_step step;
	int i;

	(void)state;
	for (i = 0; i < 50; i++) {
		step = gate_fixture_start(world.gate, world.gate->gate,
		    "default", OPAQUE, &tasks[i]);
		assert_int_equal(step, i == 0 ? GATE_EXCHANGE : GATE_WAIT);
	}
	for (i = 0; i < 50; i++) {
		gate_fixture_run(world.gate, world.gate->gate, tasks[i],
		    i == 0 ? GATE_EXCHANGE : GATE_WAIT);
		assert_int_equal(gate_task_decision(tasks[i])->reason,
		    REASON_GRANTED);
		gate_task_free(tasks[i]);
	}
	assert_int_equal(world.resolver->count, 1);
	world_end(&world);
}

static void
failures_are_shared(void **state)
{
	struct world world = world_begin("validate = hybrid");
	struct gate_task *first, *second;

	(void)state;
	(void)gate_fixture_start(world.gate, world.gate->gate, "default",
	    OPAQUE, &first);
	assert_int_equal(gate_fixture_start(world.gate, world.gate->gate,
	    "default", OPAQUE, &second), GATE_WAIT);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	gate_fixture_run(world.gate, world.gate->gate, first, GATE_EXCHANGE);
	gate_fixture_run(world.gate, world.gate->gate, second, GATE_WAIT);
	assert_int_equal(gate_task_decision(second)->reason,
	    REASON_RESOLVER_UNREACHABLE);
	assert_int_equal(world.resolver->count, 1);
	gate_task_free(first);
	gate_task_free(second);
	/* a task freed with its exchange out gives its place back */
	gate_fixture_pass(world.gate, 10000);
	(void)gate_fixture_start(world.gate, world.gate->gate, "default",
	    OPAQUE, &first);
	gate_task_free(first);
	world.resolver->outcome = EXCHANGE_ANSWERED;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	world_end(&world);
}

/* Who waits for another's lookup until his own time is over learns what that
 * means for his session, not that it is busy. */
static void
followers_are_stale(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct gate_task *first, *second, *third;

	(void)state;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(world.gate, 60000);
	(void)gate_fixture_start(world.gate, world.gate->gate, "default",
	    OPAQUE, &first);
	assert_int_equal(gate_fixture_start(world.gate, world.gate->gate,
	    "default", OPAQUE, &second), GATE_WAIT);
	assert_int_equal(gate_fixture_start(world.gate, world.gate->gate,
	    "default", OPAQUE, &third), GATE_WAIT);
	gate_fixture_run(world.gate, world.gate->gate, second, GATE_WAIT);
	assert_int_equal(gate_task_decision(second)->reason, REASON_GRANTED);
	/* not over what the other just heard */
	world.resolver->valid = "false";
	gate_fixture_perform(world.gate, first);
	assert_int_equal(gate_resume(world.gate->gate, first,
	    &world.gate->now), GATE_DONE);
	assert_int_equal(gate_resume(world.gate->gate, third,
	    &world.gate->now), GATE_DONE);
	assert_int_equal(gate_task_decision(third)->reason, REASON_NOT_LIVE);
	gate_task_free(first);
	gate_task_free(second);
	gate_task_free(third);
	world_end(&world);
}

/* "Not live" counts for a row that another process wrote meanwhile, and for
 * one whose lookup began before that answer came. */
static void
not_live_of_others(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct gate_fixture *fixture = world.gate;
	struct gate *other = gate_fixture_another(fixture);
	struct gate_task *mine, *theirs;
	int is_known;

	(void)state;
	for (is_known = 0; is_known < 2; is_known++) {
		const char *token = is_known ? OPAQUE :
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

		if (is_known)
			world_expect(&world, "default", token, REASON_GRANTED);
		gate_fixture_pass(fixture, 60000);
		assert_int_equal(gate_fixture_start(fixture, fixture->gate,
		    "default", token, &mine), GATE_EXCHANGE);
		gate_fixture_pass(fixture, 1);
		assert_int_equal(gate_fixture_start(fixture, other, "default",
		    token, &theirs), GATE_EXCHANGE);
		gate_fixture_perform(fixture, theirs);
		assert_int_equal(gate_resume(other, theirs, &fixture->now),
		    GATE_DONE);
		gate_fixture_pass(fixture, 500);
		world.resolver->valid = "false";
		gate_fixture_perform(fixture, mine);
		(void)gate_resume(fixture->gate, mine, &fixture->now);
		assert_int_equal(gate_task_decision(mine)->reason,
		    REASON_NOT_LIVE);
		gate_task_free(mine);
		gate_task_free(theirs);
		world_expect(&world, "default", token, REASON_NOT_LIVE);
		gate_fixture_pass(fixture, 200000);
		world.resolver->outcome = EXCHANGE_UNREACHABLE;
		world_expect(&world, "default", token,
		    REASON_RESOLVER_UNREACHABLE);
		world.resolver->outcome = EXCHANGE_ANSWERED;
		world.resolver->valid = "true";
		gate_fixture_pass(fixture, 20000);
	}
	gate_free(other);
	world_end(&world);
}

/* Who had no time for an answer takes it from nobody else. */
static void
no_chance_for_one(void **state)
{
	struct world world = world_begin("validate = hybrid\nmax_lookups = 1");
	struct gate_fixture *fixture = world.gate;
	struct gate_task *blocker, *leader, *follower;

	(void)state;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	gate_fixture_pass(fixture, 60000);
	(void)gate_fixture_start(fixture, fixture->gate, "default", world.jwt,
	    &blocker);
	assert_int_equal(gate_fixture_start(fixture, fixture->gate, "default",
	    OPAQUE, &leader), GATE_WAIT);
	gate_fixture_pass(fixture, 1700);
	gate_task_free(blocker);
	assert_int_equal(gate_resume(fixture->gate, leader, &fixture->now),
	    GATE_EXCHANGE);
	assert_int_equal(gate_fixture_start(fixture, fixture->gate, "default",
	    OPAQUE, &follower), GATE_WAIT);
	gate_fixture_pass(fixture, 300);
	gate_task_exchange(leader)->outcome = EXCHANGE_UNREACHABLE;
	assert_int_equal(gate_resume(fixture->gate, leader, &fixture->now),
	    GATE_DONE);
	assert_int_equal(gate_task_decision(leader)->reason, REASON_BUSY);
	gate_fixture_run(fixture, fixture->gate, follower, GATE_WAIT);
	assert_int_equal(gate_task_decision(follower)->reason,
	    REASON_GRANTED);
	gate_task_free(leader);
	gate_task_free(follower);
	world_end(&world);
}

/* Tasks that end or are given up while they wait are counted no more. */
static void
waiters_leave(void **state)
{
	struct world world = world_begin("validate = hybrid\nmax_lookups = 1");
	struct gate_task *first, *tasks[100];
	const int allowed = 50 - 1;	/* of lookup_rate, and the first */
	char token[33];
	int i, round;

	(void)state;
	(void)gate_fixture_start(world.gate, world.gate->gate, "default",
	    OPAQUE, &first);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 100; i++) {
			(void)snprintf(token, sizeof(token), "%032d", i);
			assert_int_equal(gate_fixture_start(world.gate,
			    world.gate->gate, "default", token, &tasks[i]),
			    i < allowed ? GATE_WAIT : GATE_DONE);
		}
		assert_int_equal(gate_task_decision(tasks[99])->reason,
		    REASON_BUSY);
		assert_int_equal(gate_task_decision(tasks[99])->retry_after,
		    1);
		assert_non_null(strstr(gate_task_decision(tasks[99])->
		    detail.text, "set_real_ip_from"));
		for (i = 0; i < 100; i++)
			gate_task_free(tasks[i]);
	}
	gate_fixture_run(world.gate, world.gate->gate, first, GATE_EXCHANGE);
	gate_task_free(first);
	world_end(&world);
}

/* What a row says that was found after a wait is not held for a second: the
 * other process that wrote it may say otherwise sooner. */
static void
found_after_a_wait(void **state)
{
	struct world world = world_begin("validate = resolver\n"
	    "max_lookups = 1\nsession_ttl = 1\nabsent_ttl = 1");
	struct gate_fixture *fixture = world.gate;
	struct gate *other = gate_fixture_another(fixture);
	struct gate_task *blocker, *mine, *theirs;

	(void)state;
	(void)gate_fixture_start(fixture, fixture->gate, "default",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &blocker);
	assert_int_equal(gate_fixture_start(fixture, fixture->gate, "default",
	    OPAQUE, &mine), GATE_WAIT);
	assert_int_equal(gate_fixture_start(fixture, other, "default", OPAQUE,
	    &theirs), GATE_EXCHANGE);
	gate_fixture_run(fixture, other, theirs, GATE_EXCHANGE);
	gate_task_free(theirs);
	gate_fixture_pass(fixture, 50);
	assert_int_equal(gate_resume(fixture->gate, mine, &fixture->now),
	    GATE_DONE);
	assert_int_equal(gate_task_decision(mine)->reason, REASON_GRANTED);
	/* the other one asks ahead, and is told that it is over */
	gate_fixture_pass(fixture, 800);
	assert_int_equal(gate_fixture_start(fixture, other, "default", OPAQUE,
	    &theirs), GATE_DONE);
	assert_int_equal(gate_go_on(other, theirs, &fixture->now),
	    GATE_EXCHANGE);
	world.resolver->valid = "false";
	gate_fixture_perform(fixture, theirs);
	(void)gate_resume(other, theirs, &fixture->now);
	gate_task_free(theirs);
	gate_fixture_pass(fixture, 50);
	assert_int_equal(gate_fixture_start(fixture, fixture->gate, "default",
	    OPAQUE, &theirs), GATE_DONE);
	assert_int_equal(gate_task_decision(theirs)->reason, REASON_NOT_LIVE);
	gate_task_free(theirs);
	gate_task_free(mine);
	gate_task_free(blocker);
	gate_free(other);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_lookup_for_many),
		cmocka_unit_test(failures_are_shared),
		cmocka_unit_test(followers_are_stale),
		cmocka_unit_test(not_live_of_others),
		cmocka_unit_test(no_chance_for_one),
		cmocka_unit_test(waiters_leave),
		cmocka_unit_test(found_after_a_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
