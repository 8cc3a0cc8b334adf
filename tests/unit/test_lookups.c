#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gate/lookups.h"

static struct settings settings = { .max_lookups = 8, .lookup_rate = 600,
    .absent_ttl = 5 };
static struct moment now = { .boottime = 1000000 };

static int
setup(void **state)
{
	settings.max_lookups = 8;
	settings.lookup_rate = 600;
	settings.absent_ttl = 5;
	now.boottime = 1000000;
	*state = lookups_new(&settings);
	return *state == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	lookups_free(*state);
	return 0;
}

/* What spreads in a hash is its beginning. */
static void
key_of(int number, char key[65])
{
	(void)snprintf(key, 65, "%08x%056d", (unsigned int)number *
	    2654435761U, 0);
}

static enum lookups_answer
take_turn(struct lookups *lookups, int number, int is_known,
    const char *address, struct lookups_turn *turn)
{
	enum reason reason = REASON_GRANTED;
	char key[65];
	int64_t until;
	const struct lookups_wish wish = { .key = key, .is_known = is_known,
	    .client_address = address, .since = now.boottime };

	key_of(number, key);
	return lookups_begin(lookups, &wish, turn, &now, &until, &reason);
}

/* As a task of its own, which still waits if it was told to. */
static enum lookups_answer
go(struct lookups *lookups, int number, int is_known, const char *address)
{
	struct lookups_turn turn = { 0, 0, 0 };

	return take_turn(lookups, number, is_known, address, &turn);
}

static void
finish(struct lookups *lookups, int number, enum lookups_result result)
{
	char key[65];

	key_of(number, key);
	lookups_end(lookups, key, result, REASON_RESOLVER_FAULT, &now);
}

static void
one_for_a_key(void **state)
{
	assert_int_equal(go(*state, 1, 1, NULL), LOOKUPS_GO);
	assert_int_equal(go(*state, 1, 1, NULL), LOOKUPS_WAIT);
	assert_int_equal(go(*state, 1, 0, "10.0.0.1"), LOOKUPS_WAIT);
	assert_int_equal(go(*state, 2, 1, NULL), LOOKUPS_GO);
	finish(*state, 1, LOOKUPS_ENDED_LIVE);
	assert_int_equal(go(*state, 1, 1, NULL), LOOKUPS_GO);
}

static void
places(void **state)
{
	char address[32];
	int i;

	/* half for those never seen, one for each address */
	for (i = 0; i < 4; i++) {
		(void)snprintf(address, sizeof(address), "10.0.0.%d", i);
		assert_int_equal(go(*state, i, 0, address), LOOKUPS_GO);
		assert_int_equal(go(*state, 100 + i, 0, address),
		    LOOKUPS_QUEUED);
	}
	assert_int_equal(go(*state, 9, 0, "10.0.0.9"), LOOKUPS_QUEUED);
	for (i = 10; i < 14; i++)
		assert_int_equal(go(*state, i, 1, NULL), LOOKUPS_GO);
	assert_int_equal(go(*state, 14, 1, NULL), LOOKUPS_QUEUED);
	finish(*state, 2, LOOKUPS_ENDED_LIVE);
	assert_int_equal(go(*state, 9, 0, "10.0.0.9"), LOOKUPS_GO);
}

static void
budgets(void **state)
{
	int i;

	for (i = 0; i < 60; i++) {
		assert_int_equal(go(*state, i, 0, "10.0.0.1"), LOOKUPS_GO);
		finish(*state, i, LOOKUPS_ENDED_LIVE);
	}
	assert_int_equal(go(*state, 60, 0, "10.0.0.1"), LOOKUPS_REFUSED);
	assert_int_equal(go(*state, 60, 0, "::ffff:10.0.0.1"),
	    LOOKUPS_REFUSED);
	assert_int_equal(go(*state, 61, 0, "10.0.0.2"), LOOKUPS_GO);
	assert_int_equal(go(*state, 60, 1, "10.0.0.1"), LOOKUPS_GO);
	finish(*state, 60, LOOKUPS_ENDED_LIVE);
	finish(*state, 61, LOOKUPS_ENDED_LIVE);
	now.boottime += 59999;
	assert_int_equal(go(*state, 62, 0, "10.0.0.1"), LOOKUPS_REFUSED);
	now.boottime += 1;
	assert_int_equal(go(*state, 62, 0, "10.0.0.1"), LOOKUPS_GO);
}

