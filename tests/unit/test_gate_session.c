/* The gate and Authgear's resolver: what is asked, kept, believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate_fixture.h"
#include "lookups.h"
#include "mint.h"
#include "scratch.h"
#include "trust_writer.h"

#define WALL GATE_FIXTURE_WALL
#define OPAQUE "IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ"
#define SESSION "1b4e28ba-2fa1-41d2-883f-0016d3cca427." OPAQUE
#define POLICIES \
	"[policy default]\n" \
	"[policy staff]\nrequire_role = staff\n" \
	"[policy admin]\nrequire_role = admin\n" \
	"[policy fresh]\nmax_authentication_age = 600\n" \
	"[policy clients]\nclients = somebody\n" \
	"[policy scope]\nrequire_scope = openid\n" \
	"[policy mapped]\nremote_user = map\naccept_basic = yes\n" \
	"unauthenticated = pass\n" \
	"[policy cors]\ncors_preflight = pass\n" \
	"[policy elsewhere]\naudience = https://elsewhere.example\n"

struct world {
	struct gate_fixture *gate;
	struct gate_fixture_resolver *resolver;
	struct mint_key *key;
	char *jwks, *jwt;
};

static struct world
begin(const char *authgear)
{
	struct world world;

	world.key = mint_key_new(MINT_FIRST);
	world.jwks = mint_set_of(world.key, "one");
	world.gate = gate_fixture_new(MINT_ISSUER, authgear, POLICIES);
	gate_fixture_serve(world.gate, world.jwks);
	world.jwt = mint_good(world.key, "one", WALL);
	world.resolver = &world.gate->resolver;
	return world;
}

static void
end(struct world *world)
{
	gate_fixture_free(world->gate);
	mint_key_free(world->key);
	free(world->jwks);
	free(world->jwt);
}

static const struct decision *
expect(struct world *world, const char *policy, const char *token,
    enum reason reason)
{
	const struct decision *decision = gate_fixture_ask(world->gate, policy,
	    token);

	if (decision->reason != reason)
		print_error("%s: %s instead of %s (%s)\n", token,
		    reason_name(decision->reason), reason_name(reason),
		    error_text(&decision->detail));
	assert_int_equal(decision->reason, reason);
	assert_int_equal(decision->verdict, reason_verdict(reason));
	return decision;
}

static void
cookie(struct world *world, const char *text, enum reason reason)
{
	const struct gate_question question = { .policy_name = "default",
	    .cookie = text };

	assert_int_equal(gate_fixture_question(world->gate, &question)->reason,
	    reason);
}

static void
kinds_and_modes(void **state)
{
	struct world world;

	(void)state;
	world = begin("validate = hybrid");
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_string_equal(world.resolver->authorization, "Bearer " OPAQUE);
	assert_string_equal(world.resolver->cookie, "");
	assert_int_equal(world.gate->jwks_count, 0);
	expect(&world, "default", world.jwt, REASON_GRANTED);
	assert_int_equal(world.gate->jwks_count, 1);
	cookie(&world, "session=" SESSION, REASON_GRANTED);
	assert_string_equal(world.resolver->authorization, "");
	assert_string_equal(world.resolver->cookie, "session=" SESSION);
	cookie(&world, "app_session=" OPAQUE, REASON_GRANTED);
	assert_string_equal(world.resolver->cookie, "app_session=" OPAQUE);
	cookie(&world, "app_access_token=" OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 4);
	end(&world);

	world = begin("validate = resolver");
	expect(&world, "default", world.jwt, REASON_GRANTED);
	assert_int_equal(world.gate->jwks_count, 0);
	end(&world);

	world = begin("validate = jwt");
	expect(&world, "default", OPAQUE, REASON_NEEDS_RESOLVER);
	expect(&world, "default", world.jwt, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 0);
	end(&world);
}

/* What does not hold here is never sent. */
static void
never_sent(void **state)
{
	struct world world = begin("validate = hybrid");
	char *other;

	(void)state;
	other = mint_good(world.key, "one", WALL - 100000);
	expect(&world, "default", other, REASON_EXPIRED);
	free(other);
	expect(&world, "default", SESSION, REASON_WRONG_TYPE);
	expect(&world, "default", "x", REASON_MALFORMED);
	expect(&world, "elsewhere", world.jwt, REASON_WRONG_AUDIENCE);
	expect(&world, "clients", world.jwt, REASON_CLIENT_NOT_ALLOWED);
	cookie(&world, "session=eyJhIjoxfQ.YQ.YWJj", REASON_NO_CREDENTIAL);
	assert_int_equal(world.resolver->count, 0);
	end(&world);
}

