/* The gate and what is written behind its answers. */
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate_world.h"
#include "gate/gate_shared.h"
#include "gate/gate_writer.h"
#include "scratch.h"

#define OTHER_TOKEN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char *
status_db(struct world *world)
{
	return gate_fixture_path(world->gate, "state/daemon/status.db");
}

/* "Not live" that could not be written is not forgotten for a stale row, nor
 * does it cost anybody else his. */
static void
lost_answer(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct sqlite3 *blocker;
	int i;

	(void)state;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	gate_fixture_pass(world.gate, 60000);
	world.resolver->valid = "false";
	blocker = scratch_block(status_db(&world));
	world_expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	for (i = 0; i < 6; i++)
		world_expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	gate_fixture_pass(world.gate, 6000);
	world_expect(&world, "default", OPAQUE, REASON_RESOLVER_UNREACHABLE);
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	scratch_unblock(blocker);
	gate_fixture_pass(world.gate, 20000);
	world_expect(&world, "default", OPAQUE, REASON_RESOLVER_UNREACHABLE);
	/* and is written by then, for whoever comes after */
	gate_fixture_restart(world.gate);
	gate_fixture_pass(world.gate, 20000);
	world_expect(&world, "default", OPAQUE, REASON_RESOLVER_UNREACHABLE);
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	world_end(&world);
}

/* Nor may an older role serve because a newer answer was not written. */
static void
lost_roles(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct sqlite3 *blocker;

	(void)state;
	world.resolver->roles = "staff";
	world_expect(&world, "staff", OPAQUE, REASON_GRANTED);
	blocker = scratch_block(status_db(&world));
	/* somebody new, whom no row contradicts, changes nothing */
	world_cookie(&world, "session=" SESSION, REASON_GRANTED);
	world_expect(&world, "staff", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 2);
	gate_fixture_pass(world.gate, 60000);
	world.resolver->roles = "other";
	world_expect(&world, "staff", OPAQUE, REASON_ROLE_MISSING);
	/* both are known as if they had been written */
	world_cookie(&world, "session=" SESSION, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 4);
	scratch_unblock(blocker);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	world_expect(&world, "staff", OPAQUE, REASON_ROLE_MISSING);
	gate_fixture_pass(world.gate, 6000);
	world_expect(&world, "staff", OPAQUE, REASON_RESOLVER_UNREACHABLE);
	world_end(&world);
}

static void
no_wake(void *context, int is_urgent)
{
	(void)context;
	(void)is_urgent;
}

static void
ask_live(struct world *world, struct gate *gate, unsigned int number)
{
	char authorization[64], address[32];
	const struct web_question question = { .policy_name = "default",
	    .authorization = authorization, .client_address = address };
	struct gate_task *task;
	enum gate_step step;

	(void)snprintf(authorization, sizeof(authorization), "Bearer %032u",
	    number);
	(void)snprintf(address, sizeof(address), "10.0.0.%u", number % 100);
	step = gate_fixture_begin(world->gate, gate, &question, &task);
	assert_int_equal(step, GATE_EXCHANGE);
	gate_fixture_perform(world->gate, task);
	step = gate_resume(gate, task, &world->gate->now);
	assert_int_equal(step, GATE_DONE);
	assert_int_equal(gate_task_decision(task)->reason, REASON_GRANTED);
	gate_task_free(task);
}

/* More than memory holds waits to be written, and what had to be forgotten
 * was the end of a session: a row of before does not serve in its place. */
