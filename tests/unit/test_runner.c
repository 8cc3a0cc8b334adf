/* A question to its end, by a program that waits for nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "face/runner.h"
#include "gate_world.h"
#include "transport/clock.h"

/* Authgear, as the runner performs it. */
struct performer {
	struct gate_fixture *fixture;
	struct gate_task *task;		/* whose exchange it is */
	int count;
	int64_t msecs;			/* it had, the last time */
};

static void
perform(void *context, struct exchange *exchange, int64_t msecs)
{
	struct performer *performer = context;

	assert_ptr_equal(exchange, gate_task_exchange(performer->task));
	performer->count++;
	performer->msecs = msecs;
	gate_fixture_perform(performer->fixture, performer->task);
}

static struct runner
runner_of(struct world *world, struct performer *performer)
{
	struct runner runner = { .gate = world->gate->gate,
	    .perform = perform, .context = performer };

	performer->fixture = world->gate;
	performer->count = 0;
	assert_int_equal(clock_now(&runner.now), 0);
	world->gate->now = runner.now;
	runner.deadline = runner.now.boottime + 60000;
	return runner;
}

static void
test_exchange(void **state)
{
	struct world world = world_begin("validate = resolver");
	struct performer performer;
	struct runner runner = runner_of(&world, &performer);

	(void)state;
	assert_int_equal(gate_fixture_start(world.gate, world.gate->gate,
	    "default", OPAQUE, &performer.task), GATE_EXCHANGE);
	assert_int_equal(runner_run(&runner, performer.task, GATE_EXCHANGE),
	    0);
	assert_int_equal(gate_task_decision(performer.task)->reason,
	    REASON_GRANTED);
	assert_int_equal(performer.count, 1);
	assert_true(performer.msecs > 0 && performer.msecs <=
	    (int64_t)world.gate->settings->total_timeout * 1000);
	gate_task_free(performer.task);
	world_end(&world);
}

/* Another one asks, and does not end; then it does. */
static void
test_wait(void **state)
{
	struct world world = world_begin("validate = resolver");
	struct performer performer;
	struct runner runner = runner_of(&world, &performer);
	const int64_t begun = runner.now.boottime;
	struct gate_task *second;

	(void)state;
	assert_int_equal(gate_fixture_start(world.gate, world.gate->gate,
	    "default", OPAQUE, &performer.task), GATE_EXCHANGE);
	assert_int_equal(gate_fixture_start(world.gate, world.gate->gate,
	    "default", OPAQUE, &second), GATE_WAIT);
	runner.deadline = begun + 120;
	assert_int_equal(runner_run(&runner, second, GATE_WAIT), -1);
	assert_true(runner.now.boottime >= begun + 120);
	assert_int_equal(performer.count, 0);
	runner.deadline = begun + 60000;
	assert_int_equal(runner_run(&runner, performer.task, GATE_EXCHANGE),
	    0);
	assert_int_equal(runner_run(&runner, second, GATE_WAIT), 0);
	assert_int_equal(gate_task_decision(second)->reason, REASON_GRANTED);
	assert_int_equal(performer.count, 1);
	gate_task_free(performer.task);
	gate_task_free(second);
	world_end(&world);
}

/* Who asks has less time than total_timeout. */
static void
test_deadline(void **state)
{
	struct world world = world_begin("validate = resolver");
	struct performer performer;
	struct runner runner = runner_of(&world, &performer);
	struct gate_asker asker = { .manner = GATE_LOGIN };
	struct credential credential;
	struct gate_task *second;
	enum reason reason;
	int is_unknown;

	(void)state;
	assert_int_equal(gate_fixture_start(world.gate, world.gate->gate,
	    "default", OPAQUE, &performer.task), GATE_EXCHANGE);
	assert_int_equal(credential_from_password(&credential, OPAQUE,
	    sizeof(OPAQUE) - 1, 8192, &reason, NULL), 0);
	asker.deadline = runner.deadline = runner.now.boottime + 250;
	assert_int_equal(gate_start(world.gate->gate, settings_policy(
	    world.gate->settings, "default", &is_unknown), &credential,
	    &asker, &runner.now, &second), GATE_WAIT);
	assert_int_equal(gate_task_deadline(second), asker.deadline);
	assert_int_equal(runner_run(&runner, second, GATE_WAIT), 0);
	assert_int_equal(gate_task_decision(second)->verdict,
	    VERDICT_UNDECIDED);
	assert_true(runner.now.boottime < asker.deadline + 1000);
	gate_task_free(performer.task);
	gate_task_free(second);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
