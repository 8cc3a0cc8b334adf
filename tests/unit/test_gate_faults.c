/* The gate and what is no answer of Authgear's resolver: for whom it counts,
 * for how long, and what serves meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/gate_private.h"
#include "gate_world.h"

#define NEVER_SEEN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NOR_THIS "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* A live row that is due. */
static struct world
known(const char *authgear)
{
	struct world world = world_begin(authgear);

	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	gate_fixture_pass(world.gate, 40000);
	world.resolver->count = 0;
	return world;
}

/* One hundred questions within ten seconds; how often it was asked. */
static int
ask_on(struct world *world, enum reason reason)
{
	int i;

	world->resolver->count = 0;
	for (i = 0; i < 100; i++) {
		gate_fixture_pass(world->gate, 100);
		world_expect(world, "default", OPAQUE, reason);
	}
	return world->resolver->count;
}

static void
back_off(void **state)
{
	static const struct {
		const char *name;
		int status;
		enum exchange_outcome outcome;
	} faults[] = {
		{ "204", 204, EXCHANGE_ANSWERED },
		{ "301", 301, EXCHANGE_ANSWERED },
		{ "302", 302, EXCHANGE_ANSWERED },
		{ "400", 400, EXCHANGE_ANSWERED },
		{ "403", 403, EXCHANGE_ANSWERED },
		{ "404", 404, EXCHANGE_ANSWERED },
		{ "429", 429, EXCHANGE_ANSWERED },
		{ "a page", 200, EXCHANGE_FAULTY },
	};
	const char *settings[] = { "validate = hybrid\nstale_if_error = 300",
	    "validate = hybrid" };
	struct world world;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * sizeof(faults) / sizeof(faults[0]); i++) {
		print_message("# %s, %s\n", faults[i / 2].name, i % 2 == 0 ?
		    "stale" : "not stale");
		world = known(settings[i % 2]);
		world.resolver->status = faults[i / 2].status;
		world.resolver->outcome = faults[i / 2].outcome;
		assert_in_range(ask_on(&world, i % 2 == 0 ? REASON_GRANTED :
		    REASON_RESOLVER_FAULT), 4, 12);
		/* so too for who comes only now */
		world_expect(&world, "default", NEVER_SEEN,
		    REASON_RESOLVER_FAULT);
		world.resolver->status = 200;
		world.resolver->outcome = EXCHANGE_ANSWERED;
		gate_fixture_pass(world.gate, 8000);
		world_expect(&world, "default", NEVER_SEEN, REASON_GRANTED);
		world_end(&world);
	}
}

/* What something in front of Authgear dislikes about a text that anybody can
 * send is nobody else's trouble. */
static void
refused_text(void **state)
{
	static const int statuses[] = { 400, 401, 403, 404, 413, 414, 431,
	    499 };
	struct world world = known("validate = hybrid");
	size_t i;
	int j;

	(void)state;
	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		print_message("# %d\n", statuses[i]);
		world.resolver->status = statuses[i];
		world.resolver->count = 0;
		for (j = 0; j < 10; j++) {
			world_expect(&world, "default", NEVER_SEEN,
			    REASON_RESOLVER_FAULT);
			gate_fixture_pass(world.gate, 100);
		}
		/* nor is it asked for each time */
		assert_int_equal(world.resolver->count, 1);
		world.resolver->status = 200;
		world_expect(&world, "default", OPAQUE, REASON_GRANTED);
		gate_fixture_pass(world.gate, 40000);
	}
	world_expect(&world, "default", NEVER_SEEN, REASON_GRANTED);
	world_end(&world);
}

/* Authgear says something of one session that cannot be taken: no outage, so
 * neither stale nor a back-off for others. */
static void
odd_facts(void **state)
{
	struct world world = known("validate = hybrid\nstale_if_error = 300");
	int i;

	(void)state;
	world.resolver->user_id = NULL;
	for (i = 0; i < 10; i++) {
		world_expect(&world, "default", OPAQUE, REASON_RESOLVER_FAULT);
		gate_fixture_pass(world.gate, 10);
	}
	assert_int_equal(world.resolver->count, 10);
	world.resolver->user_id = MINT_USER;
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	world_end(&world);
}