static void
more_than_memory(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300\nlookup_rate = 60000");
	struct gate_fixture *fixture = world.gate;
	struct gate_shared *shared = gate_shared_new(fixture->settings);
	struct gate_writer *writer = gate_writer_new(fixture->settings,
	    shared, no_wake, NULL, NULL);
	struct gate *gate = gate_new(fixture->settings, shared, NULL);
	unsigned int i;

	(void)state;
	assert_non_null(writer);
	assert_non_null(gate);
	gate_free(fixture->gate);
	fixture->gate = gate;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(gate_writer_waiting(writer), 1);
	assert_int_equal(gate_writer_step(writer, &fixture->now, NULL),
	    GATE_WRITER_DONE);
	gate_fixture_pass(fixture, 60000);
	world.resolver->valid = "false";
	world_expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	world.resolver->valid = "true";
	gate_fixture_pass(fixture, 6000);
	for (i = 0; i < 50000; i++)
		ask_live(&world, gate, i);
	assert_true(gate_writer_waiting(writer) < 17000);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	for (i = 0; i < 5; i++)
		world_expect(&world, "default", OPAQUE,
		    REASON_RESOLVER_UNREACHABLE);
	while (gate_writer_step(writer, &fixture->now, NULL) ==
	    GATE_WRITER_MORE)
		;
	assert_int_equal(gate_writer_waiting(writer), 0);
	world_expect(&world, "default", OPAQUE, REASON_RESOLVER_UNREACHABLE);
	world_end(&world);
	gate_writer_free(writer);
	gate_shared_free(shared);
}

/* No key, and nobody may fetch one while the file takes no write: that is
 * what is said, when the time is over and not before. */
static void
keys_wait_for_the_file(void **state)
{
	struct world world = world_begin("validate = jwt");
	struct sqlite3 *blocker = scratch_block(status_db(&world));
	const struct decision *decision;

	(void)state;
	decision = world_expect(&world, "default", world.jwt,
	    REASON_STATE_BUSY);
	assert_true(decision->retry_after > 0);
	assert_in_range(world.gate->now.boottime, GATE_FIXTURE_BOOT + 1900,
	    GATE_FIXTURE_BOOT + 2000);
	assert_int_equal(world.gate->metadata_count, 0);
	scratch_unblock(blocker);
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	assert_int_equal(world.gate->metadata_count, 1);
	world_end(&world);
}

/* Keys that were fetched serve, whether the file takes them or not. */
static void
keys_not_written(void **state)
{
	struct world world = world_begin("validate = jwt");
	struct gate_fixture *fixture = world.gate;
	struct sqlite3 *blocker;
	struct gate_task *task;
	enum gate_step step;

	(void)state;
	step = gate_fixture_start(fixture, fixture->gate, "default", world.jwt,
	    &task);
	assert_int_equal(step, GATE_EXCHANGE);
	blocker = scratch_block(status_db(&world));
	gate_fixture_run(fixture, fixture->gate, task, step);
	assert_int_equal(gate_task_decision(task)->reason, REASON_GRANTED);
	gate_task_free(task);
	gate_fixture_pass(fixture, 1000);
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	scratch_unblock(blocker);
	assert_int_equal(fixture->jwks_count, 1);
	world_end(&world);
}

/* What another process wrote a moment ago stands against a row that this one
 * still holds as in use: it is no stale answer any more. */
static void
no_stale_answer_from_memory(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "session_ttl = 5\nstale_if_error = 300");
	struct gate_fixture *fixture = world.gate;
	struct gate *other = gate_fixture_another(fixture);
	struct gate_task *task;
	enum gate_step step;
	int i;

	(void)state;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(fixture, 4900);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 1);
	gate_fixture_pass(fixture, 200);
	world.resolver->valid = "false";
	step = gate_fixture_start(fixture, other, "default", OPAQUE, &task);
	gate_fixture_run(fixture, other, task, step);
	assert_int_equal(gate_task_decision(task)->reason, REASON_NOT_LIVE);
	gate_task_free(task);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	for (i = 0; i < 3; i++) {
		gate_fixture_pass(fixture, 1);
		world_expect(&world, "default", OTHER_TOKEN,
		    REASON_RESOLVER_UNREACHABLE);
	}
	world_expect(&world, "default", OPAQUE, REASON_RESOLVER_UNREACHABLE);
	gate_free(other);
	world_end(&world);
}