static void
kept_for_its_time(void **state)
{
	struct world world = begin("validate = hybrid");
	int i;

	(void)state;
	for (i = 0; i < 10; i++)
		expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 1);
	gate_fixture_pass(world.gate, 29999);
	assert_int_equal(expect(&world, "default", OPAQUE,
	    REASON_GRANTED)->age, 29);
	assert_int_equal(world.resolver->count, 1);
	gate_fixture_restart(world.gate);
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 1);
	gate_fixture_pass(world.gate, 1);
	world.resolver->valid = "false";
	expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	assert_int_equal(world.resolver->count, 2);
	/* and that for absent_ttl */
	world.resolver->valid = "true";
	gate_fixture_pass(world.gate, 4999);
	expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	gate_fixture_pass(world.gate, 1);
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 3);
	end(&world);
}

static void
another_boot_is_a_miss(void **state)
{
	struct world world = begin("validate = hybrid");

	(void)state;
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	world.gate->now.boot_id[0] = '9';
	world.gate->now.boottime = 1000;
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 2);
	/* the wall clock moves nothing */
	world.gate->now.wall += 1000000;
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	world.gate->now.wall -= 2000000;
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 2);
	/* a boottime that went back is of no boot */
	world.gate->now.boottime = 1;
	world.gate->now.boot_id[0] = '8';
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 3);
	end(&world);
}

static void
absent_is_asked_twice(void **state)
{
	struct world world = begin("validate = hybrid");

	(void)state;
	world.resolver->absent_once = 1;
	expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	assert_int_equal(world.resolver->count, 1);
	world.resolver->absent_once = 1;
	expect(&world, "default", world.jwt, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 3);
	gate_fixture_pass(world.gate, 30000);
	world.resolver->absent_once = 2;
	expect(&world, "default", world.jwt, REASON_NOT_LIVE);
	assert_int_equal(world.resolver->count, 5);
	gate_fixture_pass(world.gate, 5000);
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(world.gate, 30000);
	world.resolver->absent_once = 1;
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 8);
	end(&world);
}

static void
errors_are_no_answer(void **state)
{
	struct world world = begin("validate = hybrid\nstale_if_error = 100");

	(void)state;
	world.resolver->error_once = 1;
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 2);
	gate_fixture_pass(world.gate, 30000);
	world.resolver->error_once = 2;
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 4);
	/* stale until 100 s from the start of the lookup */
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	gate_fixture_pass(world.gate, 60000);
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(world.gate, 9600);
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(world.gate, 1000);
	expect(&world, "default", OPAQUE, REASON_RESOLVER_UNREACHABLE);
	expect(&world, "default", world.jwt, REASON_RESOLVER_UNREACHABLE);
	gate_fixture_pass(world.gate, 20000);
	world.resolver->outcome = EXCHANGE_FAULTY;
	expect(&world, "default", OPAQUE, REASON_RESOLVER_FAULT);
	world.resolver->outcome = EXCHANGE_ANSWERED;
	world.resolver->status = 404;
	gate_fixture_pass(world.gate, 1);
	expect(&world, "default", OPAQUE, REASON_RESOLVER_FAULT);
	world.resolver->status = 200;
	world.resolver->user_id = NULL;
	gate_fixture_pass(world.gate, 1);
	expect(&world, "default", OPAQUE, REASON_RESOLVER_FAULT);
	world.resolver->user_id = MINT_USER;
	gate_fixture_pass(world.gate, 1);
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	end(&world);
}

static void
stale_only_after_live(void **state)
{
	struct world world = begin("validate = hybrid\nstale_if_error = 300");

	(void)state;
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(world.gate, 30000);
	world.resolver->valid = "false";
	expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	gate_fixture_pass(world.gate, 5000);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	expect(&world, "default", OPAQUE, REASON_RESOLVER_UNREACHABLE);
	end(&world);
}

