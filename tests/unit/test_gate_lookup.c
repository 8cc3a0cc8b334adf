/* The gate and Authgear's resolver: what is asked, kept, told to others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/lookups.h"
#include "gate_world.h"
#include "scratch.h"
#include "state/write/trust_writer.h"

static void
absent_is_asked_twice(void **state)
{
	struct world world = world_begin("validate = hybrid");

	(void)state;
	world.resolver->absent_once = 1;
	world_expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	assert_int_equal(world.resolver->count, 1);
	world.resolver->absent_once = 1;
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 3);
	gate_fixture_pass(world.gate, 30000);
	world.resolver->absent_once = 2;
	world_expect(&world, "default", world.jwt, REASON_NOT_LIVE);
	assert_int_equal(world.resolver->count, 5);
	gate_fixture_pass(world.gate, 5000);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(world.gate, 30000);
	world.resolver->absent_once = 1;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 8);
	world_end(&world);
}

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
	gate_fixture_pass(world.gate, 1);
	world_expect(&world, "default", OPAQUE, REASON_RESOLVER_FAULT);
	world.resolver->status = 200;
	world.resolver->user_id = NULL;
	gate_fixture_pass(world.gate, 1);
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

/* Tasks that end or are given up while they wait are counted no more. */
/* "Absent", then nothing: no outage, since Authgear said something. */
static void
absent_then_down(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct gate_fixture *fixture = world.gate;
	const char *tokens[] = { OPAQUE, world.jwt };
	struct gate_task *task;
	enum gate_step step;
	size_t i;
	int errors;

	(void)state;
	for (i = 0; i < 4; i++) {
		errors = i >= 2 ? 2 : 0;
		world_expect(&world, "default", tokens[i % 2], REASON_GRANTED);
		gate_fixture_pass(fixture, 60000);
		step = gate_fixture_start(fixture, fixture->gate, "default",
		    tokens[i % 2], &task);
		assert_int_equal(step, GATE_EXCHANGE);
		world.resolver->absent_once = 1;
		gate_fixture_perform(fixture, task);
		step = gate_resume(fixture->gate, task, &fixture->now);
		assert_int_equal(step, GATE_WAIT);
		if (errors > 0)
			world.resolver->error_once = errors;
		else
			world.resolver->outcome = EXCHANGE_UNREACHABLE;
		gate_fixture_run(fixture, fixture->gate, task, step);
		assert_int_equal(gate_task_decision(task)->reason,
		    REASON_RESOLVER_FAULT);
		gate_task_free(task);
		world.resolver->error_once = 0;
		world.resolver->outcome = EXCHANGE_UNREACHABLE;
		gate_fixture_pass(fixture, 1);
		world_expect(&world, "default", tokens[i % 2],
		    REASON_RESOLVER_UNREACHABLE);
		world.resolver->outcome = EXCHANGE_ANSWERED;
		gate_fixture_pass(fixture, 20000);
	}
	world_end(&world);
}