static void
copy_file(const char *from, const char *to)
{
	static char bytes[1024 * 1024];
	FILE *file = fopen(from, "r");
	size_t len;

	assert_non_null(file);
	len = fread(bytes, 1, sizeof(bytes), file);
	assert_in_range(len, 1, sizeof(bytes) - 1);
	(void)fclose(file);
	scratch_write(to, bytes, len);
	assert_int_equal(chmod(to, 0600), 0);
}

/* A gate of this release over status.db of an earlier one. */
static struct world
upgraded(const char *schema, const char *authgear)
{
	static const char *const names[] = { "", "-wal", "-shm" };
	struct world world = world_begin("validate = hybrid");
	char from[4096], to[4096];
	size_t i;

	gate_fixture_free(world.gate);
	/* some rows of then tell little of their users */
	world.gate = gate_fixture_new("https://login.example.com", authgear,
	    "[policy default]\nanonymous_users = allow\n");
	world.resolver = &world.gate->resolver;
	gate_free(world.gate->gate);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(from, sizeof(from),
		    TESTS_RECORDED "/state/%s/daemon/status.db%s", schema,
		    names[i]);
		(void)snprintf(to, sizeof(to), "%s%s", status_db(&world),
		    names[i]);
		copy_file(from, to);
	}
	world.gate->gate = gate_fixture_another(world.gate);
	return world;
}

#define OLD_OPAQUE "A7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu"
#define OLD_USER(n, letter) "session=00000000-0000-4000-8000-00000000000" n \
	"." letter "7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu"

/* Who was known to the last release is known to this one, as he was. */
static void
known_to(const char *schema)
{
	struct world world = upgraded(schema, "validate = hybrid\n"
	    "stale_if_error = 300\nlookup_rate = 1");
	struct gate_fixture *fixture = world.gate;

	print_message("# schema %s\n", schema);
	gate_fixture_pass(fixture, 10000);
	assert_string_equal(world_expect(&world, "default", OLD_OPAQUE,
	    REASON_GRANTED)->facts->user_id,
	    "00000000-0000-4000-8000-000000000002");
	world_cookie(&world, OLD_USER("4", "C"), REASON_GRANTED);
	world_cookie(&world, "app_session=B7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu",
	    REASON_GRANTED);
	assert_int_equal(world.resolver->count, 0);
	/* not live, in doubt, of another boot: asked, and all are known */
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	world_cookie(&world, OLD_USER("6", "E"), REASON_RESOLVER_UNREACHABLE);
	world_cookie(&world, OLD_USER("7", "F"), REASON_RESOLVER_UNREACHABLE);
	world.resolver->outcome = EXCHANGE_ANSWERED;
	gate_fixture_pass(fixture, 10000);	/* the back-off is over */
	world_cookie(&world, OLD_USER("5", "D"), REASON_GRANTED);
	world_cookie(&world, OLD_USER("6", "E"), REASON_GRANTED);
	world_cookie(&world, OLD_USER("7", "F"), REASON_GRANTED);
	/* and one in vain, who is not known, takes what is left of a minute */
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	world.resolver->valid = "false";
	world_expect(&world, "default", OTHER_TOKEN, REASON_NOT_LIVE);
	world_expect(&world, "default", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
	    REASON_BUSY);
	world_end(&world);
}

static void
known_before(void **state)
{
	(void)state;
	known_to("2");
	known_to("3");
}

/* The old row does not come back behind what was said since. */
static void
ended_behind(const char *schema)
{
	struct world world = upgraded(schema, "validate = hybrid\n"
	    "stale_if_error = 300");
	struct gate_fixture *fixture = world.gate;
	int i;

	print_message("# schema %s\n", schema);
	gate_fixture_pass(fixture, 60000);
	world.resolver->valid = "false";
	world_expect(&world, "default", OLD_OPAQUE, REASON_NOT_LIVE);
	world.resolver->valid = "true";
	world.resolver->absent_once = 1;
	fixture->delay = 1950;
	world_cookie(&world, OLD_USER("4", "C"), REASON_SESSION_UNSETTLED);
	fixture->delay = 0;
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	gate_fixture_pass(fixture, 6000);
	for (i = 0; i < 2; i++) {
		world_expect(&world, "default", OLD_OPAQUE,
		    REASON_RESOLVER_UNREACHABLE);
		/* of these nothing was said, or not twice */
		world_cookie(&world, OLD_USER("4", "C"), REASON_GRANTED);
		world_cookie(&world,
		    "app_session=B7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu",
		    REASON_GRANTED);
		gate_fixture_restart(fixture);
		gate_fixture_pass(fixture, 20000);
	}
	world_end(&world);
}

