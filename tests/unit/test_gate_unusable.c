/* The gate over key sets in which some keys cannot serve. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gate_world.h"

/* What Authgear publishes: of each text one key, a NULL ends them. */
static void
publish(struct world *world, char *one, char *two)
{
	char *set = mint_set(one, two, NULL);

	gate_fixture_serve(world->gate, set);
	free(set);
	free(one);
	free(two);
}

static char *
jwk_of(enum mint_pair pair, const char *kid, const char *more)
{
	struct mint_key *key = mint_key_new(pair);
	char *jwk = mint_jwk(key, kid, more);

	mint_key_free(key);
	return jwk;
}

/* An hour passes and the timer fetches. */
static void
refresh(struct world *world)
{
	struct gate_fixture *fixture = world->gate;
	struct gate_task *task;
	int64_t next;

	gate_fixture_pass(fixture, 3600000);
	task = gate_refresh(fixture->gate, &fixture->now, &next);
	assert_non_null(task);
	gate_fixture_run(fixture, fixture->gate, task, GATE_EXCHANGE);
	gate_task_free(task);
}

/* A token signed by this key `age` seconds ago. */
static void
expect(struct world *world, enum mint_pair pair, const char *kid, int64_t age,
    enum reason reason)
{
	struct mint_key *key = mint_key_new(pair);
	char *token = mint_good(key, kid, world->gate->now.wall - age);

	(void)world_expect(world, "default", token, reason);
	free(token);
	mint_key_free(key);
}

static void
detail_says(struct world *world, const char *text)
{
	const struct decision *decision =
	    gate_task_decision(world->gate->task);

	if (strstr(decision->detail.text, text) == NULL)
		fail_msg("%s", decision->detail.text);
}

static void
left_out_is_not_unknown(void **state)
{
	/* weak ones sign with 128 bytes, which no good token has */
	static const enum mint_pair pairs[] = { MINT_WEAK, MINT_SECOND };
	struct world world;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		world = world_begin("validate = jwt\n");
		publish(&world, jwk_of(MINT_FIRST, "one", NULL),
		    jwk_of(pairs[i], "odd", pairs[i] == MINT_WEAK ? NULL :
		    "\"use\":null"));
		expect(&world, MINT_FIRST, "one", 0, REASON_GRANTED);
		expect(&world, pairs[i], "odd", 0, REASON_KEY_UNUSABLE);
		detail_says(&world, "key odd is left out: ");
		expect(&world, pairs[i], "odd", 290, REASON_KEY_UNUSABLE);
		assert_int_equal(gate_task_decision(world.gate->task)->
		    verdict, VERDICT_UNDECIDED);
		gate_fixture_restart(world.gate);
		world.gate->outcome = EXCHANGE_UNREACHABLE;
		expect(&world, pairs[i], "odd", 0, REASON_KEY_UNUSABLE);
		expect(&world, MINT_FIRST, "other", 290, REASON_UNKNOWN_KEY);
		world_end(&world);
	}
}

/* A cut token stays a cut one. */
static void
truncated_is_no_excuse(void **state)
{
	struct world world = world_begin("validate = jwt\n");
	char *cut;

	(void)state;
	expect(&world, MINT_FIRST, "one", 0, REASON_GRANTED);
	cut = mint_text("%.*s", (int)strlen(world.jwt) - 20, world.jwt);
	(void)world_expect(&world, "default", cut, REASON_TRUNCATED);
	free(cut);
	expect(&world, MINT_WEAK, "one", 0, REASON_TRUNCATED);
	/* whether a kid is known comes first */
	expect(&world, MINT_WEAK, "other", 0, REASON_KEY_UNSETTLED);
	expect(&world, MINT_WEAK, "other", 290, REASON_UNKNOWN_KEY);
	/* and what needs no key at all before that */
	expect(&world, MINT_WEAK, "other", 4000, REASON_EXPIRED);
	world_end(&world);
	world = world_begin("validate = resolver\n");
	expect(&world, MINT_WEAK, "one", 0, REASON_TRUNCATED);
	world_end(&world);
}

/* A length that no good signature has says nothing while the keys are not
 * known: they are asked for. */
static void
left_out_and_not_known_yet(void **state)
{
	struct world world = world_begin("validate = jwt\n");

	(void)state;
	publish(&world, jwk_of(MINT_WEAK, "odd", NULL),
	    jwk_of(MINT_FIRST, "one", NULL));
	expect(&world, MINT_WEAK, "odd", 0, REASON_KEY_UNUSABLE);
	detail_says(&world, "key odd is left out: ");
	/* over keys_max_stale */
	gate_fixture_pass(world.gate, INT64_C(3) * 86400 * 1000);
	world.gate->outcome = EXCHANGE_UNREACHABLE;
	expect(&world, MINT_WEAK, "odd", 0, REASON_KEYS_UNREACHABLE);
	world_end(&world);
	/* alone, cold and warm */
	world = world_begin("validate = jwt\n");
	publish(&world, jwk_of(MINT_WEAK, "odd", NULL), NULL);
	expect(&world, MINT_WEAK, "odd", 0, REASON_KEYS_UNREACHABLE);
	detail_says(&world, "no usable key");
	expect(&world, MINT_WEAK, "odd", 0, REASON_KEYS_UNREACHABLE);
	detail_says(&world, "no usable key");
	world_end(&world);
	world = world_begin("validate = jwt\n");
	world.gate->outcome = EXCHANGE_UNREACHABLE;
	expect(&world, MINT_WEAK, "odd", 0, REASON_KEYS_UNREACHABLE);
	world_end(&world);
}

