/* The questions that follow a login: they ask nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "gate_world.h"
#include "scratch.h"
#include "state/write/trust_writer.h"

#define HYBRID "validate = hybrid\nsession_ttl = 1\nstale_if_error = 300"

/* By whoever asks at this gate; every exchange it needs is made. */
static enum reason
ask_at(struct world *world, struct gate *gate, const char *policy,
    const char *text, enum gate_manner manner)
{
	struct gate_fixture *fixture = world->gate;
	const struct gate_asker asker = { .address = "192.0.2.1",
	    .manner = manner, .is_program = 1 };
	struct credential credential;
	const struct policy *found;
	enum gate_step step;
	enum reason reason;
	int is_unknown;

	found = settings_policy(fixture->settings, policy, &is_unknown);
	assert_non_null(found);
	assert_int_equal(credential_from_password(&credential, text,
	    strlen(text), 16384, &reason, NULL), 0);
	gate_task_free(fixture->task);
	step = gate_start(gate, found, &credential, &asker, &fixture->now,
	    &fixture->task);
	assert_null(credential.text);
	if (manner == GATE_MAY_NOT_ASK)
		assert_int_equal(step, GATE_DONE);
	gate_fixture_run(fixture, gate, fixture->task, step);
	if (manner == GATE_MAY_NOT_ASK)
		assert_int_equal(gate_go_on(gate, fixture->task,
		    &fixture->now), GATE_DONE);
	return gate_task_decision(fixture->task)->reason;
}

static enum reason
web(struct world *world, const char *text)
{
	return ask_at(world, world->gate->gate, "default", text,
	    GATE_MAY_ASK);
}

static enum reason
auth(struct world *world, const char *text)
{
	return ask_at(world, world->gate->gate, "default", text, GATE_LOGIN);
}

/* Nothing was asked of anybody for it. */
static enum reason
account(struct world *world, const char *text)
{
	const struct gate_fixture *gate = world->gate;
	const int before = gate->metadata_count + gate->jwks_count +
	    world->resolver->count;
	const enum reason reason = ask_at(world, world->gate->gate,
	    "default", text, GATE_MAY_NOT_ASK);

	assert_int_equal(gate->metadata_count + gate->jwks_count +
	    world->resolver->count, before);
	return reason;
}

static void
never_asks(void **state)
{
	struct world world = world_begin("validate = hybrid");

	(void)state;
	assert_int_equal(account(&world, OPAQUE), REASON_NOT_ASKED);
	assert_int_equal(account(&world, SESSION), REASON_NOT_ASKED);
	assert_int_equal(account(&world, world.jwt), REASON_NOT_ASKED);
	assert_int_equal(reason_verdict(REASON_NOT_ASKED), VERDICT_UNDECIDED);
	/* its key alone is known now */
	assert_int_equal(auth(&world, world.jwt), REASON_GRANTED);
	gate_fixture_pass(world.gate, GATE_LOGIN_MSECS);
	assert_int_equal(account(&world, world.jwt), REASON_NOT_ASKED);
	world_end(&world);
	world = world_begin("validate = jwt");
	assert_int_equal(account(&world, world.jwt), REASON_NOT_ASKED);
	assert_int_equal(web(&world, world.jwt), REASON_GRANTED);
	assert_int_equal(account(&world, world.jwt), REASON_GRANTED);
	assert_int_equal(account(&world, OPAQUE), REASON_NEEDS_RESOLVER);
	gate_fixture_pass(world.gate, 600000);
	assert_int_equal(account(&world, world.jwt), REASON_EXPIRED);
	world_end(&world);
}

/* What the login was granted on counts for its time, and nothing else does. */
static void
a_minute(void **state)
{
	struct world world = world_begin(HYBRID);
	const char *const texts[] = { OPAQUE, SESSION, world.jwt };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(web(&world, texts[i]), REASON_GRANTED);
		assert_int_equal(account(&world, texts[i]), REASON_GRANTED);
		gate_fixture_pass(world.gate, 1000);
		assert_int_equal(account(&world, texts[i]), REASON_NOT_ASKED);
		assert_int_equal(auth(&world, texts[i]), REASON_GRANTED);
		gate_fixture_pass(world.gate, GATE_LOGIN_MSECS - 1);
		assert_int_equal(account(&world, texts[i]), REASON_GRANTED);
		assert_string_equal(gate_task_decision(world.gate->task)->
		    remote_user, MINT_USER);
		gate_fixture_pass(world.gate, 1);
		assert_int_equal(account(&world, texts[i]), REASON_NOT_ASKED);
	}
	/* a refused login is none */
	assert_int_equal(ask_at(&world, world.gate->gate, "admin", OPAQUE,
	    GATE_LOGIN), REASON_ROLE_MISSING);
	gate_fixture_pass(world.gate, 1000);
	assert_int_equal(account(&world, OPAQUE), REASON_NOT_ASKED);
	world_end(&world);
}

