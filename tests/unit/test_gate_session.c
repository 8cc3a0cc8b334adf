/* The gate and sessions: what is believed of what is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/gate_shared.h"
#include "gate_world.h"
#include "scratch.h"
#include "state/write/trust_writer.h"

static void
kinds_and_modes(void **state)
{
	struct world world;

	(void)state;
	world = world_begin("validate = hybrid");
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_string_equal(world.resolver->authorization, "Bearer " OPAQUE);
	assert_string_equal(world.resolver->cookie, "");
	assert_int_equal(world.gate->jwks_count, 0);
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	assert_int_equal(world.gate->jwks_count, 1);
	world_cookie(&world, "session=" SESSION, REASON_GRANTED);
	assert_string_equal(world.resolver->authorization, "");
	assert_string_equal(world.resolver->cookie, "session=" SESSION);
	world_cookie(&world, "app_session=" OPAQUE, REASON_GRANTED);
	assert_string_equal(world.resolver->cookie, "app_session=" OPAQUE);
	world_cookie(&world, "app_access_token=" OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 4);
	world_end(&world);

	world = world_begin("validate = resolver");
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	assert_int_equal(world.gate->jwks_count, 0);
	world_end(&world);

	world = world_begin("validate = jwt");
	world_expect(&world, "default", OPAQUE, REASON_NEEDS_RESOLVER);
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 0);
	world_end(&world);
}

/* What does not hold here is never sent. */
static void
never_sent(void **state)
{
	struct world world = world_begin("validate = hybrid");
	char *other;

	(void)state;
	other = mint_good(world.key, "one", WALL - 100000);
	world_expect(&world, "default", other, REASON_EXPIRED);
	free(other);
	world_expect(&world, "default", SESSION, REASON_WRONG_TYPE);
	world_expect(&world, "default", "x", REASON_MALFORMED);
	world_expect(&world, "elsewhere", world.jwt, REASON_WRONG_AUDIENCE);
	world_expect(&world, "clients", world.jwt, REASON_CLIENT_NOT_ALLOWED);
	world_cookie(&world, "session=eyJhIjoxfQ.YQ.YWJj",
	    REASON_NO_CREDENTIAL);
	assert_int_equal(world.resolver->count, 0);
	world_end(&world);
}

static void
kept_for_its_time(void **state)
{
	struct world world = world_begin("validate = hybrid");
	int i;

	(void)state;
	for (i = 0; i < 10; i++)
		world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 1);
	gate_fixture_pass(world.gate, 29999);
	assert_int_equal(world_expect(&world, "default", OPAQUE,
	    REASON_GRANTED)->age, 29);
	assert_int_equal(world.resolver->count, 1);
	gate_fixture_restart(world.gate);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 1);
	gate_fixture_pass(world.gate, 1);
	world.resolver->valid = "false";
	world_expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	assert_int_equal(world.resolver->count, 2);
	/* and that for absent_ttl */
	world.resolver->valid = "true";
	gate_fixture_pass(world.gate, 4999);
	world_expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	gate_fixture_pass(world.gate, 1);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 3);
	world_end(&world);
}

static void
another_boot_is_a_miss(void **state)
{
	struct world world = world_begin("validate = hybrid");

	(void)state;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	world.gate->now.boot_id[0] = '9';
	world.gate->now.boottime = 1000;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 2);
	/* the wall clock moves nothing */
	world.gate->now.wall += 1000000;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	world.gate->now.wall -= 2000000;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 2);
	/* a boottime that went back is of no boot */
	world.gate->now.boottime = 1;
	world.gate->now.boot_id[0] = '8';
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 3);
	world_end(&world);
}

/* The reason that another gate gives. */
static enum reason
reason_of(struct world *world, struct gate *gate, const char *policy,
    const char *token)
{
	struct gate_task *task;
	enum gate_step step;
	enum reason reason;

	step = gate_fixture_start(world->gate, gate, policy, token, &task);
	gate_fixture_run(world->gate, gate, task, step);
	reason = gate_task_decision(task)->reason;
	gate_task_free(task);
	return reason;
}

/*
 * What is known of a session in use is not read each time.  `other` is told
 * that it has another role, since a policy made it ask; `two`, which knows
 * better, sees that after so many milliseconds.
 */
static void
told_to_other(struct world *world, const char *token, struct gate *other,
    struct gate *two, int64_t after)
{
	const int before = world->resolver->count;