/* A usable key of that kid is not the one that signed. */
static void
left_out_beside_one_of_its_kid(void **state)
{
	static const enum mint_pair pairs[] = { MINT_SECOND, MINT_WEAK,
		MINT_LARGE };
	struct world world;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		world = world_begin("validate = jwt\n");
		publish(&world, jwk_of(MINT_FIRST, "one", NULL),
		    jwk_of(pairs[i], "one", pairs[i] == MINT_WEAK ? NULL :
		    "\"use\":null"));
		expect(&world, MINT_FIRST, "one", 0, REASON_GRANTED);
		expect(&world, pairs[i], "one", 0, REASON_KEY_UNUSABLE);
		detail_says(&world, "key one is left out: ");
		expect(&world, MINT_FIRST, "one", 0, REASON_GRANTED);
		world_end(&world);
	}
	/* no RS256 comes of such a one */
	world = world_begin("validate = jwt\n");
	publish(&world, jwk_of(MINT_FIRST, "one", NULL),
	    jwk_of(MINT_ELLIPTIC, "one", NULL));
	expect(&world, MINT_SECOND, "one", 0, REASON_BAD_SIGNATURE);
	expect(&world, MINT_WEAK, "one", 0, REASON_TRUNCATED);
	world_end(&world);
}

/* What took 25 hours once: the withdrawn key is out at that fetch. */
static void
withdrawn_while_a_bad_one_stands_beside(void **state)
{
	struct world world = world_begin("validate = jwt\n");

	(void)state;
	expect(&world, MINT_FIRST, "one", 0, REASON_GRANTED);
	publish(&world, jwk_of(MINT_WEAK, "odd", NULL),
	    jwk_of(MINT_SECOND, "two", NULL));
	refresh(&world);
	expect(&world, MINT_SECOND, "two", 0, REASON_GRANTED);
	expect(&world, MINT_FIRST, "one", 100, REASON_UNKNOWN_KEY);
	gate_fixture_restart(world.gate);
	expect(&world, MINT_FIRST, "one", 100, REASON_UNKNOWN_KEY);
	world_end(&world);
}

/* In every mode, also where the session is known already. */
static void
published_private(void **state)
{
	static const char *const modes[] = { "validate = jwt\n",
		"validate = hybrid\n" };
	struct world world;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		world = world_begin(modes[i]);
		expect(&world, MINT_FIRST, "one", 0, REASON_GRANTED);
		publish(&world, jwk_of(MINT_FIRST, "one",
		    "\"d\":\"AQAB\""), NULL);
		refresh(&world);
		expect(&world, MINT_FIRST, "one", 0, REASON_KEYS_UNREACHABLE);
		detail_says(&world, "no usable key");
		gate_fixture_restart(world.gate);
		world.gate->outcome = EXCHANGE_UNREACHABLE;
		expect(&world, MINT_FIRST, "one", 0, REASON_KEYS_UNREACHABLE);
		/* beside another it is the one that cannot serve */
		world.gate->outcome = EXCHANGE_ANSWERED;
		publish(&world, jwk_of(MINT_FIRST, "one",
		    "\"d\":\"AQAB\""), jwk_of(MINT_SECOND, "two", NULL));
		refresh(&world);
		expect(&world, MINT_FIRST, "one", 0, REASON_KEY_UNUSABLE);
		expect(&world, MINT_SECOND, "two", 0, REASON_GRANTED);
		world_end(&world);
	}
}

/* The one that verified this very token is the one that counts. */
static void
known_text_of_a_withdrawn_key(void **state)
{
	struct world world = world_begin("validate = hybrid\n");

	(void)state;
	(void)world_expect(&world, "default", world.jwt, REASON_GRANTED);
	publish(&world, jwk_of(MINT_FIRST, "one", "\"d\":\"AQAB\""),
	    jwk_of(MINT_SECOND, "two", NULL));
	gate_fixture_pass(world.gate, 10000);
	/* an unknown kid has the keys fetched */
	expect(&world, MINT_SECOND, "two", 0, REASON_GRANTED);
	(void)world_expect(&world, "default", world.jwt, REASON_KEY_UNUSABLE);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(left_out_is_not_unknown),
		cmocka_unit_test(truncated_is_no_excuse),
		cmocka_unit_test(left_out_and_not_known_yet),
		cmocka_unit_test(left_out_beside_one_of_its_kid),
		cmocka_unit_test(withdrawn_while_a_bad_one_stands_beside),
		cmocka_unit_test(published_private),
		cmocka_unit_test(known_text_of_a_withdrawn_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