/* "Not live" that could not be written is not forgotten for a stale row. */
static void
lost_answer(void **state)
{
	struct world world = begin("validate = hybrid\nstale_if_error = 300");
	const char *path = gate_fixture_path(world.gate,
	    "state/daemon/status.db");
	struct sqlite3 *blocker;
	int i;

	(void)state;
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	expect(&world, "default", world.jwt, REASON_GRANTED);
	gate_fixture_pass(world.gate, 60000);
	world.resolver->valid = "false";
	blocker = scratch_block(path);
	expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	scratch_unblock(blocker);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	for (i = 0; i < 6; i++)
		expect(&world, "default", OPAQUE, REASON_NOT_LIVE);
	/* nor is any other row of before, since one is known to be wrong */
	for (i = 0; i < 6; i++) {
		gate_fixture_pass(world.gate, 1);
		expect(&world, "default", world.jwt,
		    REASON_RESOLVER_UNREACHABLE);
	}
	gate_fixture_pass(world.gate, 6000);
	expect(&world, "default", OPAQUE, REASON_RESOLVER_UNREACHABLE);
	/* what is looked up from then on counts again */
	gate_fixture_pass(world.gate, 20000);
	world.resolver->outcome = EXCHANGE_ANSWERED;
	world.resolver->valid = "true";
	expect(&world, "default", world.jwt, REASON_GRANTED);
	gate_fixture_pass(world.gate, 60000);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	expect(&world, "default", world.jwt, REASON_GRANTED);
	end(&world);
}

/* Nor may an older role serve because a newer answer was not written. */
static void
lost_roles(void **state)
{
	struct world world = begin("validate = hybrid\nstale_if_error = 300");
	const char *path = gate_fixture_path(world.gate,
	    "state/daemon/status.db");
	struct sqlite3 *blocker;

	(void)state;
	world.resolver->roles = "staff";
	expect(&world, "staff", OPAQUE, REASON_GRANTED);
	blocker = scratch_block(path);
	/* somebody new, whom no row contradicts, changes nothing */
	cookie(&world, "session=" SESSION, REASON_GRANTED);
	expect(&world, "staff", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 2);
	gate_fixture_pass(world.gate, 60000);
	world.resolver->roles = "other";
	expect(&world, "staff", OPAQUE, REASON_ROLE_MISSING);
	scratch_unblock(blocker);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	expect(&world, "staff", OPAQUE, REASON_RESOLVER_UNREACHABLE);
	end(&world);
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
	struct world world = begin("validate = hybrid");
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
	end(&world);
}

static void
back_off(void **state)
{
	struct world world = begin("validate = hybrid");
	int i, before;

	(void)state;
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	for (i = 0; i < 100; i++) {
		gate_fixture_pass(world.gate, 10);
		expect(&world, "default", world.jwt,
		    REASON_RESOLVER_UNREACHABLE);
	}
	before = world.resolver->count;
	assert_in_range(before, 3, 12);
	world.resolver->outcome = EXCHANGE_ANSWERED;
	gate_fixture_pass(world.gate, 20000);
	expect(&world, "default", world.jwt, REASON_GRANTED);
	end(&world);
}

static void
another_user(void **state)
{
	struct world world = begin("validate = hybrid\nstale_if_error = 300");
	struct sqlite3 *blocker;

	(void)state;
	expect(&world, "default", world.jwt, REASON_GRANTED);
	gate_fixture_pass(world.gate, 60000);
	world.resolver->user_id = "somebody-else";
	expect(&world, "default", world.jwt, REASON_USER_MISMATCH);
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	/* what was said before serves no more, in an outage neither */
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	expect(&world, "default", world.jwt, REASON_RESOLVER_UNREACHABLE);
	world.resolver->outcome = EXCHANGE_ANSWERED;
	world.resolver->user_id = MINT_USER;
	gate_fixture_pass(world.gate, 20000);
	expect(&world, "default", world.jwt, REASON_GRANTED);
	gate_fixture_pass(world.gate, 60000);
	world.resolver->user_id = "somebody-else";
	blocker = scratch_block(gate_fixture_path(world.gate,
	    "state/daemon/status.db"));
	expect(&world, "default", world.jwt, REASON_USER_MISMATCH);
	scratch_unblock(blocker);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	expect(&world, "default", world.jwt, REASON_RESOLVER_UNREACHABLE);
	end(&world);
}