	world->resolver->roles = "staff";
	assert_int_equal(reason_of(world, other, "staff", token),
	    REASON_GRANTED);
	gate_fixture_pass(world->gate, 10000);
	assert_int_equal(reason_of(world, two, "staff", token),
	    REASON_GRANTED);
	world->resolver->roles = "nothing";
	assert_int_equal(reason_of(world, other, "admin", token),
	    REASON_ROLE_MISSING);
	if (after > 0) {
		assert_int_equal(reason_of(world, two, "staff", token),
		    REASON_GRANTED);
		gate_fixture_pass(world->gate, after - 1);
		assert_int_equal(reason_of(world, two, "staff", token),
		    REASON_GRANTED);
		gate_fixture_pass(world->gate, 1);
	}
	assert_int_equal(reason_of(world, two, "staff", token),
	    REASON_ROLE_MISSING);
	assert_int_equal(world->resolver->count, before + 2);
	gate_fixture_pass(world->gate, 100000);
}

static void
in_use(void **state)
{
	struct world world = world_begin("validate = hybrid");
	struct gate_shared *shared = gate_shared_new(world.gate->settings);
	struct gate *one = gate_new(world.gate->settings, shared, NULL);
	struct gate *two = gate_new(world.gate->settings, shared, NULL);

	(void)state;
	assert_non_null(one);
	assert_non_null(two);
	told_to_other(&world, OPAQUE, world.gate->gate, two, 1000);
	told_to_other(&world, world.jwt, world.gate->gate, two, 1000);
	/* threads of one process */
	told_to_other(&world, OPAQUE, one, two, 0);
	told_to_other(&world, world.jwt, one, two, 0);
	gate_free(one);
	gate_free(two);
	gate_shared_free(shared);
	world_end(&world);
}

/* What is held of a token spares reading it, but for policies that ask for
 * its claims. */
static void
tokens_in_use(void **state)
{
	struct world world = world_begin("validate = hybrid");
	const struct decision *decision;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		decision = world_expect(&world, "exported", world.jwt,
		    REASON_GRANTED);
		assert_non_null(decision->facts->claims);
		decision = world_expect(&world, "default", world.jwt,
		    REASON_GRANTED);
		assert_int_equal(decision->facts->claims == NULL, i > 0);
		assert_string_equal(decision->remote_user, MINT_USER);
		assert_string_equal(decision->facts->key_id, "one");
		assert_int_equal(decision->kind, CREDENTIAL_JWT);
		world_expect(&world, "clients", world.jwt,
		    REASON_CLIENT_NOT_ALLOWED);
		world_expect(&world, "elsewhere", world.jwt,
		    REASON_WRONG_AUDIENCE);
		world_expect(&world, "scope", world.jwt, REASON_GRANTED);
	}
	assert_int_equal(world.resolver->count, 1);
	/* its time is judged each time */
	world.gate->now.wall += 100000;
	world_expect(&world, "default", world.jwt, REASON_EXPIRED);
	world.gate->now.wall -= 100000;
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	world_end(&world);
}

static void
another_user(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct sqlite3 *blocker;

	(void)state;
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	gate_fixture_pass(world.gate, 60000);
	world.resolver->user_id = "somebody-else";
	world_expect(&world, "default", world.jwt, REASON_USER_MISMATCH);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	/* what was said before serves no more, in an outage neither */
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	world_expect(&world, "default", world.jwt, REASON_RESOLVER_UNREACHABLE);
	world.resolver->outcome = EXCHANGE_ANSWERED;
	world.resolver->user_id = MINT_USER;
	gate_fixture_pass(world.gate, 20000);
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	gate_fixture_pass(world.gate, 60000);
	world.resolver->user_id = "somebody-else";
	blocker = scratch_block(gate_fixture_path(world.gate,
	    "state/daemon/status.db"));
	world_expect(&world, "default", world.jwt, REASON_USER_MISMATCH);
	scratch_unblock(blocker);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	world_expect(&world, "default", world.jwt, REASON_RESOLVER_UNREACHABLE);
	world_end(&world);
}

