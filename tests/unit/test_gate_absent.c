/* The gate and "absent", which the resolver must say twice. */
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

/* "Absent" once, then nothing: it was the beginning of an outage. */
static void
absent_then_down(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct gate_fixture *fixture = world.gate;
	const char *tokens[] = { OPAQUE, NULL };
	struct gate_task *task;
	enum gate_step step;
	char *jwt;
	size_t i;
	int errors;

	(void)state;
	for (i = 0; i < 4; i++) {
		errors = i >= 2 ? 2 : 0;
		tokens[1] = jwt = mint_good(world.key, "one",
		    fixture->now.wall);
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
		    REASON_GRANTED);
		gate_task_free(task);
		world.resolver->error_once = 0;
		world.resolver->outcome = EXCHANGE_UNREACHABLE;
		gate_fixture_pass(fixture, 1);
		world_expect(&world, "default", tokens[i % 2], REASON_GRANTED);
		/* as long as from the last answer, not from that one */
		gate_fixture_pass(fixture, 239000);
		world_expect(&world, "default", tokens[i % 2], REASON_GRANTED);
		gate_fixture_pass(fixture, 1000);
		world_expect(&world, "default", tokens[i % 2],
		    REASON_RESOLVER_UNREACHABLE);
		world.resolver->outcome = EXCHANGE_ANSWERED;
		gate_fixture_pass(fixture, 20000);
		free(jwt);
	}
	world_end(&world);
}

/* Begin with a lookup that is due, and let it be told "absent" after a time;
 * the step behind it. */
static enum gate_step
told_absent(struct world *world, struct gate *gate, const char *token,
    int64_t delay, struct gate_task **task_out)
{
	struct gate_fixture *fixture = world->gate;

	assert_int_equal(gate_fixture_start(fixture, gate, "default", token,
	    task_out), GATE_EXCHANGE);
	world->resolver->absent_once = 1;
	fixture->delay = delay;
	gate_fixture_perform(fixture, *task_out);
	fixture->delay = 0;
	return gate_resume(gate, *task_out, &fixture->now);
}

static void
expect_task(struct gate_task *task, enum reason reason)
{
	if (gate_task_decision(task)->reason != reason)
		print_error("%s (%s)\n", reason_name(
		    gate_task_decision(task)->reason),
		    error_text(&gate_task_decision(task)->detail));
	assert_int_equal(gate_task_decision(task)->reason, reason);
	if (reason == REASON_SESSION_UNSETTLED)
		assert_int_equal(gate_task_decision(task)->retry_after, 1);
	gate_task_free(task);
}

/* The two answers may belong to two requests, if both are near enough. */
static void
absent_of_two_requests(void **state)
{
	static const struct {
		const char *name;
		int64_t apart;	/* from the first answer to the next question */
		enum reason reason;
	} cases[] = {
		{ "a second", 1000, REASON_NOT_LIVE },
		{ "absent_ttl", 5000, REASON_NOT_LIVE },
		{ "more", 5001, REASON_SESSION_UNSETTLED },
		{ "a minute", 60000, REASON_SESSION_UNSETTLED },
	};
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct gate_fixture *fixture = world.gate;
	const char *tokens[] = { OPAQUE, NULL };
	struct gate_task *task;
	char *jwt;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("# %s\n", cases[i / 2].name);
		tokens[1] = jwt = mint_good(world.key, "one",
		    fixture->now.wall);
		world_expect(&world, "default", tokens[i % 2], REASON_GRANTED);
		gate_fixture_pass(fixture, 60000);
		/* too slow to be asked twice in the time of one request */
		assert_int_equal(told_absent(&world, fixture->gate,
		    tokens[i % 2], 1000, &task), GATE_DONE);
		expect_task(task, REASON_SESSION_UNSETTLED);
		gate_fixture_pass(fixture, cases[i / 2].apart);
		assert_int_equal(told_absent(&world, fixture->gate,
		    tokens[i % 2], 1000, &task), GATE_DONE);
		expect_task(task, cases[i / 2].reason);
		/* never stale after two, however far from each other */
		world.resolver->outcome = EXCHANGE_UNREACHABLE;
		gate_fixture_pass(fixture, 6000);
		world_expect(&world, "default", tokens[i % 2],
		    REASON_RESOLVER_UNREACHABLE);
		world.resolver->outcome = EXCHANGE_ANSWERED;
		gate_fixture_pass(fixture, 20000);
		free(jwt);
	}
	world_end(&world);
}

