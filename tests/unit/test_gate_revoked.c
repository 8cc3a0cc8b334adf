/* The gate and what an administrator took back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate_fixture.h"
#include "ground/hash.h"
#include "mint.h"
#include "scratch.h"
#include "state/write/trust_writer.h"

#define WALL GATE_FIXTURE_WALL
#define NO REVOCATION_NO_TIME
#define POLICIES \
	"[policy default]\n" \
	"clients = portal, machine\n" \
	"[policy strict]\n" \
	"require_role = nobody\n" \
	"[policy elsewhere]\n" \
	"audience = https://elsewhere.example\n" \
	"[policy fresh]\n" \
	"max_authentication_age = 60\n"

struct world {
	struct gate_fixture *gate;
	struct trust_writer *writer;
	struct mint_key *key;
	char *jwks;
};

static int
setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct error error = { "" };

	assert_non_null(world);
	world->key = mint_key_new(MINT_FIRST);
	world->jwks = mint_set_of(world->key, "one");
	world->gate = gate_fixture_new(MINT_ISSUER, "leeway = 300",
	    POLICIES);
	gate_fixture_serve(world->gate, world->jwks);
	world->writer = trust_writer_open(world->gate->settings->state,
	    MINT_ISSUER, &error);
	assert_non_null(world->writer);
	*state = world;
	return 0;
}

static int
teardown(void **state)
{
	struct world *world = *state;

	trust_writer_free(world->writer);
	gate_fixture_free(world->gate);
	mint_key_free(world->key);
	free(world->jwks);
	free(world);
	return 0;
}

static void
add(struct world *world, enum revocation_kind kind, enum revocation_rule rule,
    const char *value, int64_t from, int64_t until)
{
	const struct trust_note note = { "test", "", "cli", NULL };
	const struct revocation row = { kind, rule, value, from, until };
	struct error error = { "" };
	struct trust_added added;

	if (trust_writer_add(world->writer, &row, &note, &world->gate->now,
	    &added, &error) != TRUST_WRITTEN)
		fail_msg("%s", error_text(&error));
}

static int
lift(struct world *world, enum revocation_kind kind, const char *value)
{
	const struct trust_note note = { "test", "", "cli", NULL };
	const struct trust_choice choice = { 0, kind, value };
	struct error error = { "" };
	int count;

	assert_int_equal(trust_writer_lift(world->writer, &choice, &note,
	    &world->gate->now, &count, &error), TRUST_WRITTEN);
	return count;
}

/* A user's token by its times; `login` "null" leaves auth_time out. */
static char *
token_of(struct world *world, int64_t issued, int64_t login)
{
	char *header = mint_header("one");
	char *time = login < 0 ? NULL : mint_text("%lld", (long long)login);
	char *payload = mint_claims(issued, "jti", "\"jti-1\"", "auth_time",
	    time, NULL);
	char *token = mint_token(world->key, MINT_RS256, header, payload);

	free(header);
	free(time);
	free(payload);
	return token;
}

static enum reason
ask(struct world *world, const char *policy, const char *token)
{
	return gate_fixture_ask(world->gate, policy, token)->reason;
}

static const struct decision *
decision(const struct world *world)
{
	return gate_task_decision(world->gate->task);
}

