/* For how long a grant may be given again unasked. */
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/gate_epoch.h"
#include "gate/gate_shared.h"
#include "gate_world.h"
#include "scratch.h"
#include "state/write/trust_writer.h"

#define NO REVOCATION_NO_TIME
#define HYBRID "validate = hybrid\nsession_ttl = 40\nabsent_ttl = 5\n" \
	"leeway = 100\n"
#define RESOLVER "validate = resolver\nsession_ttl = 40\nabsent_ttl = 5\n" \
	"stale_if_error = 300\n"
#define JWT "validate = jwt\nsession_ttl = 40\nabsent_ttl = 5\nleeway = 100\n"

static int
keep_of(struct world *world, const char *policy, const char *token)
{
	return world_expect(world, policy, token, REASON_GRANTED)->keep;
}

/* exp and auth_time so many seconds from now. */
static char *
token_of(struct world *world, int expires, int login)
{
	char *header = mint_header("one");
	char *exp = mint_text("%lld", (long long)(WALL + expires));
	char *time = mint_text("%lld", (long long)(WALL + login));
	char *payload = mint_claims(WALL, "exp", exp, "auth_time", time, NULL);
	char *token = mint_token(world->key, MINT_RS256, header, payload);

	free(header);
	free(exp);
	free(time);
	free(payload);
	return token;
}

static void
test_sessions(void **state)
{
	struct world world = world_begin(RESOLVER);

	(void)state;
	/* just looked up, three quarters of 40 s */
	assert_int_equal(keep_of(&world, "default", OPAQUE), 30);
	gate_fixture_pass(world.gate, 10000);
	assert_int_equal(keep_of(&world, "default", OPAQUE), 20);
	gate_fixture_pass(world.gate, 500);
	assert_int_equal(keep_of(&world, "default", OPAQUE), 19);
	gate_fixture_pass(world.gate, 18501);
	assert_int_equal(keep_of(&world, "default", OPAQUE), 0);
	gate_fixture_pass(world.gate, 11000);
	assert_int_equal(keep_of(&world, "default", OPAQUE), 30);
	world_end(&world);
}

/* What a lookup took is time in which the session may have ended. */
static void
test_slow_lookup(void **state)
{
	struct world world = world_begin(RESOLVER);

	(void)state;
	world.gate->delay = 1500;
	assert_int_equal(keep_of(&world, "default", OPAQUE), 28);
	world_end(&world);
}

static void
test_outage(void **state)
{
	struct world world = world_begin(RESOLVER);

	(void)state;
	assert_int_equal(keep_of(&world, "default", OPAQUE), 30);
	gate_fixture_pass(world.gate, 40000);
	world.resolver->status = 503;
	assert_int_equal(keep_of(&world, "default", OPAQUE), 0);
	world_end(&world);
}

static void
test_tokens(void **state)
{
	static const struct {
		const char *name;
		const char *policy;
		int expires;
		int login;
		int keep;
	} rows[] = {
		{ "long ones", "default", 3600, 0, 40 },
		{ "expires before", "default", 17, 0, 16 },
		{ "expires in the next second", "default", 1, 0, 0 },
		{ "expires now", "default", 0, 0, 0 },
		{ "within the leeway", "default", -50, 0, 0 },
		{ "login soon too old", "fresh", 3600, -590, 9 },
		{ "login just too old", "fresh", 3600, -600, 0 },
		{ "login too old but for the leeway", "fresh", 3600, -650, 0 },
		{ "login old where nobody minds", "default", 3600, -650, 40 },
		{ "the lesser of both", "fresh", 7, -590, 6 },
		{ "the lesser of both, the other way", "fresh", 11, -590, 9 },
	};
	struct world world = world_begin(JWT);
	char *token;
	size_t i;
	int keep;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		token = token_of(&world, rows[i].expires, rows[i].login);
		keep = keep_of(&world, rows[i].policy, token);
		if (keep != rows[i].keep)
			fail_msg("%s: %d", rows[i].name, keep);
		free(token);
	}
	world_end(&world);
}

/* While Authgear is down the keys serve up to keys_max_stale. */
static void
test_keys(void **state)
{
	static const char *const validate[] = { JWT, HYBRID };
	struct world world;
	char *lines;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		lines = mint_text("%skeys_ttl = 60\nkeys_max_stale = 60\n",
		    validate[i]);
		world = world_begin(lines);
		assert_int_equal(keep_of(&world, "default", world.jwt),
		    i == 0 ? 40 : 30);
		gate_fixture_pass(world.gate, 49500);
		assert_int_equal(keep_of(&world, "default", world.jwt), 10);
		gate_fixture_pass(world.gate, 10000);
		assert_int_equal(keep_of(&world, "default", world.jwt), 0);
		world_end(&world);
		free(lines);
	}
}