/* The same of two processes, which know of each other by the row; an answer
 * between the two takes the first one back. */
static void
absent_of_two_processes(void **state)
{
	struct world world = world_begin("validate = hybrid");
	struct gate_fixture *fixture = world.gate;
	struct gate *other = gate_fixture_another(fixture);
	struct gate_task *task;
	int is_live_between;

	(void)state;
	for (is_live_between = 0; is_live_between < 2; is_live_between++) {
		world_expect(&world, "default", OPAQUE, REASON_GRANTED);
		gate_fixture_pass(fixture, 60000);
		(void)told_absent(&world, fixture->gate, OPAQUE, 1900, &task);
		expect_task(task, REASON_SESSION_UNSETTLED);
		gate_fixture_pass(fixture, 1000);
		if (is_live_between) {
			assert_int_equal(gate_fixture_start(fixture,
			    other, "default", OPAQUE, &task), GATE_EXCHANGE);
			gate_fixture_run(fixture, other, task, GATE_EXCHANGE);
			expect_task(task, REASON_GRANTED);
			gate_fixture_pass(fixture, 31000);
		}
		(void)told_absent(&world, other, OPAQUE, 1900, &task);
		expect_task(task, is_live_between ? REASON_SESSION_UNSETTLED :
		    REASON_NOT_LIVE);
		gate_fixture_pass(fixture, 10000);
	}
	gate_free(other);
	world_end(&world);
}

/* Each one is a first one again: it is asked for as what was live. */
static void
absent_now_and_then(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct gate_fixture *fixture = world.gate;
	struct gate_task *task;
	int i;

	(void)state;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(fixture, 60000);
	for (i = 0; i < 4; i++) {
		(void)told_absent(&world, fixture->gate, OPAQUE, 1900, &task);
		expect_task(task, REASON_SESSION_UNSETTLED);
		if (i == 1)
			gate_fixture_restart(fixture);
		gate_fixture_pass(fixture, i < 3 ? 10000 : 1000);
	}
	(void)told_absent(&world, fixture->gate, OPAQUE, 1900, &task);
	expect_task(task, REASON_NOT_LIVE);
	world_end(&world);
}

/* The first one is not forgotten at a restart, nor is the row. */
static void
absent_and_restart(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct gate_fixture *fixture = world.gate;
	struct gate_task *task;
	int is_outage;

	(void)state;
	for (is_outage = 0; is_outage < 2; is_outage++) {
		world_expect(&world, "default", OPAQUE, REASON_GRANTED);
		gate_fixture_pass(fixture, 60000);
		(void)told_absent(&world, fixture->gate, OPAQUE, 1900, &task);
		expect_task(task, REASON_SESSION_UNSETTLED);
		gate_fixture_restart(fixture);
		gate_fixture_pass(fixture, 1000);
		if (is_outage)
			world.resolver->outcome = EXCHANGE_UNREACHABLE;
		else
			world.resolver->absent_once = 1;
		world_expect(&world, "default", OPAQUE, is_outage ?
		    REASON_GRANTED : REASON_NOT_LIVE);
		assert_int_equal(world.resolver->absent_once, 0);
		gate_fixture_pass(fixture, 10000);
	}
	world_end(&world);
}

/* Told by one process, whose answer comes to be written behind the doubt of
 * another: it is the end, in an outage too. */