/* An asker that names an address for each guess leaves half of the minute. */
static void
askers(void **state)
{
	char address[48];
	int i;

	for (i = 0; i < 301; i++) {
		(void)snprintf(address, sizeof(address), "33/10.0.%d.%d",
		    i / 250, i % 250);
		assert_int_equal(go(*state, i, 0, address), i < 300 ?
		    LOOKUPS_GO : LOOKUPS_REFUSED);
		finish(*state, i, LOOKUPS_ENDED_LIVE);
	}
	assert_int_equal(go(*state, 400, 0, "33/"), LOOKUPS_REFUSED);
	assert_int_equal(go(*state, 400, 0, "33/2001:db8::1"),
	    LOOKUPS_REFUSED);
	assert_int_equal(go(*state, 401, 0, "3/10.0.0.1"), LOOKUPS_GO);
	finish(*state, 401, LOOKUPS_ENDED_LIVE);
	/* root's hosts and web servers have what is left */
	for (i = 500; i < 799; i++) {
		(void)snprintf(address, sizeof(address), "%s10.1.%d.%d",
		    i % 2 == 0 ? "0/" : "", i / 250, i % 250);
		assert_int_equal(go(*state, i, 0, address), LOOKUPS_GO);
		finish(*state, i, LOOKUPS_ENDED_LIVE);
	}
	assert_int_equal(go(*state, 900, 0, "0/10.9.0.1"), LOOKUPS_REFUSED);
	now.boottime += 60000;
	assert_int_equal(go(*state, 400, 0, "33/10.0.0.1"), LOOKUPS_GO);
}

/* Who waits has taken his part: a queue cannot be longer than the budget. */
static void
waiting_counts(void **state)
{
	struct lookups_turn turn = { 0, 0, 0 };
	int i;

	assert_int_equal(go(*state, 0, 0, "10.0.0.1"), LOOKUPS_GO);
	assert_int_equal(take_turn(*state, 1, 0, "10.0.0.1", &turn),
	    LOOKUPS_QUEUED);
	for (i = 2; i < 60; i++)
		assert_int_equal(go(*state, i, 0, "10.0.0.1"),
		    LOOKUPS_QUEUED);
	assert_int_equal(go(*state, 60, 0, "10.0.0.1"), LOOKUPS_REFUSED);
	/* one that was counted still gets its turn */
	assert_int_equal(take_turn(*state, 1, 0, "10.0.0.1", &turn),
	    LOOKUPS_QUEUED);
	finish(*state, 0, LOOKUPS_ENDED_LIVE);
	assert_int_equal(take_turn(*state, 1, 0, "10.0.0.1", &turn),
	    LOOKUPS_GO);
	assert_int_equal(go(*state, 60, 0, "10.0.0.1"), LOOKUPS_REFUSED);
}