/* The row went (max_sessions): what the login was granted on is still known. */
static void
row_is_gone(void **state)
{
	struct world world = world_begin("validate = hybrid");
	struct sqlite3 *db;

	(void)state;
	assert_int_equal(auth(&world, OPAQUE), REASON_GRANTED);
	assert_int_equal(web(&world, SESSION), REASON_GRANTED);
	assert_int_equal(sqlite3_open(gate_fixture_path(world.gate,
	    "state/daemon/status.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "DELETE FROM session", NULL, NULL,
	    NULL), SQLITE_OK);
	assert_int_equal(sqlite3_changes(db), 2);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(account(&world, OPAQUE), REASON_GRANTED);
	assert_int_equal(account(&world, SESSION), REASON_NOT_ASKED);
	world_end(&world);
}

/* An answer kept since the last start serves as long as any row does. */
static void
another_start(void **state)
{
	struct world world = world_begin("validate = hybrid");

	(void)state;
	assert_int_equal(auth(&world, OPAQUE), REASON_GRANTED);
	gate_fixture_restart(world.gate);
	assert_int_equal(account(&world, OPAQUE), REASON_GRANTED);
	gate_fixture_pass(world.gate, 30000);
	assert_int_equal(account(&world, OPAQUE), REASON_NOT_ASKED);
	world_end(&world);
}

static void
not_live_since(void **state)
{
	struct world world = world_begin(HYBRID);
	struct gate *other;

	(void)state;
	assert_int_equal(auth(&world, OPAQUE), REASON_GRANTED);
	gate_fixture_pass(world.gate, 5000);
	world.resolver->valid = "false";
	assert_int_equal(account(&world, OPAQUE), REASON_GRANTED);
	assert_int_equal(web(&world, OPAQUE), REASON_NOT_LIVE);
	assert_int_equal(account(&world, OPAQUE), REASON_NOT_LIVE);
	/* it was granted before that */
	gate_fixture_pass(world.gate, 20000);
	assert_int_equal(account(&world, OPAQUE), REASON_NOT_ASKED);

	/* told to another process */
	other = gate_fixture_another(world.gate);
	world.resolver->valid = "true";
	assert_int_equal(auth(&world, SESSION), REASON_GRANTED);
	gate_fixture_pass(world.gate, 2000);
	world.resolver->valid = "false";
	assert_int_equal(ask_at(&world, other, "default", SESSION,
	    GATE_MAY_ASK), REASON_NOT_LIVE);
	assert_int_equal(account(&world, SESSION), REASON_NOT_LIVE);
	gate_fixture_pass(world.gate, 20000);
	assert_int_equal(account(&world, SESSION), REASON_NOT_LIVE);
	gate_free(other);
	world_end(&world);
}

static void
doubted_since(void **state)
{
	struct world world = world_begin(HYBRID);
	struct gate_task *task;
	enum gate_step step;

	(void)state;
	assert_int_equal(auth(&world, OPAQUE), REASON_GRANTED);
	gate_fixture_pass(world.gate, 2000);
	/* it says nothing, and then no more at all */
	world.resolver->absent_once = 1;
	step = gate_fixture_start(world.gate, world.gate->gate, "default",
	    OPAQUE, &task);
	assert_int_equal(step, GATE_EXCHANGE);
	gate_fixture_perform(world.gate, task);
	step = gate_resume(world.gate->gate, task, &world.gate->now);
	assert_int_equal(step, GATE_WAIT);
	assert_int_equal(account(&world, OPAQUE), REASON_NOT_ASKED);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	gate_fixture_run(world.gate, world.gate->gate, task, step);
	assert_int_equal(gate_task_decision(task)->reason, REASON_GRANTED);
	gate_task_free(task);
	assert_int_equal(account(&world, OPAQUE), REASON_NOT_ASKED);
	/* nor do logins that are granted meanwhile make it enough */
	assert_int_equal(auth(&world, OPAQUE), REASON_GRANTED);
	assert_int_equal(account(&world, OPAQUE), REASON_NOT_ASKED);
	world.resolver->outcome = EXCHANGE_ANSWERED;
	gate_fixture_pass(world.gate, 5000);
	assert_int_equal(auth(&world, OPAQUE), REASON_GRANTED);
	assert_int_equal(account(&world, OPAQUE), REASON_GRANTED);
	/* another user's all of a sudden */
	assert_int_equal(auth(&world, world.jwt), REASON_GRANTED);
	gate_fixture_pass(world.gate, 2000);
	world.resolver->user_id = "somebody-else";
	assert_int_equal(web(&world, world.jwt), REASON_USER_MISMATCH);
	assert_int_equal(account(&world, world.jwt), REASON_NOT_ASKED);
	world_end(&world);
}

/* Authgear is down, and the login was granted on what was known. */
static void
granted_meanwhile(void **state)
{
	struct world world = world_begin(HYBRID);

	(void)state;
	assert_int_equal(web(&world, OPAQUE), REASON_GRANTED);
	gate_fixture_pass(world.gate, 200000);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	assert_int_equal(account(&world, OPAQUE), REASON_NOT_ASKED);
	assert_int_equal(auth(&world, OPAQUE), REASON_GRANTED);
	gate_fixture_pass(world.gate, 3000);
	assert_int_equal(account(&world, OPAQUE), REASON_GRANTED);
	gate_fixture_pass(world.gate, GATE_LOGIN_MSECS);
	assert_int_equal(account(&world, OPAQUE), REASON_NOT_ASKED);
	world_end(&world);
}

/* Who waited in vain is the last one for a while, among logins. */
static void
one_waits(void **state)
{
	struct world world = world_begin(HYBRID);
	struct gate_fixture *gate = world.gate;
	int asked;

	(void)state;
	assert_int_equal(auth(&world, world.jwt), REASON_GRANTED);
	gate_fixture_pass(gate, 2000);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	gate->delay = 1500;
	assert_int_equal(auth(&world, OPAQUE), REASON_RESOLVER_UNREACHABLE);
	asked = world.resolver->count;
	gate_fixture_pass(gate, 1400);
	assert_int_equal(auth(&world, SESSION), REASON_RESOLVER_UNREACHABLE);
	assert_int_equal(world.resolver->count, asked);
	/* known ones do without, web servers have a back-off of their own */
	assert_int_equal(auth(&world, world.jwt), REASON_GRANTED);
	assert_int_equal(web(&world, SESSION), REASON_RESOLVER_UNREACHABLE);
	assert_int_equal(world.resolver->count, asked + 1);
	gate_fixture_pass(gate, 5000);
	world.resolver->outcome = EXCHANGE_ANSWERED;
	gate->delay = 0;
	assert_int_equal(auth(&world, SESSION), REASON_GRANTED);
	/* and an answer ends it */
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	gate->delay = 1500;
	assert_int_equal(auth(&world, OPAQUE), REASON_RESOLVER_UNREACHABLE);
	world.resolver->outcome = EXCHANGE_ANSWERED;
	gate->delay = 0;
	gate_fixture_pass(gate, 600);
	assert_int_equal(web(&world, OPAQUE), REASON_GRANTED);
	asked = world.resolver->count;
	gate_fixture_pass(gate, 1000);
	assert_int_equal(auth(&world, OPAQUE), REASON_GRANTED);
	assert_int_equal(world.resolver->count, asked + 1);
	world_end(&world);
}

/* And is told what the other one met. */
static void
one_waits_for_a_fault(void **state)
{
	struct world world = world_begin(HYBRID);
	struct gate_fixture *gate = world.gate;
	int asked;

	(void)state;
	world.resolver->status = 302;
	gate->delay = 1500;
	assert_int_equal(auth(&world, OPAQUE), REASON_RESOLVER_FAULT);
	asked = world.resolver->count;
	gate_fixture_pass(gate, 1400);
	assert_int_equal(auth(&world, SESSION), REASON_RESOLVER_FAULT);
	assert_int_equal(world.resolver->count, asked);
	gate_fixture_pass(gate, 200);
	world.resolver->status = 200;
	assert_int_equal(auth(&world, SESSION), REASON_GRANTED);
	world_end(&world);
}

static struct trust_writer *
open_writer(struct world *world)
{
	struct error error = { "" };
	struct trust_writer *writer = trust_writer_open(
	    world->gate->settings->state, MINT_ISSUER, &error);

	assert_non_null(writer);
	return writer;
}

static void
add(struct world *world, struct trust_writer *writer,
    const struct revocation *row)
{
	const struct trust_note note = { "test", "", "cli", NULL };
	struct error error = { "" };
	struct trust_added added;

	assert_int_equal(trust_writer_add(writer, row, &note,
	    &world->gate->now, &added, &error), TRUST_WRITTEN);
}

static void
lift(struct world *world, struct trust_writer *writer,
    enum revocation_kind kind, const char *value)
{
	const struct trust_note note = { "test", "", "cli", NULL };
	const struct trust_choice choice = { 0, kind, value };
	struct error error = { "" };
	int count;

	assert_int_equal(trust_writer_lift(writer, &choice, &note,
	    &world->gate->now, &count, &error), TRUST_WRITTEN);
	assert_int_equal(count, 1);
}

#define NO REVOCATION_NO_TIME

/* What the administrator says between the two holds at once. */
static void
revoked_since(void **state)
{
	const struct revocation blocked = { REVOCATION_USER,
	    REVOCATION_BLOCKED, MINT_USER, NO, NO };
	const struct revocation signed_out = { REVOCATION_USER,
	    REVOCATION_SIGNED_OUT, MINT_USER, WALL, NO };
	struct revocation token = { REVOCATION_TOKEN, REVOCATION_REVOKED,
	    NULL, NO, NO };
	struct world world = world_begin(HYBRID);
	struct trust_writer *writer = open_writer(&world);

	(void)state;
	assert_int_equal(auth(&world, OPAQUE), REASON_GRANTED);
	gate_fixture_pass(world.gate, 10000);
	add(&world, writer, &blocked);
	assert_int_equal(account(&world, OPAQUE), REASON_USER_BLOCKED);
	lift(&world, writer, REVOCATION_USER, MINT_USER);
	assert_int_equal(account(&world, OPAQUE), REASON_GRANTED);
	add(&world, writer, &signed_out);
	assert_int_equal(account(&world, OPAQUE), REASON_SIGNED_OUT);
	lift(&world, writer, REVOCATION_USER, MINT_USER);
	token.value = gate_task_decision(world.gate->task)->credential_hash;
	add(&world, writer, &token);
	assert_int_equal(account(&world, OPAQUE), REASON_REVOKED);
	gate_fixture_pass(world.gate, GATE_LOGIN_MSECS);
	assert_int_equal(account(&world, OPAQUE), REASON_REVOKED);
	trust_writer_free(writer);
	world_end(&world);
}

/* The policy of the account question is applied, to what is known. */
static void
policy_applies(void **state)
{
	struct world world = world_begin(HYBRID);

	(void)state;
	assert_int_equal(auth(&world, OPAQUE), REASON_GRANTED);
	gate_fixture_pass(world.gate, 10000);
	assert_int_equal(ask_at(&world, world.gate->gate, "admin", OPAQUE,
	    GATE_MAY_NOT_ASK), REASON_ROLE_MISSING);
	assert_int_equal(ask_at(&world, world.gate->gate, "mapped", OPAQUE,
	    GATE_MAY_NOT_ASK), REASON_WRONG_ACCOUNT);
	world_end(&world);
}

static const struct decision *
ask_account(struct world *world, const char *policy, const char *name)
{
	struct gate_fixture *fixture = world->gate;
	const struct decision *decision;
	const struct policy *found;
	int is_unknown;

	found = settings_policy(fixture->settings, policy, &is_unknown);
	gate_task_free(fixture->task);
	assert_int_equal(gate_account_start(fixture->gate, found, name,
	    &fixture->now, &fixture->task), GATE_DONE);
	decision = gate_task_decision(fixture->task);
	assert_int_not_equal(decision->verdict, VERDICT_GRANTED);
	assert_null(decision->remote_user);
	assert_ptr_equal(decision->policy, found);
	assert_int_equal(gate_go_on(fixture->gate, fixture->task,
	    &fixture->now), GATE_DONE);
	return decision;
}

static void
expect(struct world *world, const char *policy, const char *name,
    enum reason reason)
{
	assert_int_equal(ask_account(world, policy, name)->reason, reason);
	assert_int_equal(world->resolver->count, 0);
}

static void
without_credential(void **state)
{
	const struct trust_note note = { "test", "", "cli", NULL };
	const struct revocation out = { REVOCATION_USER,
	    REVOCATION_SIGNED_OUT, MINT_USER, WALL, NO };
	const struct revocation all = { REVOCATION_ALL, REVOCATION_SIGNED_OUT,
	    "", WALL, NO };
	const struct revocation blocked = { REVOCATION_USER,
	    REVOCATION_BLOCKED, MINT_USER, WALL + 5, WALL + 50 };
	const struct revocation machine = { REVOCATION_CLIENT,
	    REVOCATION_BLOCKED, "machine", NO, NO };
	struct world world = world_begin("validate = hybrid");
	struct trust_writer *writer = open_writer(&world);
	struct error error = { "" };

	(void)state;
	assert_int_equal(trust_writer_map(writer, MINT_USER, "alice", &note,
	    &world.gate->now, &error), TRUST_WRITTEN);
	expect(&world, "mapped", "alice", REASON_NOT_BLOCKED);
	assert_string_equal(gate_task_decision(world.gate->task)->facts->
	    user_id, MINT_USER);
	expect(&world, "mapped", "nobody", REASON_NOT_BLOCKED);
	assert_null(gate_task_decision(world.gate->task)->facts);
	expect(&world, "claim", "alice", REASON_USER_UNTRACEABLE);
	/* who was signed out may come back */
	add(&world, writer, &out);
	add(&world, writer, &all);
	expect(&world, "mapped", "alice", REASON_NOT_BLOCKED);
	lift(&world, writer, REVOCATION_USER, MINT_USER);
	add(&world, writer, &blocked);
	expect(&world, "mapped", "alice", REASON_NOT_BLOCKED);
	gate_fixture_pass(world.gate, 5000);
	expect(&world, "mapped", "alice", REASON_USER_BLOCKED);
	expect(&world, "mapped", "Alice", REASON_NOT_BLOCKED);
	expect(&world, "default", MINT_USER, REASON_USER_BLOCKED);
	expect(&world, "default", "alice", REASON_NOT_BLOCKED);
	expect(&world, "claim", "alice", REASON_USER_UNTRACEABLE);
	gate_fixture_pass(world.gate, 45000);
	expect(&world, "mapped", "alice", REASON_NOT_BLOCKED);
	expect(&world, "default", "client_id_machine", REASON_NOT_BLOCKED);
	assert_int_equal(trust_writer_map(writer, "client_id_machine",
	    "robot", &note, &world.gate->now, &error), TRUST_WRITTEN);
	expect(&world, "mapped", "robot", REASON_NOT_BLOCKED);
	add(&world, writer, &machine);
	expect(&world, "default", "client_id_machine",
	    REASON_CLIENT_REVOKED);
	expect(&world, "mapped", "robot", REASON_CLIENT_REVOKED);
	trust_writer_free(writer);
	world_end(&world);
}

static void
unreadable(void **state)
{
	struct world world = world_begin("validate = hybrid");

	(void)state;
	assert_int_equal(auth(&world, OPAQUE), REASON_GRANTED);
	scratch_write(gate_fixture_path(world.gate, "state/trust.db"), "x",
	    1);
	gate_fixture_pass(world.gate, 2000);
	assert_int_equal(ask_account(&world, "mapped", "alice")->reason,
	    REASON_STATE_UNREADABLE);
	assert_int_equal(ask_account(&world, "default", "alice")->reason,
	    REASON_STATE_UNREADABLE);
	assert_int_equal(account(&world, OPAQUE), REASON_STATE_UNREADABLE);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_asks),
		cmocka_unit_test(a_minute),
		cmocka_unit_test(row_is_gone),
		cmocka_unit_test(another_start),
		cmocka_unit_test(not_live_since),
		cmocka_unit_test(doubted_since),
		cmocka_unit_test(granted_meanwhile),
		cmocka_unit_test(one_waits),
		cmocka_unit_test(one_waits_for_a_fault),
		cmocka_unit_test(revoked_since),
		cmocka_unit_test(policy_applies),
		cmocka_unit_test(without_credential),
		cmocka_unit_test(unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