/* Nor for whoever waits for that lookup. */
static void
absent_for_followers(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct gate_fixture *fixture = world.gate;
	struct gate_task *first, *second;

	(void)state;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(fixture, 60000);
	(void)gate_fixture_start(fixture, fixture->gate, "default", OPAQUE,
	    &first);
	assert_int_equal(gate_fixture_start(fixture, fixture->gate, "default",
	    OPAQUE, &second), GATE_WAIT);
	fixture->delay = 1700;
	world.resolver->absent_once = 1;
	gate_fixture_perform(fixture, first);
	fixture->delay = 0;
	(void)gate_resume(fixture->gate, first, &fixture->now);
	gate_fixture_pass(fixture, 300);
	assert_int_equal(gate_resume(fixture->gate, second, &fixture->now),
	    GATE_DONE);
	assert_int_equal(gate_task_decision(second)->verdict,
	    VERDICT_UNDECIDED);
	gate_task_free(first);
	gate_task_free(second);
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

/* The earlier lookup of another process answers "live" only after this one
 * was told otherwise: "not live", or nothing, which is to be asked again. */
static void
late_answer_of_others(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct gate_fixture *fixture = world.gate;
	struct gate *other = gate_fixture_another(fixture);
	struct gate_task *mine, *theirs;
	enum gate_step step;
	int is_absent;

	(void)state;
	for (is_absent = 0; is_absent < 2; is_absent++) {
		if (is_absent)
			world_expect(&world, "default", OPAQUE,
			    REASON_GRANTED);
		gate_fixture_pass(fixture, 60000);
		assert_int_equal(gate_fixture_start(fixture, other, "default",
		    OPAQUE, &theirs), GATE_EXCHANGE);
		gate_fixture_perform(fixture, theirs);
		gate_fixture_pass(fixture, 100);
		step = gate_fixture_start(fixture, fixture->gate, "default",
		    OPAQUE, &mine);
		assert_int_equal(step, GATE_EXCHANGE);
		gate_fixture_pass(fixture, 100);
		if (is_absent)
			world.resolver->absent_once = 1;
		else
			world.resolver->valid = "false";
		gate_fixture_perform(fixture, mine);
		step = gate_resume(fixture->gate, mine, &fixture->now);
		assert_int_equal(gate_resume(other, theirs, &fixture->now),
		    GATE_DONE);
		if (is_absent)
			world.resolver->outcome = EXCHANGE_UNREACHABLE;
		gate_fixture_run(fixture, fixture->gate, mine, step);
		assert_int_equal(gate_task_decision(mine)->reason, is_absent ?
		    REASON_RESOLVER_FAULT : REASON_NOT_LIVE);
		gate_task_free(mine);
		gate_task_free(theirs);
		gate_fixture_pass(fixture, 10);
		world_expect(&world, "default", OPAQUE, is_absent ?
		    REASON_RESOLVER_UNREACHABLE : REASON_NOT_LIVE);
		world.resolver->outcome = EXCHANGE_UNREACHABLE;
		gate_fixture_pass(fixture, 200000);
		world_expect(&world, "default", OPAQUE,
		    REASON_RESOLVER_UNREACHABLE);
		world.resolver->outcome = EXCHANGE_ANSWERED;
		world.resolver->valid = "true";
		gate_fixture_pass(fixture, 20000);
	}
	/* and what is asked again and live is kept */
	world.resolver->absent_once = 1;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
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
		struct revocation row;
		enum reason reason;
	} cases[] = {
		{ { REVOCATION_USER, REVOCATION_BLOCKED, MINT_USER,
		    REVOCATION_NO_TIME, REVOCATION_NO_TIME },
		    REASON_USER_BLOCKED },
		{ { REVOCATION_KEY, REVOCATION_REVOKED, "one",
		    REVOCATION_NO_TIME, REVOCATION_NO_TIME },
		    REASON_KEY_REVOKED },
	};
	const struct trust_note note = { "test", "", "cli", NULL };
	struct world world = world_begin("validate = hybrid");
	struct trust_writer *writer;
	const struct decision *decision;
	struct error error = { "" };
	struct gate_task *task;
	int64_t id;
	size_t i;
	int added;

	(void)state;
	gate_fixture_ask(world.gate, "default", world.jwt);
	writer = trust_writer_open(world.gate->settings->state, MINT_ISSUER,
	    &error);
	assert_non_null(writer);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* it comes while the answer "not live" is on its way */
		gate_fixture_pass(world.gate, 60000);
		assert_int_equal(gate_fixture_start(world.gate,
		    world.gate->gate, "default", world.jwt, &task),
		    i == 0 ? GATE_EXCHANGE : GATE_DONE);
		world.resolver->valid = "false";
		if (i == 0)
			gate_fixture_perform(world.gate, task);
		assert_int_equal(trust_writer_add(writer, &cases[i].row, &note,
		    &world.gate->now, &id, &added, &error), TRUST_WRITTEN);
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
waiters_leave(void **state)
{
	struct world world = world_begin("validate = hybrid");
	struct gate_task *first, *tasks[100];
	int i, round;

	(void)state;
	(void)gate_fixture_start(world.gate, world.gate->gate, "default",
	    OPAQUE, &first);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 100; i++)
			assert_int_equal(gate_fixture_start(world.gate,
			    world.gate->gate, "default", OPAQUE, &tasks[i]),
			    i < LOOKUPS_WAITING_ADDRESS ? GATE_WAIT :
			    GATE_DONE);
		assert_int_equal(gate_task_decision(tasks[99])->reason,
		    REASON_BUSY);
		for (i = 0; i < 100; i++)
			gate_task_free(tasks[i]);
	}
	gate_fixture_run(world.gate, world.gate->gate, first, GATE_EXCHANGE);
	gate_task_free(first);
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
		cmocka_unit_test(absent_is_asked_twice),
		cmocka_unit_test(errors_are_no_answer),
		cmocka_unit_test(stale_only_after_live),
		cmocka_unit_test(back_off),
		cmocka_unit_test(one_lookup_for_many),
		cmocka_unit_test(failures_are_shared),
		cmocka_unit_test(followers_are_stale),
		cmocka_unit_test(absent_then_down),
		cmocka_unit_test(absent_for_followers),
		cmocka_unit_test(no_chance),
		cmocka_unit_test(not_live_of_others),
		cmocka_unit_test(late_answer_of_others),
		cmocka_unit_test(no_chance_for_one),
		cmocka_unit_test(nothing_lost),
		cmocka_unit_test(revoked_before_asking),
		cmocka_unit_test(waiters_leave),
		cmocka_unit_test(in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