static void
ended_after_upgrade(void **state)
{
	(void)state;
	ended_behind("2");
	ended_behind("3");
}

/* Keys and metadata serve on, and the lease that was held is. */
static void
keys_of_before(void **state)
{
	static const char *const schemas[] = { "1", "2", "3" };
	struct world world;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
		world = upgraded(schemas[i], "validate = hybrid");
		assert_non_null(gate_authorization_endpoint(
		    world.gate->gate));
		assert_int_equal(world.gate->metadata_count, 0);
		world_end(&world);
	}
}

/* The first lookups of a token, in two processes: the earlier one's answer is
 * written last, where there was no row for the other to end. */
static void
first_ones(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct gate_fixture *fixture = world.gate;
	struct gate *other = gate_fixture_another(fixture);
	struct gate_task *mine, *theirs;

	(void)state;
	assert_int_equal(gate_fixture_start(fixture, other, "default",
	    world.jwt, &theirs), GATE_EXCHANGE);
	gate_fixture_perform(fixture, theirs);
	assert_int_equal(gate_resume(other, theirs, &fixture->now),
	    GATE_EXCHANGE);
	gate_fixture_perform(fixture, theirs);
	assert_int_equal(gate_resume(other, theirs, &fixture->now),
	    GATE_EXCHANGE);
	gate_fixture_perform(fixture, theirs);
	gate_fixture_pass(fixture, 5);
	world.resolver->valid = "false";
	world_expect(&world, "default", world.jwt, REASON_NOT_LIVE);
	gate_fixture_pass(fixture, 5);
	assert_int_equal(gate_resume(other, theirs, &fixture->now), GATE_DONE);
	gate_task_free(theirs);
	gate_fixture_pass(fixture, 6000);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	assert_int_equal(gate_fixture_start(fixture, other, "default",
	    world.jwt, &mine), GATE_EXCHANGE);
	gate_fixture_run(fixture, other, mine, GATE_EXCHANGE);
	assert_int_equal(gate_task_decision(mine)->reason,
	    REASON_RESOLVER_UNREACHABLE);
	gate_task_free(mine);
	world_expect(&world, "default", world.jwt,
	    REASON_RESOLVER_UNREACHABLE);
	gate_free(other);
	world_end(&world);
}

/* A session is not unknown because nobody can read now whether it is: one
 * "absent" does not end it. */
static void
absent_without_state(void **state)
{
	struct world world = world_begin("validate = hybrid");
	struct gate_fixture *fixture = world.gate;
	char *daemon = strdup(gate_fixture_path(fixture,
	    "state/daemon"));

	(void)state;
	assert_non_null(daemon);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(fixture, 60000);
	assert_int_equal(unlink(gate_fixture_path(fixture,
	    "state/daemon/status.db")), 0);
	assert_int_equal(chmod(daemon, 0777), 0);
	world.resolver->absent_once = 1;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	world.resolver->absent_once = 2;
	gate_fixture_pass(fixture, 60000);
	world_expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	assert_int_equal(chmod(daemon, 0700), 0);
	free(daemon);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_answer),
		cmocka_unit_test(lost_roles),
		cmocka_unit_test(more_than_memory),
		cmocka_unit_test(keys_wait_for_the_file),
		cmocka_unit_test(keys_not_written),
		cmocka_unit_test(no_stale_answer_from_memory),
		cmocka_unit_test(known_before),
		cmocka_unit_test(ended_after_upgrade),
		cmocka_unit_test(keys_of_before),
		cmocka_unit_test(first_ones),
		cmocka_unit_test(absent_without_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