/* A JWT with a session: both. */
static void
test_hybrid(void **state)
{
	struct world world = world_begin(HYBRID);
	char *token = token_of(&world, 25, 0);

	(void)state;
	assert_int_equal(keep_of(&world, "default", world.jwt), 30);
	gate_fixture_pass(world.gate, 6000);
	assert_int_equal(keep_of(&world, "default", world.jwt), 24);
	assert_int_equal(keep_of(&world, "default", token), 18);
	free(token);
	/* the resolver knows of an older login than the token */
	gate_fixture_pass(world.gate, 40000);
	world.resolver->authenticated_at = world.gate->now.wall - 595;
	assert_int_equal(keep_of(&world, "fresh", world.jwt), 4);
	world_end(&world);
}

static void
block(struct world *world, enum revocation_kind kind, const char *value,
    int64_t from, int64_t until)
{
	const struct trust_note note = { "test", "", "cli", NULL };
	const struct revocation row = { kind, REVOCATION_BLOCKED, value, from,
	    until };
	struct error error = { "" };
	struct trust_added added;
	struct trust_writer *writer = trust_writer_open(
	    world->gate->settings->state, MINT_ISSUER, &error);

	assert_non_null(writer);
	assert_int_equal(trust_writer_add(writer, &row, &note,
	    &world->gate->now, &added, &error), TRUST_WRITTEN);
	trust_writer_free(writer);
}

static void
test_blocks(void **state)
{
	struct world world = world_begin(JWT);
	int i;

	(void)state;
	block(&world, REVOCATION_USER, "somebody-else", WALL + 1, NO);
	assert_int_equal(keep_of(&world, "default", world.jwt), 40);
	block(&world, REVOCATION_USER, MINT_USER, WALL + 1000, NO);
	assert_int_equal(keep_of(&world, "default", world.jwt), 40);
	block(&world, REVOCATION_USER, MINT_USER, WALL + 30, WALL + 40);
	assert_int_equal(keep_of(&world, "default", world.jwt), 29);
	block(&world, REVOCATION_CLIENT, MINT_CLIENT, WALL + 10, WALL + 20);
	/* one less: how much of this second is gone nobody knows */
	for (i = 9; i >= 0; i--) {
		assert_int_equal(keep_of(&world, "default", world.jwt), i);
		gate_fixture_pass(world.gate, 1000);
	}
	(void)world_expect(&world, "default", world.jwt,
	    REASON_CLIENT_REVOKED);
	gate_fixture_pass(world.gate, 10000);
	assert_int_equal(keep_of(&world, "default", world.jwt), 9);
	gate_fixture_pass(world.gate, 10000);
	(void)world_expect(&world, "default", world.jwt, REASON_USER_BLOCKED);
	world_end(&world);
}

/* Nothing but a grant, whatever the times are. */
static void
test_refusals(void **state)
{
	const struct web_question none = { .policy_name = "mapped" };
	struct world world = world_begin(JWT);
	const struct decision *decision;

	(void)state;
	assert_int_equal(world_expect(&world, "admin", world.jwt,
	    REASON_ROLE_MISSING)->keep, 0);
	assert_int_equal(world_expect(&world, "clients", world.jwt,
	    REASON_CLIENT_NOT_ALLOWED)->keep, 0);
	decision = gate_fixture_question(world.gate, &none);
	assert_true(decision->may_pass);
	assert_int_equal(decision->keep, 0);
	world_end(&world);
}

/* As the timer does once the set is due. */
static void
fetch_anew(struct world *world)
{
	struct gate_fixture *fixture = world->gate;
	struct gate_task *task;
	int64_t next;

	gate_fixture_pass(fixture,
	    (int64_t)fixture->settings->keys_ttl * 1000 + 1000);
	task = gate_refresh(fixture->gate, &fixture->now, &next);
	assert_non_null(task);
	gate_fixture_run(fixture, fixture->gate, task, GATE_EXCHANGE);
	gate_task_free(task);
}

/* What makes others of what was kept, asked or not. */
static struct gate_epoch *
watch(struct world *world, struct gate_shared **shared_out)
{
	struct gate_shared *shared = gate_shared_new(world->gate->settings);
	struct error error = { "" };
	struct gate_epoch *epoch;

	assert_non_null(shared);
	epoch = gate_epoch_new(world->gate->settings, shared, &error);
	if (epoch == NULL)
		fail_msg("%s", error_text(&error));
	*shared_out = shared;
	return epoch;
}