/* Followers of one lookup cost no budget, but few may wait. */
static void
waiting_is_bounded(void **state)
{
	struct lookups_turn turn = { 0, 0, 0 };
	char address[32];
	int i, j;

	assert_int_equal(go(*state, 1, 0, "10.0.0.1"), LOOKUPS_GO);
	assert_int_equal(take_turn(*state, 1, 0, "10.0.0.1", &turn),
	    LOOKUPS_WAIT);
	for (i = 1; i < LOOKUPS_WAITING_ADDRESS; i++)
		assert_int_equal(go(*state, 1, 0, "10.0.0.1"), LOOKUPS_WAIT);
	assert_int_equal(go(*state, 1, 0, "10.0.0.1"), LOOKUPS_REFUSED);
	assert_int_equal(go(*state, 2, 0, "10.0.0.1"), LOOKUPS_REFUSED);
	for (i = 2, j = 0; j < LOOKUPS_WAITING - LOOKUPS_WAITING_ADDRESS;
	    i++, j++) {
		(void)snprintf(address, sizeof(address), "10.0.1.%d", i);
		assert_int_equal(go(*state, 1, 0, address), LOOKUPS_WAIT);
	}
	assert_int_equal(go(*state, 1, 0, "10.0.2.1"), LOOKUPS_REFUSED);
	/* known ones are not counted, and one that leaves makes room */
	assert_int_equal(go(*state, 1, 1, "10.0.0.1"), LOOKUPS_WAIT);
	lookups_leave(*state, "10.0.0.1", &turn);
	lookups_leave(*state, "10.0.0.1", &turn);	/* once only */
	assert_int_equal(take_turn(*state, 1, 0, "10.0.0.1", &turn),
	    LOOKUPS_WAIT);
	assert_int_equal(go(*state, 1, 0, "10.0.0.1"), LOOKUPS_REFUSED);
	/* asking again is no second one */
	for (i = 0; i < 5; i++)
		assert_int_equal(take_turn(*state, 1, 0, "10.0.0.1", &turn),
		    LOOKUPS_WAIT);
	assert_int_equal(go(*state, 1, 0, "10.0.0.1"), LOOKUPS_REFUSED);
	/* one of which a row appeared waits as a known one */
	assert_int_equal(take_turn(*state, 1, 1, "10.0.0.1", &turn),
	    LOOKUPS_WAIT);
	assert_int_equal(turn.is_unknown, 0);
	assert_int_equal(go(*state, 1, 0, "10.0.0.1"), LOOKUPS_WAIT);
	assert_int_equal(go(*state, 1, 0, "10.0.0.1"), LOOKUPS_REFUSED);
}

/* One address with many good tokens leaves half of the places to others who
 * wait, and gets them all while nobody does. */
static void
known_share(void **state)
{
	struct lookups_turn one = { 0, 0, 0 };
	struct lookups_turn other = { 0, 0, 0 };
	struct lookups_turn unknown = { 0, 0, 0 };
	int i;

	for (i = 0; i < 8; i++)
		assert_int_equal(go(*state, i, 1, "10.0.0.1"), LOOKUPS_GO);
	assert_int_equal(take_turn(*state, 8, 1, "10.0.0.1", &one),
	    LOOKUPS_QUEUED);
	finish(*state, 0, LOOKUPS_ENDED_LIVE);
	assert_int_equal(take_turn(*state, 8, 1, "10.0.0.1", &one),
	    LOOKUPS_GO);
	assert_int_equal(take_turn(*state, 9, 1, "10.0.0.1", &one),
	    LOOKUPS_QUEUED);
	assert_int_equal(take_turn(*state, 20, 1, "10.0.0.2", &other),
	    LOOKUPS_QUEUED);
	/* now another waits: his it is, whoever asks first */
	finish(*state, 1, LOOKUPS_ENDED_LIVE);
	assert_int_equal(take_turn(*state, 9, 1, "10.0.0.1", &one),
	    LOOKUPS_QUEUED);
	assert_int_equal(take_turn(*state, 20, 1, "10.0.0.2", &other),
	    LOOKUPS_GO);
	finish(*state, 2, LOOKUPS_ENDED_LIVE);
	assert_int_equal(take_turn(*state, 9, 1, "10.0.0.1", &one),
	    LOOKUPS_GO);
	/* so it is for one never seen before, who lacks nothing but a place */
	assert_int_equal(take_turn(*state, 30, 0, "10.0.0.4", &unknown),
	    LOOKUPS_QUEUED);
	finish(*state, 4, LOOKUPS_ENDED_LIVE);
	assert_int_equal(take_turn(*state, 31, 1, "10.0.0.1", &one),
	    LOOKUPS_QUEUED);
	assert_int_equal(take_turn(*state, 30, 0, "10.0.0.4", &unknown),
	    LOOKUPS_GO);
	finish(*state, 30, LOOKUPS_ENDED_LIVE);
	assert_int_equal(take_turn(*state, 31, 1, "10.0.0.1", &one),
	    LOOKUPS_GO);
	/* one that waited and left holds nothing back */
	assert_int_equal(take_turn(*state, 21, 1, "10.0.0.3", &other),
	    LOOKUPS_QUEUED);
	finish(*state, 3, LOOKUPS_ENDED_LIVE);
	lookups_leave(*state, "10.0.0.3", &other);
	assert_int_equal(go(*state, 10, 1, "10.0.0.1"), LOOKUPS_GO);
}