static void
kinds(void **state)
{
	static const struct {
		const char *name;
		enum revocation_kind kind;
		enum revocation_rule rule;
		const char *value;
		int64_t from;
		enum reason reason;
		enum verdict verdict;
		int has_facts;
	} rows[] = {
		{ "token", REVOCATION_TOKEN, REVOCATION_REVOKED, "jti-1", NO,
		    REASON_REVOKED, VERDICT_DENIED, 1 },
		{ "user signed out", REVOCATION_USER, REVOCATION_SIGNED_OUT,
		    MINT_USER, WALL, REASON_SIGNED_OUT, VERDICT_DENIED, 1 },
		{ "user blocked", REVOCATION_USER, REVOCATION_BLOCKED,
		    MINT_USER, NO, REASON_USER_BLOCKED, VERDICT_FORBIDDEN, 1 },
		{ "client signed out", REVOCATION_CLIENT,
		    REVOCATION_SIGNED_OUT, MINT_CLIENT, WALL,
		    REASON_CLIENT_REVOKED, VERDICT_DENIED, 1 },
		{ "client blocked", REVOCATION_CLIENT, REVOCATION_BLOCKED,
		    MINT_CLIENT, NO, REASON_CLIENT_REVOKED, VERDICT_DENIED, 1 },
		{ "key", REVOCATION_KEY, REVOCATION_REVOKED, "one", NO,
		    REASON_KEY_REVOKED, VERDICT_DENIED, 0 },
		{ "all", REVOCATION_ALL, REVOCATION_SIGNED_OUT, "", WALL,
		    REASON_SIGNED_OUT, VERDICT_DENIED, 1 },
	};
	struct world *world = *state;
	char *token = token_of(world, WALL, WALL);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("# %s\n", rows[i].name);
		assert_int_equal(ask(world, "default", token),
		    REASON_GRANTED);
		add(world, rows[i].kind, rows[i].rule, rows[i].value,
		    rows[i].from, NO);
		assert_int_equal(ask(world, "default", token),
		    rows[i].reason);
		assert_int_equal(decision(world)->verdict, rows[i].verdict);
		assert_null(decision(world)->remote_user);
		assert_int_equal(decision(world)->facts != NULL,
		    rows[i].has_facts);
		/* also where the policy would refuse, and after a restart */
		assert_int_equal(ask(world, "strict", token), rows[i].reason);
		assert_int_equal(ask(world, "elsewhere", token),
		    rows[i].reason);
		gate_fixture_restart(world->gate);
		assert_int_equal(ask(world, "default", token),
		    rows[i].reason);
		assert_int_equal(lift(world, rows[i].kind, rows[i].value), 1);
	}
	assert_int_equal(ask(world, "default", token), REASON_GRANTED);
	assert_int_equal(ask(world, "strict", token), REASON_ROLE_MISSING);
	free(token);
}

/* Token and text: the hash of a JWT's text revokes it too. */
static void
by_hash(void **state)
{
	struct world *world = *state;
	char *token = token_of(world, WALL, WALL);
	char *other = token_of(world, WALL - 1, WALL);
	char hash[HASH_HEX_SIZE];

	assert_int_equal(hash_hex(token, strlen(token), hash), 0);
	add(world, REVOCATION_TOKEN, REVOCATION_REVOKED, hash, NO, NO);
	assert_int_equal(ask(world, "default", token), REASON_REVOKED);
	assert_int_equal(ask(world, "default", other), REASON_GRANTED);
	free(token);
	free(other);
}

/* The edges of signing out; a leeway of 300 s softens none of them. */
static void
times(void **state)
{
	static const struct {
		const char *name;
		int64_t issued, login;
		enum reason user, client, all;
	} rows[] = {
		{ "then", WALL, WALL, REASON_SIGNED_OUT,
		    REASON_CLIENT_REVOKED, REASON_SIGNED_OUT },
		{ "5 s later", WALL + 5, WALL + 5, REASON_SIGNED_OUT,
		    REASON_CLIENT_REVOKED, REASON_SIGNED_OUT },
		{ "a later token of that login", WALL + 6, WALL + 5,
		    REASON_SIGNED_OUT, REASON_GRANTED, REASON_SIGNED_OUT },
		{ "6 s later", WALL + 6, WALL + 6, REASON_GRANTED,
		    REASON_GRANTED, REASON_GRANTED },
		{ "5 s later, no auth_time", WALL + 5, -1, REASON_SIGNED_OUT,
		    REASON_CLIENT_REVOKED, REASON_SIGNED_OUT },
		{ "6 s later, no auth_time", WALL + 6, -1, REASON_GRANTED,
		    REASON_GRANTED, REASON_GRANTED },
	};
	struct world *world = *state;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *token = token_of(world, rows[i].issued, rows[i].login);

		print_message("# %s\n", rows[i].name);
		add(world, REVOCATION_USER, REVOCATION_SIGNED_OUT, MINT_USER,
		    WALL, NO);
		assert_int_equal(ask(world, "default", token), rows[i].user);
		assert_int_equal(lift(world, REVOCATION_USER, MINT_USER), 1);
		add(world, REVOCATION_CLIENT, REVOCATION_SIGNED_OUT,
		    MINT_CLIENT, WALL, NO);
		assert_int_equal(ask(world, "default", token),
		    rows[i].client);
		assert_int_equal(lift(world, REVOCATION_CLIENT, MINT_CLIENT),
		    1);
		add(world, REVOCATION_ALL, REVOCATION_SIGNED_OUT, "", WALL,
		    NO);
		assert_int_equal(ask(world, "default", token), rows[i].all);
		assert_int_equal(lift(world, REVOCATION_ALL, ""), 1);
		assert_int_equal(ask(world, "default", token),
		    REASON_GRANTED);
		free(token);
	}
}