/* What a 429 or 503 asks for is kept to, up to a minute. */
static void
retry_after(void **state)
{
	static const struct {
		const char *name;
		int status;
		const char *value;
		int seconds;	/* nobody is asked for so long */
	} cases[] = {
		{ "429", 429, "7", 7 },
		{ "503", 503, "7", 7 },
		{ "too long", 429, "3600", 60 },
		{ "a minute", 503, "60", 60 },
		{ "a word", 429, "soon", 0 },
		{ "less than nothing", 429, "-5", 0 },
		{ "nothing", 429, "0", 0 },
		{ "403", 403, "7", 0 },
		{ "302", 302, "7", 0 },
		{ "500", 500, "7", 0 },
	};
	const char *headers[] = { "Retry-After", NULL, NULL };
	const struct decision *decision;
	enum reason reason;
	struct world world;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("# %s\n", cases[i].name);
		reason = cases[i].status >= 500 ? REASON_RESOLVER_UNREACHABLE :
		    REASON_RESOLVER_FAULT;
		world = known("validate = hybrid");
		world.resolver->status = cases[i].status;
		headers[1] = cases[i].value;
		world.resolver->headers = headers;
		decision = world_expect(&world, "default", OPAQUE, reason);
		if (cases[i].seconds > 0)
			assert_in_range(decision->retry_after,
			    cases[i].seconds - 1, cases[i].seconds);
		else
			assert_int_equal(decision->retry_after, 1);
		world.resolver->headers = NULL;
		world.resolver->status = 200;
		world.resolver->count = 0;
		if (cases[i].seconds > 0) {
			gate_fixture_pass(world.gate, cases[i].seconds * 1000 -
			    10);
			world_expect(&world, "default", OPAQUE, reason);
			world_expect(&world, "default", NOR_THIS, reason);
			assert_int_equal(world.resolver->count, 0);
		}
		gate_fixture_pass(world.gate, 10);
		world_expect(&world, "default", OPAQUE, REASON_GRANTED);
		world_end(&world);
	}
}

/* Told twice it is told by nobody. */
static void
retry_after_twice(void **state)
{
	static const char *const headers[] = { "Retry-After", "7",
	    "Retry-After", "8", NULL };
	struct world world = known("validate = hybrid");

	(void)state;
	world.resolver->status = 429;
	world.resolver->headers = headers;
	world_expect(&world, "default", OPAQUE, REASON_RESOLVER_FAULT);
	world.resolver->headers = NULL;
	world.resolver->status = 200;
	gate_fixture_pass(world.gate, 1);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	world_end(&world);
}

/* Another process, or this one after a restart, knows what kind of failures
 * they were. */
static void
told_to_others(void **state)
{
	struct world world = known("validate = hybrid");
	struct gate *other = gate_fixture_another(world.gate);
	struct gate_task *task;
	int i, j;

	(void)state;
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	gate_fixture_pass(world.gate, 40000);
	for (i = 0; i < 2; i++) {
		world.resolver->status = i == 0 ? 403 : 503;
		for (j = 0; j < 3; j++) {
			world_expect(&world, "default", j == 0 ? world.jwt :
			    OPAQUE, i == 0 ? REASON_RESOLVER_FAULT :
			    REASON_RESOLVER_UNREACHABLE);
			gate_fixture_pass(world.gate, 1);
		}
		assert_int_equal(gate_fixture_start(world.gate, other,
		    "default", NOR_THIS, &task), GATE_DONE);
		assert_int_equal(gate_task_decision(task)->reason, i == 0 ?
		    REASON_RESOLVER_FAULT : REASON_RESOLVER_UNREACHABLE);
		gate_task_free(task);
		world.resolver->status = 200;
		gate_fixture_pass(world.gate, 8000);
		world_expect(&world, "default", OPAQUE, REASON_GRANTED);
		world_expect(&world, "default", world.jwt, REASON_GRANTED);
		gate_fixture_pass(world.gate, 40000);
	}
	gate_free(other);
	world_end(&world);
}

/* One session that Authgear cannot answer, asked for again and again, costs
 * nobody else a lookup. */
static void
one_at_odds(void **state)
{
	static const int statuses[] = { 500, 502, 503, 403, 302 };
	struct world world = known("validate = hybrid");
	char token[64];
	size_t i;
	int j;

	(void)state;
	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		print_message("# %d\n", statuses[i]);
		world.resolver->status = statuses[i];
		for (j = 0; j < 200; j++) {
			gate_fixture_pass(world.gate, 100);
			(void)gate_fixture_ask(world.gate, "default", OPAQUE);
		}
		assert_in_range(world.resolver->count, 4, 20);
		world.resolver->status = 200;
		(void)snprintf(token, sizeof(token), "%032zu", i);
		world_expect(&world, "default", token, REASON_GRANTED);
		world_expect(&world, "default", OPAQUE, REASON_GRANTED);
		gate_fixture_pass(world.gate, 40000);
		world.resolver->count = 0;
	}
	world_end(&world);
}

/* The resolver says another user than the token: no row of it serves, in an
 * outage neither. */
static void
other_user(void **state)
{
	struct world world = world_begin("validate = hybrid\n"
	    "stale_if_error = 300");

	(void)state;
	world_expect(&world, "default", world.jwt, REASON_GRANTED);
	gate_fixture_pass(world.gate, 40000);
	world.resolver->user_id = "00000000-0000-4000-8000-000000000009";
	world_expect(&world, "default", world.jwt, REASON_USER_MISMATCH);
	gate_fixture_pass(world.gate, 10);
	world_expect(&world, "default", world.jwt, REASON_USER_MISMATCH);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	gate_fixture_pass(world.gate, 10);
	world_expect(&world, "default", world.jwt,
	    REASON_RESOLVER_UNREACHABLE);
	world_end(&world);
}