static void
budget_of_all(void **state)
{
	char address[32];
	int i, gone = 0;

	for (i = 0; i < 3000; i++) {
		(void)snprintf(address, sizeof(address), "10.0.%d.%d",
		    i / 200, i % 200);
		if (go(*state, i, 0, address) != LOOKUPS_GO)
			continue;
		finish(*state, i, LOOKUPS_ENDED_LIVE);
		gone++;
	}
	assert_int_equal(gone, 600);
	assert_int_equal(go(*state, 5000, 1, NULL), LOOKUPS_GO);
}

static void
addresses(void **state)
{
	static const char *const same[][2] = {
		{ "2001:db8:1:2::1", "2001:db8:1:2:ffff::9" },
		{ NULL, "" }, { "", "unix:" }, { "300.1.1.1", "x" },
	};
	size_t i;

	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_equal(go(*state, 1, 0, same[i][0]), LOOKUPS_GO);
		if (go(*state, 2, 0, same[i][1]) != LOOKUPS_QUEUED)
			fail_msg("%s has another share", same[i][1]);
		assert_int_equal(go(*state, 3, 0, "2001:db8:1:3::1"),
		    LOOKUPS_GO);
		finish(*state, 1, LOOKUPS_ENDED_LIVE);
		finish(*state, 3, LOOKUPS_ENDED_LIVE);
	}
}

static void
what_is_remembered(void **state)
{
	assert_int_equal(go(*state, 1, 1, NULL), LOOKUPS_GO);
	finish(*state, 1, LOOKUPS_ENDED_NOT_LIVE);
	now.boottime += 4999;
	assert_int_equal(go(*state, 1, 1, NULL), LOOKUPS_NOT_LIVE);
	now.boottime += 1;
	assert_int_equal(go(*state, 1, 1, NULL), LOOKUPS_GO);
	finish(*state, 1, LOOKUPS_ENDED_FAILED);
	/* for who waited, not for who comes later */
	assert_int_equal(go(*state, 1, 1, NULL), LOOKUPS_FAILED);
	now.boottime += 1;
	assert_int_equal(go(*state, 1, 1, NULL), LOOKUPS_GO);
	finish(*state, 1, LOOKUPS_ENDED_LIVE);
	assert_int_equal(go(*state, 1, 1, NULL), LOOKUPS_GO);
}

/* A flood makes the table forget, never grow or lie. */
static void
bounded(void **state)
{
	int i, known = 0;

	for (i = 0; i < 20000; i++) {
		assert_int_equal(go(*state, i, 1, NULL), LOOKUPS_GO);
		finish(*state, i, LOOKUPS_ENDED_NOT_LIVE);
	}
	for (i = 0; i < 20000; i++) {
		if (go(*state, i, 1, NULL) == LOOKUPS_NOT_LIVE)
			known++;
		else
			finish(*state, i, LOOKUPS_ENDED_LIVE);
	}
	assert_in_range(known, 2049, 4096);
}