static void
window(void **state)
{
	struct world *world = *state;
	char *token = token_of(world, WALL, WALL);

	add(world, REVOCATION_USER, REVOCATION_BLOCKED, MINT_USER, WALL + 10,
	    WALL + 20);
	assert_int_equal(ask(world, "default", token), REASON_GRANTED);
	gate_fixture_pass(world->gate, 9000);
	assert_int_equal(ask(world, "default", token), REASON_GRANTED);
	gate_fixture_pass(world->gate, 1000);
	assert_int_equal(ask(world, "default", token), REASON_USER_BLOCKED);
	gate_fixture_pass(world->gate, 9000);
	assert_int_equal(ask(world, "default", token), REASON_USER_BLOCKED);
	gate_fixture_pass(world->gate, 1000);
	assert_int_equal(ask(world, "default", token), REASON_GRANTED);
	free(token);
}

/* A machine's client: what it mints after the block is refused too. */
static void
machine(void **state)
{
	struct world *world = *state;
	char *header = mint_header("one");
	char *payload = mint_claims(WALL + 1, "sub", "\"client_id_machine\"",
	    "client_id", "\"machine\"", "auth_time", NULL, NULL);
	char *token = mint_token(world->key, MINT_RS256, header, payload);

	assert_int_equal(ask(world, "default", token), REASON_GRANTED);
	add(world, REVOCATION_CLIENT, REVOCATION_BLOCKED, "machine", NO, NO);
	assert_int_equal(ask(world, "default", token),
	    REASON_CLIENT_REVOKED);
	assert_int_equal(lift(world, REVOCATION_CLIENT, "machine"), 1);
	add(world, REVOCATION_USER, REVOCATION_SIGNED_OUT,
	    "client_id_machine", WALL, NO);
	assert_int_equal(ask(world, "default", token), REASON_SIGNED_OUT);
	free(header);
	free(payload);
	free(token);
}

/* What does not hold by itself is refused as before. */
static void
bad_tokens(void **state)
{
	struct world *world = *state;
	char *old = token_of(world, WALL - 9000, WALL - 9000);
	char *token = token_of(world, WALL, WALL);

	add(world, REVOCATION_ALL, REVOCATION_SIGNED_OUT, "", WALL, NO);
	assert_int_equal(ask(world, "default", old), REASON_EXPIRED);
	assert_int_equal(ask(world, "nothere", token),
	    REASON_POLICY_UNKNOWN);
	assert_int_equal(ask(world, "default", NULL), REASON_NO_CREDENTIAL);
	token[strlen(token) - 20] ^= 1;
	assert_int_equal(ask(world, "default", token), REASON_BAD_SIGNATURE);
	free(old);
	free(token);
}

/* Two gates, as of two threads or daemons: each asks for itself. */
static void
two_gates(void **state)
{
	struct world *world = *state;
	struct gate *other = gate_fixture_another(world->gate);
	char *token = token_of(world, WALL, WALL);
	struct gate_task *task;
	enum gate_step step;
	int i;

	for (i = 0; i < 20; i++) {
		assert_int_equal(ask(world, "default", token),
		    REASON_GRANTED);
		add(world, REVOCATION_TOKEN, REVOCATION_REVOKED, "jti-1", NO,
		    NO);
		step = gate_fixture_start(world->gate, other, "default",
		    token, &task);
		gate_fixture_run(world->gate, other, task, step);
		assert_int_equal(gate_task_decision(task)->reason,
		    REASON_REVOKED);
		gate_task_free(task);
		assert_int_equal(ask(world, "default", token),
		    REASON_REVOKED);
		assert_int_equal(lift(world, REVOCATION_TOKEN, "jti-1"), 1);
	}
	gate_free(other);
	free(token);
}

/* A table that cannot be read: undecided, never granted. */
static void
unreadable(void **state)
{
	struct world *world = *state;
	char *token = token_of(world, WALL, WALL);
	char *file = strdup(gate_fixture_path(world->gate,
	    "state/trust.db"));

	assert_int_equal(ask(world, "default", token), REASON_GRANTED);
	scratch_sql(file, "ALTER TABLE revocation RENAME TO gone");
	assert_int_equal(ask(world, "default", token),
	    REASON_STATE_UNREADABLE);
	assert_null(decision(world)->facts);
	assert_int_equal(decision(world)->verdict, VERDICT_UNDECIDED);
	scratch_sql(file, "ALTER TABLE gone RENAME TO revocation");
	gate_fixture_pass(world->gate, 2000);
	assert_int_equal(ask(world, "default", token), REASON_GRANTED);
	free(file);
	free(token);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(kinds),
		CASE(by_hash),
		CASE(times),
		CASE(window),
		CASE(machine),
		CASE(bad_tokens),
		CASE(two_gates),
		CASE(unreadable),
	};

	return cmocka_run_group_tests_name("gate_revoked", tests, NULL,
	    NULL);
}