/* Facts that refuse are asked for anew, and why that failed is the reason. */
static void
refused_by_old_facts(void **state)
{
	struct world world = known("validate = hybrid\nstale_if_error = 300");

	(void)state;
	world.resolver->status = 403;
	world_expect(&world, "admin", OPAQUE, REASON_RESOLVER_FAULT);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	gate_fixture_pass(world.gate, 8000);
	world_expect(&world, "admin", OPAQUE, REASON_RESOLVER_UNREACHABLE);
	world_end(&world);
}

/* It failed here: that is no outage, whatever is known of the session. */
static void
local_faults(void **state)
{
	static const struct {
		const char *name, *policy, *token;	/* NULL: the JWT */
		int is_known, pass, no_memory;
	} rows[] = {
		{ "live and due", "default", OPAQUE, 1, 40000, 0 },
		{ "live and due, memory", "default", OPAQUE, 1, 40000, 1 },
		{ "a JWT, due", "default", NULL, 1, 40000, 0 },
		{ "a JWT, due, memory", "default", NULL, 1, 40000, 1 },
		{ "a JWT, not known", "default", NULL, 0, 0, 0 },
		{ "not known", "default", NEVER_SEEN, 0, 0, 0 },
		{ "not known, memory", "default", NEVER_SEEN, 0, 0, 1 },
		{ "old facts refuse", "admin", OPAQUE, 1, 6000, 0 },
		{ "old facts refuse, memory", "admin", OPAQUE, 1, 6000, 1 },
	};
	enum notice_level level;
	const char *token;
	enum reason reason;
	struct world world;
	struct error text;
	size_t i;
	int j;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("# %s\n", rows[i].name);
		/* of six in a minute one address has one */
		world = world_begin("validate = hybrid\n"
		    "stale_if_error = 300\nlookup_rate = 6");
		token = rows[i].token != NULL ? rows[i].token : world.jwt;
		reason = rows[i].no_memory ? REASON_OUT_OF_MEMORY :
		    REASON_LOCAL_FAULT;
		if (rows[i].is_known)
			world_expect(&world, "default", token,
			    REASON_GRANTED);
		gate_fixture_pass(world.gate, rows[i].pass);
		world.resolver->count = 0;
		world.resolver->outcome = EXCHANGE_LOCAL_FAULT;
		world.resolver->no_memory = rows[i].no_memory;
		for (j = 1; j <= (rows[i].no_memory && !rows[i].is_known ? 1 :
		    10); j++) {
			world_expect(&world, rows[i].policy, token, reason);
			assert_int_equal(world.resolver->count, j);
		}
		while (notices_take(trust_shared_notices(
		    world.gate->gate->shared->trust), &level,
		    &text))
			if (level != NOTICE_INFO)
				fail_msg("%s", error_text(&text));
		/* nobody was kept from asking, and nothing was in vain but
		 * what may have been sent */
		if (rows[i].no_memory)
			gate_fixture_pass(world.gate, 90000);
		world.resolver->outcome = EXCHANGE_ANSWERED;
		world_expect(&world, "default", token, REASON_GRANTED);
		world_expect(&world, "default", NOR_THIS, REASON_GRANTED);
		/* an outage is one as before */
		world.resolver->outcome = EXCHANGE_UNREACHABLE;
		gate_fixture_pass(world.gate, 40000);
		world_expect(&world, "default", token, REASON_GRANTED);
		world_end(&world);
	}
}

/* In the middle of an outage it neither ends that nor makes it longer. */
static void
local_fault_in_an_outage(void **state)
{
	struct world world = known("validate = hybrid\nstale_if_error = 300");

	(void)state;
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	assert_in_range(ask_on(&world, REASON_GRANTED), 4, 12);
	gate_fixture_pass(world.gate, 9000);
	world.resolver->outcome = EXCHANGE_LOCAL_FAULT;
	assert_int_equal(ask_on(&world, REASON_LOCAL_FAULT), 100);
	world.resolver->outcome = EXCHANGE_UNREACHABLE;
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	world.resolver->count = 0;
	gate_fixture_pass(world.gate, 2000);
	world_expect(&world, "default", OPAQUE, REASON_GRANTED);
	assert_int_equal(world.resolver->count, 0);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(back_off),
		cmocka_unit_test(refused_text),
		cmocka_unit_test(odd_facts),
		cmocka_unit_test(retry_after),
		cmocka_unit_test(retry_after_twice),
		cmocka_unit_test(told_to_others),
		cmocka_unit_test(one_at_odds),
		cmocka_unit_test(other_user),
		cmocka_unit_test(refused_by_old_facts),
		cmocka_unit_test(local_faults),
		cmocka_unit_test(local_fault_in_an_outage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