/* Cached facts that refuse are looked up once more after 5 s. */
static void
fresh_refusals(void **state)
{
	struct world world = world_begin("validate = hybrid");

	(void)state;
	world.resolver->roles = "other";
	world_expect(&world, "staff", OPAQUE, REASON_ROLE_MISSING);
	world.resolver->roles = "other,staff";
	gate_fixture_pass(world.gate, 4999);
	world_expect(&world, "staff", OPAQUE, REASON_ROLE_MISSING);
	assert_int_equal(world.resolver->count, 1);
	gate_fixture_pass(world.gate, 1);
	world_expect(&world, "staff", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 2);
	/* the resolver's roles win over the token's */
	world.resolver->roles = "other";
	world_expect(&world, "staff", world.jwt, REASON_ROLE_MISSING);
	gate_fixture_pass(world.gate, 6000);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	world_expect(&world, "staff", world.jwt, REASON_RESOLVER_UNREACHABLE);
	world_end(&world);
}

static void
authentication_times(void **state)
{
	struct world world = world_begin("validate = hybrid");
	int before;

	(void)state;
	world.resolver->authenticated_at = WALL - 5000;
	world_expect(&world, "fresh", OPAQUE, REASON_AUTHENTICATION_TOO_OLD);
	gate_fixture_pass(world.gate, 5000);
	world.resolver->authenticated_at = WALL;
	world_expect(&world, "fresh", OPAQUE, REASON_GRANTED);
	world.resolver->authenticated_at = WALL + 1;
	assert_int_equal(world_expect(&world, "default", world.jwt,
	    REASON_GRANTED)->facts->authenticated_at, WALL);
	before = world.resolver->count;
	gate_fixture_pass(world.gate, 6000);
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	assert_int_equal(world.resolver->count, before);
	world_end(&world);
}

static void
revoked(void **state)
{
	const struct trust_note note = { "test", "", "cli", NULL };
	struct revocation row = { REVOCATION_USER, REVOCATION_SIGNED_OUT,
	    MINT_USER, WALL, REVOCATION_NO_TIME };
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");
	struct trust_writer *writer;
	struct error error = { "" };
	struct trust_added added;

	(void)state;
	writer = trust_writer_open(world.gate->settings->state, MINT_ISSUER,
	    &error);
	assert_non_null(writer);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(trust_writer_add(writer, &row, &note,
	    &world.gate->now, &added, &error), TRUST_WRITTEN);
	world_expect(&world, "default", OPAQUE, REASON_SIGNED_OUT);
	/* logged in again: seen within 5 s, though status is kept longer */
	world.resolver->authenticated_at = WALL + 6;
	gate_fixture_pass(world.gate, 6000);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 2);
	row.rule = REVOCATION_BLOCKED;
	row.from = REVOCATION_NO_TIME;
	assert_int_equal(trust_writer_add(writer, &row, &note,
	    &world.gate->now, &added, &error), TRUST_WRITTEN);
	world_expect(&world, "default", OPAQUE, REASON_USER_BLOCKED);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	gate_fixture_pass(world.gate, 60000);
	world_expect(&world, "default", OPAQUE, REASON_USER_BLOCKED);
	trust_writer_free(writer);
	world_end(&world);
}

/* The row vouches for a signature under the very key only. */
static void
another_key_of_that_name(void **state)
{
	struct world world = world_begin("validate = hybrid");
	struct mint_key *other = mint_key_new(MINT_SECOND);
	struct gate_task *task;
	char *set = mint_set_of(other, "one");
	int64_t next;

	(void)state;
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	gate_fixture_serve(world.gate, set);
	gate_fixture_pass(world.gate, 3599500);
	world.gate->now.wall = WALL;
	/* in use, so that it is not read again below */
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	gate_fixture_pass(world.gate, 500);
	task = gate_refresh(world.gate->gate, &world.gate->now, &next);
	assert_non_null(task);
	gate_fixture_run(world.gate, world.gate->gate, task, GATE_EXCHANGE);
	gate_task_free(task);
	world_expect(&world, "default", world.jwt, REASON_BAD_SIGNATURE);
	free(set);
	mint_key_free(other);
	world_end(&world);
}

static void
refreshed_before_it_is_old(void **state)
{
	struct world world = world_begin("validate = hybrid");
	struct gate_fixture *gate = world.gate;

	(void)state;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(gate_go_on(gate->gate, gate->task, &gate->now),
	    GATE_DONE);
	gate_fixture_pass(gate, 22400);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(gate_go_on(gate->gate, gate->task, &gate->now),
	    GATE_DONE);
	gate_fixture_pass(gate, 100);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(gate_go_on(gate->gate, gate->task, &gate->now),
	    GATE_EXCHANGE);
	gate_fixture_run(gate, gate->gate, gate->task, GATE_EXCHANGE);
	gate_fixture_pass(gate, 29000);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 2);
	world_end(&world);
}