static void
ended_before_doubt(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct gate_fixture *fixture = world.gate;
	struct gate *other = gate_fixture_another(fixture);
	struct gate_task *mine, *theirs;
	struct sqlite3 *blocker;

	(void)state;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(fixture, 60000);
	assert_int_equal(gate_fixture_start(fixture, other, "default", OPAQUE,
	    &theirs), GATE_EXCHANGE);
	(void)gate_fixture_start(fixture, fixture->gate, "default", OPAQUE,
	    &mine);
	world.resolver->valid = "false";
	gate_fixture_perform(fixture, theirs);
	blocker = scratch_block(gate_fixture_path(fixture,
	    "state/daemon/status.db"));
	assert_int_equal(gate_resume(other, theirs, &fixture->now), GATE_DONE);
	expect_task(theirs, REASON_NOT_LIVE);
	scratch_unblock(blocker);
	gate_fixture_pass(fixture, 1900);
	world.resolver->absent_once = 1;
	gate_fixture_perform(fixture, mine);
	assert_int_equal(gate_resume(fixture->gate, mine, &fixture->now),
	    GATE_DONE);
	expect_task(mine, REASON_SESSION_UNSETTLED);
	gate_fixture_pass(fixture, 6000);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	assert_int_equal(gate_fixture_start(fixture, other, "default", OPAQUE,
	    &theirs), GATE_EXCHANGE);
	gate_fixture_run(fixture, other, theirs, GATE_EXCHANGE);
	expect_task(theirs, REASON_RESOLVER_UNREACHABLE);
	world_expect(&world, "default", OPAQUE, REASON_RESOLVER_UNREACHABLE);
	gate_free(other);
	world_end(&world);
}

/* Two answers at nearly the same time are one fault of Authgear's. */
static void
absent_too_near(void **state)
{
	struct world world = world_begin("validate = hybrid");
	struct gate_fixture *fixture = world.gate;
	struct gate *other = gate_fixture_another(fixture);
	struct gate_task *mine, *theirs;
	int i;

	(void)state;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(fixture, 60000);
	(void)gate_fixture_start(fixture, other, "default", OPAQUE, &theirs);
	(void)gate_fixture_start(fixture, fixture->gate, "default", OPAQUE,
	    &mine);
	world.resolver->absent_once = 2;
	gate_fixture_perform(fixture, mine);
	assert_int_equal(gate_resume(fixture->gate, mine, &fixture->now),
	    GATE_WAIT);
	gate_fixture_pass(fixture, 90);
	gate_fixture_perform(fixture, theirs);
	assert_int_equal(gate_resume(other, theirs, &fixture->now),
	    GATE_WAIT);
	gate_fixture_run(fixture, other, theirs, GATE_WAIT);
	expect_task(theirs, REASON_GRANTED);
	gate_fixture_run(fixture, fixture->gate, mine, GATE_WAIT);
	expect_task(mine, REASON_GRANTED);
	/* in one request they are far enough from each other */
	for (i = 0; i < 50; i++) {
		gate_fixture_pass(fixture, 60001);
		(void)told_absent(&world, fixture->gate, OPAQUE, 3, &mine);
		gate_fixture_pass(fixture, 99);
		assert_int_equal(gate_resume(fixture->gate, mine,
		    &fixture->now), GATE_WAIT);
		gate_fixture_run(fixture, fixture->gate, mine, GATE_WAIT);
		expect_task(mine, REASON_GRANTED);
	}
	gate_free(other);
	world_end(&world);
}