/* Cached facts that refuse are looked up once more after 5 s. */
static void
fresh_refusals(void **state)
{
	struct world world = begin("validate = hybrid");

	(void)state;
	world.resolver->roles = "other";
	expect(&world, "staff", OPAQUE, REASON_ROLE_MISSING);
	world.resolver->roles = "other,staff";
	gate_fixture_pass(world.gate, 4999);
	expect(&world, "staff", OPAQUE, REASON_ROLE_MISSING);
	assert_int_equal(world.resolver->count, 1);
	gate_fixture_pass(world.gate, 1);
	expect(&world, "staff", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 2);
	/* the resolver's roles win over the token's */
	world.resolver->roles = "other";
	expect(&world, "staff", world.jwt, REASON_ROLE_MISSING);
	gate_fixture_pass(world.gate, 6000);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	expect(&world, "staff", world.jwt, REASON_RESOLVER_UNREACHABLE);
	end(&world);
}

static void
authentication_times(void **state)
{
	struct world world = begin("validate = hybrid");
	int before;

	(void)state;
	world.resolver->authenticated_at = WALL - 5000;
	expect(&world, "fresh", OPAQUE, REASON_AUTHENTICATION_TOO_OLD);
	gate_fixture_pass(world.gate, 5000);
	world.resolver->authenticated_at = WALL;
	expect(&world, "fresh", OPAQUE, REASON_GRANTED);
	world.resolver->authenticated_at = WALL + 1;
	assert_int_equal(expect(&world, "default", world.jwt,
	    REASON_GRANTED)->facts->authenticated_at, WALL);
	before = world.resolver->count;
	gate_fixture_pass(world.gate, 6000);
	expect(&world, "default", world.jwt, REASON_GRANTED);
	assert_int_equal(world.resolver->count, before);
	end(&world);
}

static void
revoked(void **state)
{
	const struct trust_note note = { "test", "", "cli" };
	struct revocation row = { REVOCATION_USER, REVOCATION_SIGNED_OUT,
	    MINT_USER, WALL, REVOCATION_NO_TIME };
	struct world world = begin("validate = hybrid\nstale_if_error = 300");
	struct trust_writer *writer;
	struct error error = { "" };
	int64_t id;
	int added;

	(void)state;
	writer = trust_writer_open(world.gate->settings->state, MINT_ISSUER,
	    &error);
	assert_non_null(writer);
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(trust_writer_add(writer, &row, &note,
	    &world.gate->now, &id, &added, &error), TRUST_WRITTEN);
	expect(&world, "default", OPAQUE, REASON_SIGNED_OUT);
	/* logged in again: seen within 5 s, though status is kept longer */
	world.resolver->authenticated_at = WALL + 6;
	gate_fixture_pass(world.gate, 6000);
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 2);
	row.rule = REVOCATION_BLOCKED;
	row.from = REVOCATION_NO_TIME;
	assert_int_equal(trust_writer_add(writer, &row, &note,
	    &world.gate->now, &id, &added, &error), TRUST_WRITTEN);
	expect(&world, "default", OPAQUE, REASON_USER_BLOCKED);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	gate_fixture_pass(world.gate, 60000);
	expect(&world, "default", OPAQUE, REASON_USER_BLOCKED);
	trust_writer_free(writer);
	end(&world);
}

/* The row vouches for a signature under the very key only. */
static void
another_key_of_that_name(void **state)
{
	struct world world = begin("validate = hybrid");
	struct mint_key *other = mint_key_new(MINT_SECOND);
	struct gate_task *task;
	char *set = mint_set_of(other, "one");
	int64_t next;

	(void)state;
	expect(&world, "default", world.jwt, REASON_GRANTED);
	expect(&world, "default", world.jwt, REASON_GRANTED);
	gate_fixture_serve(world.gate, set);
	gate_fixture_pass(world.gate, 3600000);
	world.gate->now.wall = WALL;
	task = gate_refresh(world.gate->gate, &world.gate->now, &next);
	assert_non_null(task);
	gate_fixture_run(world.gate, world.gate->gate, task, GATE_EXCHANGE);
	gate_task_free(task);
	expect(&world, "default", world.jwt, REASON_BAD_SIGNATURE);
	free(set);
	mint_key_free(other);
	end(&world);
}