static void
mapped(void **state)
{
	const struct trust_note note = { "test", "", "cli", NULL };
	const struct web_question basic = { .policy_name = "mapped",
	    .authorization = "Basic YWxpY2U6SVk3M3R1Y1dEVXlCV0VGVHZSaU9ITnRoN"
	    "HFaVncwSVE=" };		/* alice:OPAQUE */
	const struct web_question nobody = { .policy_name = "mapped" };
	struct world world = world_begin("validate = hybrid");
	struct gate_fixture *gate = world.gate;
	struct trust_writer *writer;
	struct error error = { "" };
	int count;

	(void)state;
	writer = trust_writer_open(gate->settings->state, MINT_ISSUER, &error);
	assert_non_null(writer);
	world_expect(&world, "mapped", OPAQUE, REASON_WRONG_ACCOUNT);
	assert_int_equal(trust_writer_map(writer, MINT_USER, "bob", &note,
	    &gate->now, &error), TRUST_WRITTEN);
	assert_string_equal(world_expect(&world, "mapped", world.jwt,
	    REASON_GRANTED)->remote_user, "bob");
	assert_int_equal(gate_fixture_question(gate, &basic)->reason,
	    REASON_WRONG_ACCOUNT);
	assert_int_equal(trust_writer_map(writer, MINT_USER, "alice", &note,
	    &gate->now, &error), TRUST_WRITTEN);
	assert_int_equal(gate_fixture_question(gate, &basic)->reason,
	    REASON_GRANTED);
	/* one account, one person */
	assert_int_equal(trust_writer_map(writer, "other", "alice", &note,
	    &gate->now, &error), TRUST_FAILED);
	error_clear(&error);
	assert_int_equal(trust_writer_map(writer, "other", " x", &note,
	    &gate->now, &error), TRUST_FAILED);
	error_clear(&error);
	assert_int_equal(trust_writer_map(writer, "other", "a\nb", &note,
	    &gate->now, &error), TRUST_FAILED);
	assert_int_equal(trust_writer_unmap(writer, MINT_USER, &note,
	    &gate->now, &count, &error), TRUST_WRITTEN);
	assert_int_equal(count, 1);
	assert_int_equal(gate_fixture_question(gate, &basic)->reason,
	    REASON_WRONG_ACCOUNT);
	/* no credential may pass, another one may not */
	assert_int_equal(gate_fixture_question(gate, &nobody)->may_pass, 1);
	assert_int_equal(gate_fixture_question(gate, &nobody)->verdict,
	    VERDICT_DENIED);
	assert_int_equal(world_expect(&world, "mapped", "x",
	    REASON_MALFORMED)->may_pass, 0);
	assert_int_equal(world_expect(&world, "default", NULL,
	    REASON_NO_CREDENTIAL)->may_pass, 0);
	trust_writer_free(writer);
	world_end(&world);
}

static void
preflight(void **state)
{
	struct web_question question = { .policy_name = "cors",
	    .is_preflight = 1 };
	struct world world = world_begin("validate = hybrid");

	(void)state;
	assert_int_equal(gate_fixture_question(world.gate,
	    &question)->may_pass, 1);
	question.is_preflight = 0;
	assert_int_equal(gate_fixture_question(world.gate,
	    &question)->may_pass, 0);
	question.is_preflight = 1;
	question.policy_name = "default";
	assert_int_equal(gate_fixture_question(world.gate,
	    &question)->may_pass, 0);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_and_modes),
		cmocka_unit_test(never_sent),
		cmocka_unit_test(kept_for_its_time),
		cmocka_unit_test(another_boot_is_a_miss),
		cmocka_unit_test(in_use),
		cmocka_unit_test(tokens_in_use),
		cmocka_unit_test(another_user),
		cmocka_unit_test(fresh_refusals),
		cmocka_unit_test(authentication_times),
		cmocka_unit_test(revoked),
		cmocka_unit_test(another_key_of_that_name),
		cmocka_unit_test(refreshed_before_it_is_old),
		cmocka_unit_test(mapped),
		cmocka_unit_test(preflight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