/* The second question is cut by the deadline: too slow, and no outage. */
static void
absent_then_slow(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct gate_fixture *fixture = world.gate;
	struct gate_task *task;
	enum gate_step step;
	int i;

	(void)state;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	for (i = 0; i < 5; i++) {
		gate_fixture_pass(fixture, 40000);
		step = told_absent(&world, fixture->gate, OPAQUE, 700, &task);
		assert_int_equal(step, GATE_WAIT);
		while (step == GATE_WAIT) {
			gate_fixture_pass(fixture, 10);
			step = gate_resume(fixture->gate, task, &fixture->now);
		}
		assert_int_equal(step, GATE_EXCHANGE);
		gate_fixture_pass(fixture, gate_task_deadline(task) -
		    fixture->now.boottime);
		gate_task_exchange(task)->outcome = EXCHANGE_UNREACHABLE;
		assert_int_equal(gate_resume(fixture->gate, task,
		    &fixture->now), GATE_DONE);
		expect_task(task, REASON_SESSION_UNSETTLED);
	}
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
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
	expect_task(second, REASON_SESSION_UNSETTLED);
	gate_task_free(first);
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
		expect_task(mine, is_absent ? REASON_GRANTED :
		    REASON_NOT_LIVE);
		gate_task_free(theirs);
		gate_fixture_pass(fixture, 10);
		world_expect(&world, "default", OPAQUE, is_absent ?
		    REASON_GRANTED : REASON_NOT_LIVE);
		world.resolver->outcome = EXCHANGE_UNREACHABLE;
		gate_fixture_pass(fixture, 300000);
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

/* What was not known when it was asked for may be by now: a first request of
 * the same moment got its answer, here it is one "absent" that came late. */
static void
live_meanwhile(void **state)
{
	struct world world = world_begin("validate = hybrid");
	struct gate_fixture *fixture = world.gate;
	struct gate *other = gate_fixture_another(fixture);
	struct gate_task *mine, *theirs;

	(void)state;
	assert_int_equal(gate_fixture_start(fixture, other, "default", OPAQUE,
	    &theirs), GATE_EXCHANGE);
	assert_int_equal(gate_fixture_start(fixture, fixture->gate, "default",
	    OPAQUE, &mine), GATE_EXCHANGE);
	gate_fixture_run(fixture, other, theirs, GATE_EXCHANGE);
	expect_task(theirs, REASON_GRANTED);
	gate_fixture_pass(fixture, 5);
	world.resolver->absent_once = 1;
	gate_fixture_run(fixture, fixture->gate, mine, GATE_EXCHANGE);
	expect_task(mine, REASON_GRANTED);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_free(other);
	world_end(&world);
}

/* Nor is it what ends a row that comes to be known of only behind it: who has
 * heard "absent" once asks again. */
static void
live_just_after(void **state)
{
	struct world world = world_begin("validate = hybrid");
	struct gate_fixture *fixture = world.gate;
	struct gate *other = gate_fixture_another(fixture);
	struct gate_task *mine, *theirs;
	int i;

	(void)state;
	assert_int_equal(gate_fixture_start(fixture, other, "default", OPAQUE,
	    &theirs), GATE_EXCHANGE);
	gate_fixture_perform(fixture, theirs);
	(void)told_absent(&world, fixture->gate, OPAQUE, 5, &mine);
	expect_task(mine, REASON_NOT_LIVE);
	gate_fixture_pass(fixture, 5);
	/* not for who never heard of anything else */
	world_expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	assert_int_equal(gate_resume(other, theirs, &fixture->now), GATE_DONE);
	expect_task(theirs, REASON_GRANTED);
	for (i = 0; i < 3; i++) {
		gate_fixture_pass(fixture, 5);
		world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	}
	gate_free(other);
	world_end(&world);
}

/* Behind two that dropped the row a third one counts too: an answer of a lookup
 * begun before it is not the last. */
static void
absent_of_a_dropped_row(void **state)
{
	struct world world = world_begin("validate = hybrid");
	struct gate_fixture *fixture = world.gate;
	struct gate *other = gate_fixture_another(fixture);
	struct gate_task *mine, *theirs;
	int i;

	(void)state;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	for (i = 0; i < 2; i++) {
		gate_fixture_pass(fixture, 60000);
		(void)told_absent(&world, other, OPAQUE, 1900, &theirs);
		expect_task(theirs, REASON_SESSION_UNSETTLED);
	}
	gate_fixture_pass(fixture, 100);
	assert_int_equal(gate_fixture_start(fixture, other, "default", OPAQUE,
	    &theirs), GATE_EXCHANGE);
	gate_fixture_perform(fixture, theirs);
	(void)told_absent(&world, fixture->gate, OPAQUE, 1900, &mine);
	expect_task(mine, REASON_SESSION_UNSETTLED);
	assert_int_equal(gate_resume(other, theirs, &fixture->now), GATE_DONE);
	expect_task(theirs, REASON_GRANTED);
	gate_fixture_pass(fixture, 1);
	world.resolver->valid = "false";
	world_expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	gate_free(other);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absent_is_asked_twice),
		cmocka_unit_test(absent_then_down),
		cmocka_unit_test(absent_of_two_requests),
		cmocka_unit_test(absent_of_two_processes),
		cmocka_unit_test(absent_now_and_then),
		cmocka_unit_test(absent_and_restart),
		cmocka_unit_test(ended_before_doubt),
		cmocka_unit_test(absent_too_near),
		cmocka_unit_test(absent_then_slow),
		cmocka_unit_test(absent_for_followers),
		cmocka_unit_test(late_answer_of_others),
		cmocka_unit_test(live_meanwhile),
		cmocka_unit_test(live_just_after),
		cmocka_unit_test(absent_of_a_dropped_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