/* What another lookup brought that is no answer: for whom and how long. */
static void
no_answer(void **state)
{
	static const struct {
		const char *name;
		enum lookups_result result;
		enum lookups_answer at_once, soon;
	} cases[] = {
		{ "given up", LOOKUPS_ENDED, LOOKUPS_GO, LOOKUPS_GO },
		{ "live", LOOKUPS_ENDED_LIVE, LOOKUPS_GO, LOOKUPS_GO },
		{ "failed", LOOKUPS_ENDED_FAILED, LOOKUPS_FAILED, LOOKUPS_GO },
		{ "unsure", LOOKUPS_ENDED_UNSURE, LOOKUPS_UNSURE, LOOKUPS_GO },
		{ "rejected", LOOKUPS_ENDED_REJECTED, LOOKUPS_UNSURE,
		    LOOKUPS_UNSURE },
		{ "not live", LOOKUPS_ENDED_NOT_LIVE, LOOKUPS_NOT_LIVE,
		    LOOKUPS_NOT_LIVE },
	};
	enum lookups_answer answer;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		now.boottime += 60000;
		assert_int_equal(go(*state, 1, 1, NULL), LOOKUPS_GO);
		finish(*state, 1, cases[i].result);
		answer = go(*state, 1, 1, NULL);
		if (answer != cases[i].at_once)
			fail_msg("%s, at once: %d", cases[i].name, answer);
		if (answer == LOOKUPS_GO)
			finish(*state, 1, cases[i].result);
		now.boottime += 1999;
		answer = go(*state, 1, 1, NULL);
		if (answer != cases[i].soon)
			fail_msg("%s, soon: %d", cases[i].name, answer);
		if (answer == LOOKUPS_GO)
			finish(*state, 1, LOOKUPS_ENDED_LIVE);
		/* of others it says nothing */
		assert_int_equal(go(*state, 2, 1, NULL), LOOKUPS_GO);
		finish(*state, 2, LOOKUPS_ENDED_LIVE);
	}
	finish(*state, 1, LOOKUPS_ENDED_REJECTED);
	now.boottime += 2000;
	assert_int_equal(go(*state, 1, 1, NULL), LOOKUPS_GO);
	finish(*state, 1, LOOKUPS_ENDED_LIVE);
}

/* The first of two "absent" answers. */
static void
absent(void **state)
{
	static const struct {
		const char *name;
		enum lookups_result result;
		int is_kept;
	} cases[] = {
		{ "given up", LOOKUPS_ENDED, 1 },
		{ "failed", LOOKUPS_ENDED_FAILED, 1 },
		{ "unsure", LOOKUPS_ENDED_UNSURE, 1 },
		{ "live", LOOKUPS_ENDED_LIVE, 0 },
		{ "not live", LOOKUPS_ENDED_NOT_LIVE, 0 },
		{ "rejected", LOOKUPS_ENDED_REJECTED, 0 },
	};
	char key[65];
	int64_t first, wanted;
	size_t i;

	key_of(1, key);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		now.boottime += 60000;
		first = now.boottime;
		assert_int_equal(lookups_absent_at(*state, key, first), -1);
		lookups_absent(*state, key, &now);
		now.boottime += 50;
		lookups_absent(*state, key, &now);
		assert_int_equal(lookups_absent_at(*state, key, first - 1),
		    -1);
		assert_int_equal(lookups_absent_at(*state, key, first + 5000),
		    first);
		assert_int_equal(lookups_absent_at(*state, key, first + 5001),
		    -1);
		finish(*state, 1, cases[i].result);
		wanted = cases[i].is_kept ? first : -1;
		if (lookups_absent_at(*state, key, first + 5000) != wanted)
			fail_msg("%s", cases[i].name);
		assert_int_equal(go(*state, 3, 1, NULL), LOOKUPS_GO);
		finish(*state, 3, LOOKUPS_ENDED_LIVE);
	}
	/* who is told to come again in a second must not come too late */
	settings.absent_ttl = 1;
	lookups_absent(*state, key, &now);
	assert_int_equal(lookups_absent_at(*state, key, now.boottime + 2000),
	    now.boottime);
	assert_int_equal(lookups_absent_at(*state, key, now.boottime + 2001),
	    -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_for_a_key, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(places, setup, teardown),
		cmocka_unit_test_setup_teardown(budgets, setup, teardown),
		cmocka_unit_test_setup_teardown(askers, setup, teardown),
		cmocka_unit_test_setup_teardown(waiting_counts, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(waiting_is_bounded, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(known_share, setup, teardown),
		cmocka_unit_test_setup_teardown(budget_of_all, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_remembered, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(no_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(absent, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