/* The second look always sees nothing new. */
static void
expect(struct world *world, struct gate_epoch *epoch,
    enum gate_epoch_sight sight)
{
	assert_int_equal(gate_epoch_look(epoch, &world->gate->now), sight);
	gate_fixture_pass(world->gate, 1000);
	assert_int_equal(gate_epoch_look(epoch, &world->gate->now),
	    sight == GATE_EPOCH_BLIND ? GATE_EPOCH_BLIND : GATE_EPOCH_SAME);
	gate_fixture_pass(world->gate, 1000);
}

/* Of another set twice: a thread may have verified by the old one meanwhile. */
static void
expect_keys(struct world *world, struct gate_epoch *epoch)
{
	assert_int_equal(gate_epoch_look(epoch, &world->gate->now),
	    GATE_EPOCH_OTHER);
	gate_fixture_pass(world->gate, 1000);
	expect(world, epoch, GATE_EPOCH_OTHER);
}

static void
test_epoch(void **state)
{
	struct world world = world_begin(JWT);
	struct gate_shared *shared;
	struct gate_epoch *epoch = watch(&world, &shared);
	const char *trust = gate_fixture_path(world.gate, "state/trust.db");
	char *file = strdup(trust), *aside;

	(void)state;
	aside = mint_text("%s.aside", file);
	expect(&world, epoch, GATE_EPOCH_OTHER);
	/* by a command, and by whatever else */
	block(&world, REVOCATION_USER, "somebody", NO, NO);
	expect(&world, epoch, GATE_EPOCH_OTHER);
	scratch_sql(file, "UPDATE revocation SET reason = 'by hand'");
	expect(&world, epoch, GATE_EPOCH_OTHER);
	/* not readable, and so again */
	scratch_need(chmod(file, 0666) == 0, "chmod");
	expect(&world, epoch, GATE_EPOCH_BLIND);
	scratch_need(chmod(file, 0600) == 0, "chmod");
	expect(&world, epoch, GATE_EPOCH_OTHER);
	scratch_need(rename(file, aside) == 0, "rename");
	expect(&world, epoch, GATE_EPOCH_BLIND);
	scratch_need(rename(aside, file) == 0, "rename");
	expect(&world, epoch, GATE_EPOCH_OTHER);
	gate_epoch_free(epoch);
	gate_shared_free(shared);
	world_end(&world);
	free(file);
	free(aside);
}

/* A copy that is put back is not believed, and once it is, is another. */
static void
test_epoch_copy(void **state)
{
	struct world world = world_begin(JWT);
	struct gate_shared *shared;
	struct gate_epoch *epoch = watch(&world, &shared);
	char *file = strdup(gate_fixture_path(world.gate, "state/trust.db"));
	char *copy = mint_text("%s.copy", file);
	char *put_back = mint_text("cp %s %s && rm -f %s-wal", copy, file,
	    file);

	(void)state;
	scratch_copy(file, copy);
	block(&world, REVOCATION_USER, MINT_USER, NO, NO);
	expect(&world, epoch, GATE_EPOCH_OTHER);
	assert_int_equal(system(put_back), 0);
	expect(&world, epoch, GATE_EPOCH_BLIND);
	gate_epoch_free(epoch);
	gate_shared_free(shared);
	world_end(&world);
	free(file);
	free(copy);
	free(put_back);
}

static void
test_epoch_keys_and_time(void **state)
{
	struct world world = world_begin(JWT);
	struct mint_key *other = mint_key_new(MINT_SECOND);
	struct gate_shared *shared;
	struct gate_epoch *epoch = watch(&world, &shared);
	char *set = mint_set_of(other, "two");

	(void)state;
	expect(&world, epoch, GATE_EPOCH_OTHER);
	assert_int_equal(keep_of(&world, "default", world.jwt), 40);
	/* the first set, then the same fetched anew, then another one */
	expect_keys(&world, epoch);
	fetch_anew(&world);
	expect(&world, epoch, GATE_EPOCH_SAME);
	gate_fixture_serve(world.gate, set);
	fetch_anew(&world);
	expect_keys(&world, epoch);
	world.gate->now.wall += 3600;
	expect(&world, epoch, GATE_EPOCH_OTHER);
	world.gate->now.wall -= 7200;
	expect(&world, epoch, GATE_EPOCH_OTHER);
	/* a second more or less is one of reading it */
	world.gate->now.wall += 1;
	expect(&world, epoch, GATE_EPOCH_SAME);
	gate_epoch_free(epoch);
	gate_shared_free(shared);
	world_end(&world);
	mint_key_free(other);
	free(set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_slow_lookup),
		cmocka_unit_test(test_outage),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_hybrid),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_epoch),
		cmocka_unit_test(test_epoch_copy),
		cmocka_unit_test(test_epoch_keys_and_time),
	};

	return cmocka_run_group_tests_name("gate keep", tests, NULL, NULL);
}