static void
refreshed_before_it_is_old(void **state)
{
	struct world world = begin("validate = hybrid");
	struct gate_fixture *gate = world.gate;

	(void)state;
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(gate_go_on(gate->gate, gate->task, &gate->now),
	    GATE_DONE);
	gate_fixture_pass(gate, 22400);
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(gate_go_on(gate->gate, gate->task, &gate->now),
	    GATE_DONE);
	gate_fixture_pass(gate, 100);
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(gate_go_on(gate->gate, gate->task, &gate->now),
	    GATE_EXCHANGE);
	gate_fixture_run(gate, gate->gate, gate->task, GATE_EXCHANGE);
	gate_fixture_pass(gate, 29000);
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 2);
	end(&world);
}

static void
mapped(void **state)
{
	const struct trust_note note = { "test", "", "cli" };
	const struct gate_question basic = { .policy_name = "mapped",
	    .authorization = "Basic YWxpY2U6SVk3M3R1Y1dEVXlCV0VGVHZSaU9ITnRoN"
	    "HFaVncwSVE=" };		/* alice:OPAQUE */
	const struct gate_question nobody = { .policy_name = "mapped" };
	struct world world = begin("validate = hybrid");
	struct gate_fixture *gate = world.gate;
	struct trust_writer *writer;
	struct error error = { "" };
	int count;

	(void)state;
	writer = trust_writer_open(gate->settings->state, MINT_ISSUER, &error);
	assert_non_null(writer);
	expect(&world, "mapped", OPAQUE, REASON_WRONG_ACCOUNT);
	assert_int_equal(trust_writer_map(writer, MINT_USER, "bob", &note,
	    &gate->now, &error), TRUST_WRITTEN);
	assert_string_equal(expect(&world, "mapped", world.jwt,
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
	assert_int_equal(expect(&world, "mapped", "x",
	    REASON_MALFORMED)->may_pass, 0);
	assert_int_equal(expect(&world, "default", NULL,
	    REASON_NO_CREDENTIAL)->may_pass, 0);
	trust_writer_free(writer);
	end(&world);
}

static void
preflight(void **state)
{
	struct gate_question question = { .policy_name = "cors",
	    .is_preflight = 1 };
	struct world world = begin("validate = hybrid");

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
	end(&world);
}

static void
one_lookup_for_many(void **state)
{
	struct world world = begin("validate = hybrid");
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
	end(&world);
}

static void
failures_are_shared(void **state)
{
	struct world world = begin("validate = hybrid");
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
	expect(&world, "default", OPAQUE, REASON_GRANTED);
	end(&world);
}

/* Who waits for another's lookup until his own time is over learns what that
 * means for his session, not that it is busy. */
static void
followers_are_stale(void **state)
{
	struct world world = begin("validate = hybrid\nstale_if_error = 300");
	struct gate_task *first, *second, *third;

	(void)state;
	expect(&world, "default", OPAQUE, REASON_GRANTED);
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
	end(&world);
}

/* Tasks that end or are given up while they wait are counted no more. */
static void
waiters_leave(void **state)
{
	struct world world = begin("validate = hybrid");
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
	end(&world);
}

static void
in_time(void **state)
{
	struct world world = begin("validate = hybrid\nmax_lookups = 1");
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
	assert_int_equal(world.gate->now.boottime, GATE_FIXTURE_BOOT + 2000);
	gate_task_free(first);
	gate_task_free(second);
	end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_and_modes),
		cmocka_unit_test(never_sent),
		cmocka_unit_test(kept_for_its_time),
		cmocka_unit_test(another_boot_is_a_miss),
		cmocka_unit_test(absent_is_asked_twice),
		cmocka_unit_test(errors_are_no_answer),
		cmocka_unit_test(stale_only_after_live),
		cmocka_unit_test(lost_answer),
		cmocka_unit_test(lost_roles),
		cmocka_unit_test(in_use),
		cmocka_unit_test(back_off),
		cmocka_unit_test(another_user),
		cmocka_unit_test(fresh_refusals),
		cmocka_unit_test(authentication_times),
		cmocka_unit_test(revoked),
		cmocka_unit_test(another_key_of_that_name),
		cmocka_unit_test(refreshed_before_it_is_old),
		cmocka_unit_test(mapped),
		cmocka_unit_test(preflight),
		cmocka_unit_test(one_lookup_for_many),
		cmocka_unit_test(failures_are_shared),
		cmocka_unit_test(followers_are_stale),
		cmocka_unit_test(waiters_leave),
		cmocka_unit_test(in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
