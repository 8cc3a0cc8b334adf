#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gate/lookups.h"

#define HALF 300		/* of lookup_rate = 600 */
#define ALONE 50		/* what one address gets of it */

static struct settings settings = { .max_lookups = 8, .lookup_rate = 600,
    .absent_ttl = 5 };
static struct moment now = { .boottime = 1000000 };
static struct shares *shares;
static struct shares_refusal refusal;
static int was;	/* known so: 1 live, -1 not live */

static int
setup(void **state)
{
	settings.max_lookups = 8;
	settings.lookup_rate = 600;
	settings.absent_ttl = 5;
	now.boottime = 1000000;
	was = 0;
	shares = shares_new(settings.lookup_rate);
	*state = lookups_new(&settings, shares);
	return *state == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	lookups_free(*state);
	shares_free(shares);
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
	struct shares_who who;
	char key[65];
	const struct lookups_wish wish = { .key = key, .is_known = is_known,
	    .was_live = was > 0, .was_not_live = was < 0, .who = &who,
	    .since = now.boottime };

	shares_who_client(&who, address);
	key_of(number, key);
	return lookups_begin(lookups, &wish, turn, &now, &refusal, &reason);
}

/* As a task of its own, which does not wait. */
static enum lookups_answer
go(struct lookups *lookups, int number, int is_known, const char *address)
{
	struct lookups_turn turn = { .rank = 0 };
	const enum lookups_answer answer = take_turn(lookups, number,
	    is_known, address, &turn);

	lookups_leave(lookups, &turn);
	return answer;
}

static void
waits(struct lookups *lookups, int number, int is_known, const char *address,
    struct lookups_turn *turn)
{
	assert_int_equal(take_turn(lookups, number, is_known, address, turn),
	    LOOKUPS_QUEUED);
}

static void
goes(struct lookups *lookups, int number, int is_known, const char *address,
    struct lookups_turn *turn)
{
	assert_int_equal(take_turn(lookups, number, is_known, address, turn),
	    LOOKUPS_GO);
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
	struct lookups_turn turn = { .rank = 0 };
	char address[32];
	int i;

	/* half for those never seen */
	for (i = 0; i < 4; i++) {
		(void)snprintf(address, sizeof(address), "10.0.0.%d", i);
		assert_int_equal(go(*state, i, 0, address), LOOKUPS_GO);
	}
	assert_int_equal(go(*state, 9, 0, "10.0.0.9"), LOOKUPS_QUEUED);
	for (i = 10; i < 14; i++)
		assert_int_equal(go(*state, i, 1, NULL), LOOKUPS_GO);
	assert_int_equal(go(*state, 14, 1, NULL), LOOKUPS_QUEUED);
	waits(*state, 9, 0, "10.0.0.9", &turn);
	finish(*state, 10, LOOKUPS_ENDED_LIVE);
	waits(*state, 9, 0, "10.0.0.9", &turn);
	finish(*state, 2, LOOKUPS_ENDED_LIVE);
	goes(*state, 9, 0, "10.0.0.9", &turn);
	finish(*state, 9, LOOKUPS_ENDED_LIVE);
	/* one place alone serves both */
	settings.max_lookups = 1;
	for (i = 0; i < 14; i++)
		finish(*state, i, LOOKUPS_ENDED_LIVE);
	assert_int_equal(go(*state, 1, 0, "10.0.0.1"), LOOKUPS_GO);
	assert_int_equal(go(*state, 2, 0, "10.0.0.2"), LOOKUPS_QUEUED);
}

/* What ends live costs nothing, whoever has it. */
static void
live(void **state)
{
	int i;

	for (i = 0; i < 5000; i++) {
		assert_int_equal(go(*state, i, 0, "10.0.0.1"), LOOKUPS_GO);
		finish(*state, i, LOOKUPS_ENDED_LIVE);
	}
}

/* Every other end was in vain, and an asking whose answer nobody awaited. */
static void
in_vain(void **state)
{
	static const struct {
		const char *name;
		enum lookups_result result;
	} cases[] = {
		{ "given up", LOOKUPS_ENDED },
		{ "not live", LOOKUPS_ENDED_NOT_LIVE },
		{ "failed", LOOKUPS_ENDED_FAILED },
		{ "unsure", LOOKUPS_ENDED_UNSURE },
		{ "rejected", LOOKUPS_ENDED_REJECTED },
	};
	int number = 0;
	size_t i, j;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		now.boottime += 70000;
		for (j = 0; j < ALONE; j++) {
			if (go(*state, ++number, 0, "10.0.0.1") != LOOKUPS_GO)
				fail_msg("%s: number %zu", cases[i].name, j);
			finish(*state, number, cases[i].result);
		}
		if (go(*state, 9999, 0, "::ffff:10.0.0.1") != LOOKUPS_REFUSED)
			fail_msg("%s: one too many", cases[i].name);
		assert_int_equal(refusal.limit, SHARES_LIMIT_ADDRESS);
		assert_true(refusal.is_alone);
		assert_in_range(refusal.until, now.boottime + 60000,
		    now.boottime + 70000);
		assert_int_equal(go(*state, 9998, 0, "10.0.0.2"), LOOKUPS_GO);
		finish(*state, 9998, LOOKUPS_ENDED_LIVE);
		assert_int_equal(go(*state, 9997, 1, "10.0.0.1"), LOOKUPS_GO);
		finish(*state, 9997, LOOKUPS_ENDED_NOT_LIVE);
		now.boottime += 59999;
		assert_int_equal(go(*state, 9999, 0, "10.0.0.1"),
		    LOOKUPS_REFUSED);
	}
}

/* Asked a second time it counts twice; known ones may always. */
static void
again(void **state)
{
	char key[65];
	int i;

	for (i = 0; i < ALONE / 2; i++) {
		key_of(i, key);
		assert_int_equal(lookups_again(*state, key, &now), 0);
		assert_int_equal(go(*state, i, 0, "10.0.0.1"), LOOKUPS_GO);
		assert_int_equal(lookups_again(*state, key, &now), 1);
		assert_int_equal(lookups_again(*state, key, &now), 0);
		finish(*state, i, LOOKUPS_ENDED_FAILED);
	}
	assert_int_equal(go(*state, 99, 0, "10.0.0.1"), LOOKUPS_REFUSED);
	key_of(99, key);
	assert_int_equal(go(*state, 99, 1, "10.0.0.1"), LOOKUPS_GO);
	for (i = 0; i < 5; i++)
		assert_int_equal(lookups_again(*state, key, &now), 1);
	finish(*state, 99, LOOKUPS_ENDED_LIVE);
	/* and the last one may be asked once alone */
	now.boottime += 70000;
	for (i = 0; i < ALONE - 1; i++) {
		assert_int_equal(go(*state, 200 + i, 0, "10.0.0.1"),
		    LOOKUPS_GO);
		finish(*state, 200 + i, LOOKUPS_ENDED_FAILED);
	}
	key_of(300, key);
	assert_int_equal(go(*state, 300, 0, "10.0.0.1"), LOOKUPS_GO);
	assert_int_equal(lookups_again(*state, key, &now), 0);
}

/* Who waits holds his part, and gives it back if he leaves unasked, or waits
 * as a known one or for another's answer. */
static void
waiting_counts(void **state)
{
	struct lookups_turn turns[ALONE] = { { .rank = 0 } };
	int i;

	settings.max_lookups = 1;
	assert_int_equal(go(*state, 0, 0, "10.0.0.1"), LOOKUPS_GO);
	for (i = 1; i < ALONE; i++)
		waits(*state, i, 0, "10.0.0.1", &turns[i]);
	assert_int_equal(go(*state, 60, 0, "10.0.0.1"), LOOKUPS_REFUSED);
	assert_in_range(refusal.until, now.boottime + 1000,
	    now.boottime + 2000);
	assert_int_equal(go(*state, 61, 0, "10.0.0.2"), LOOKUPS_QUEUED);
	/* asking again is no second one */
	for (i = 1; i < ALONE; i++)
		waits(*state, i, 0, "10.0.0.1", &turns[i]);
	lookups_leave(*state, &turns[1]);
	lookups_leave(*state, &turns[1]);	/* once only */
	waits(*state, 1, 0, "10.0.0.1", &turns[1]);
	assert_int_equal(go(*state, 60, 0, "10.0.0.1"), LOOKUPS_REFUSED);
	goes(*state, 2, 1, "10.0.0.1", &turns[2]);
	finish(*state, 2, LOOKUPS_ENDED_NOT_LIVE);
	assert_int_equal(go(*state, 60, 0, "10.0.0.1"), LOOKUPS_QUEUED);
	assert_int_equal(take_turn(*state, 0, 0, "10.0.0.1", &turns[3]),
	    LOOKUPS_WAIT);
	for (i = 0; i < 200; i++)
		assert_int_equal(go(*state, 0, 0, "10.0.0.1"), LOOKUPS_WAIT);
	for (i = 1; i < ALONE; i++)
		lookups_leave(*state, &turns[i]);
	finish(*state, 0, LOOKUPS_ENDED_NOT_LIVE);
	now.boottime += 120000;
	in_vain(state);
}

/* One who comes anew waits for one lookup to end, not for all that wait. */
static void
turns(void **state)
{
	struct lookups_turn many[20] = { { .rank = 0 } };
	struct lookups_turn other = { .rank = 0 }, friend = { .rank = 0 };
	int i;

	settings.max_lookups = 2;
	/* somebody vouches for one */
	assert_int_equal(go(*state, 900, 0, "10.0.0.3"), LOOKUPS_GO);
	finish(*state, 900, LOOKUPS_ENDED_LIVE);
	for (i = 0; i < 20; i++)
		assert_int_equal(take_turn(*state, i, 0, "10.0.0.1",
		    &many[i]), i == 0 ? LOOKUPS_GO : LOOKUPS_QUEUED);
	waits(*state, 50, 0, "10.0.0.2", &other);
	waits(*state, 60, 0, "10.0.0.3", &friend);
	finish(*state, 0, LOOKUPS_ENDED_NOT_LIVE);
	for (i = 1; i < 20; i++)
		waits(*state, i, 0, "10.0.0.1", &many[i]);
	waits(*state, 50, 0, "10.0.0.2", &other);
	goes(*state, 60, 0, "10.0.0.3", &friend);
	finish(*state, 60, LOOKUPS_ENDED_NOT_LIVE);
	waits(*state, 1, 0, "10.0.0.1", &many[1]);
	goes(*state, 50, 0, "10.0.0.2", &other);
	assert_int_equal(take_turn(*state, 60, 0, "10.0.0.3", &friend),
	    LOOKUPS_NOT_LIVE);
	finish(*state, 50, LOOKUPS_ENDED_LIVE);
	for (i = 1; i < 20; i++)
		lookups_leave(*state, &many[i]);
	/* one that waited and left is in nobody's way */
	assert_int_equal(go(*state, 70, 0, "10.0.0.4"), LOOKUPS_GO);
	waits(*state, 51, 0, "10.0.0.2", &other);
	finish(*state, 70, LOOKUPS_ENDED_LIVE);
	waits(*state, 1, 0, "10.0.0.1", &many[1]);
	assert_false(lookups_waits_alone(*state, &(struct shares_who){
	    .count = 1 }));
	lookups_leave(*state, &other);
	goes(*state, 1, 0, "10.0.0.1", &many[1]);
}

/* Of those who hold as much, who came first. */
static void
first_come(void **state)
{
	struct lookups_turn many[6] = { { .rank = 0 } };
	int i;

	settings.max_lookups = 2;
	for (i = 0; i < 6; i++)
		assert_int_equal(take_turn(*state, i, 0, "10.0.0.1",
		    &many[i]), i == 0 ? LOOKUPS_GO : LOOKUPS_QUEUED);
	for (i = 5; i > 0; i--) {
		waits(*state, i, 0, "10.0.0.1", &many[i]);
		assert_int_equal(many[i].is_near, i == 1);
	}
	finish(*state, 0, LOOKUPS_ENDED_NOT_LIVE);
	for (i = 5; i > 0; i--)
		assert_int_equal(take_turn(*state, i, 0, "10.0.0.1",
		    &many[i]), i > 1 ? LOOKUPS_QUEUED : LOOKUPS_GO);
	assert_int_equal(go(*state, 7, 0, "10.0.0.1"), LOOKUPS_QUEUED);
	finish(*state, 1, LOOKUPS_ENDED_NOT_LIVE);
	assert_int_equal(go(*state, 7, 0, "10.0.0.1"), LOOKUPS_QUEUED);
	/* also where somebody vouches for it meanwhile */
	assert_int_equal(go(*state, 8, 1, "10.0.0.1"), LOOKUPS_GO);
	finish(*state, 8, LOOKUPS_ENDED_LIVE);
	assert_int_equal(go(*state, 9, 1, "10.0.0.1"), LOOKUPS_GO);
	finish(*state, 9, LOOKUPS_ENDED_LIVE);
	for (i = 5; i > 1; i--)
		(void)take_turn(*state, i, 0, "10.0.0.1", &many[i]);
	assert_int_equal(go(*state, 7, 0, "10.0.0.1"), LOOKUPS_QUEUED);
	for (i = 2; i < 6; i++) {
		lookups_leave(*state, &many[i]);
		finish(*state, i, LOOKUPS_ENDED_LIVE);
	}
	assert_int_equal(go(*state, 7, 0, "10.0.0.1"), LOOKUPS_GO);
}

/* One address leaves half of the places of its kind to others who wait, and
 * gets them all while nobody does. */
static void
share_of(struct lookups *lookups, int is_known, int places)
{
	struct lookups_turn one = { .rank = 0 }, other = { .rank = 0 };
	int i;

	for (i = 0; i < places; i++)
		assert_int_equal(go(lookups, i, is_known, "10.0.0.1"),
		    LOOKUPS_GO);
	waits(lookups, 8, is_known, "10.0.0.1", &one);
	finish(lookups, 0, LOOKUPS_ENDED_LIVE);
	goes(lookups, 8, is_known, "10.0.0.1", &one);
	waits(lookups, 9, is_known, "10.0.0.1", &one);
	waits(lookups, 20, is_known, "10.0.0.2", &other);
	/* now another waits: his it is, whoever asks first */
	finish(lookups, 1, LOOKUPS_ENDED_LIVE);
	waits(lookups, 9, is_known, "10.0.0.1", &one);
	assert_false(one.is_near);	/* its turn is not next */
	goes(lookups, 20, is_known, "10.0.0.2", &other);
	finish(lookups, 2, LOOKUPS_ENDED_LIVE);
	goes(lookups, 9, is_known, "10.0.0.1", &one);
	/* one that waited and left holds nothing back */
	waits(lookups, 21, is_known, "10.0.0.3", &other);
	finish(lookups, 20, LOOKUPS_ENDED_LIVE);
	lookups_leave(lookups, &other);
	assert_int_equal(go(lookups, 10, is_known, "10.0.0.1"), LOOKUPS_GO);
	for (i = 0; i < 30; i++)
		finish(lookups, i, LOOKUPS_ENDED_LIVE);
}

static void
known_share(void **state)
{
	struct lookups_turn one = { .rank = 0 }, unknown = { .rank = 0 };
	struct lookups_turn many[4] = { { .rank = 0 } };
	char address[32];
	int i;

	share_of(*state, 1, 8);
	share_of(*state, 0, 4);
	/* and known ones from everywhere leave half to unknown ones */
	for (i = 0; i < 8; i++) {
		(void)snprintf(address, sizeof(address), "10.0.0.%d", i);
		assert_int_equal(go(*state, i, 1, address), LOOKUPS_GO);
	}
	waits(*state, 30, 0, "10.0.1.4", &unknown);
	finish(*state, 4, LOOKUPS_ENDED_LIVE);
	waits(*state, 31, 1, "10.0.0.9", &one);
	goes(*state, 30, 0, "10.0.1.4", &unknown);
	finish(*state, 30, LOOKUPS_ENDED_LIVE);
	goes(*state, 31, 1, "10.0.0.9", &one);
	/* of known ones too first who holds less, whoever came first */
	for (i = 0; i < 4; i++)
		waits(*state, 40 + i, 1, "10.0.0.9", &many[i]);
	waits(*state, 50, 1, "10.0.1.4", &one);
	finish(*state, 5, LOOKUPS_ENDED_LIVE);
	waits(*state, 40, 1, "10.0.0.9", &many[0]);
	goes(*state, 50, 1, "10.0.1.4", &one);
	for (i = 3; i > 0; i--)
		waits(*state, 40 + i, 1, "10.0.0.9", &many[i]);
	finish(*state, 6, LOOKUPS_ENDED_LIVE);
	was = -1;	/* last of all who was not live, first who was */
	waits(*state, 40, 1, "10.0.0.9", &many[0]);
	was = 1;
	goes(*state, 43, 1, "10.0.0.9", &many[3]);
}

/* Of an odd number of places none is left empty by two who hold each other
 * back. */
static void
odd_places(void **state)
{
	struct lookups_turn a = { .rank = 0 }, b = { .rank = 0 };

	settings.max_lookups = 7;	/* 3 of unknown ones */
	assert_int_equal(go(*state, 1, 0, "10.0.0.1"), LOOKUPS_GO);
	assert_int_equal(go(*state, 2, 0, "10.0.0.2"), LOOKUPS_GO);
	assert_int_equal(go(*state, 3, 0, "10.0.0.3"), LOOKUPS_GO);
	waits(*state, 4, 0, "10.0.0.1", &a);
	waits(*state, 5, 0, "10.0.0.2", &b);
	finish(*state, 3, LOOKUPS_ENDED_LIVE);
	goes(*state, 4, 0, "10.0.0.1", &a);
}

/* From everywhere: lookup_rate together, and known ones beside it. */
static void
all_together(void **state)
{
	char address[32];
	int i, gone = 0;

	for (i = 0; i < 3000; i++) {
		(void)snprintf(address, sizeof(address), "10.0.%d.%d",
		    i / 200, i % 200);
		if (go(*state, i, 0, address) != LOOKUPS_GO)
			continue;
		finish(*state, i, LOOKUPS_ENDED_NOT_LIVE);
		gone++;
	}
	assert_int_equal(gone, HALF);
	assert_int_equal(refusal.limit, SHARES_LIMIT_ALL);
	assert_int_equal(go(*state, 5000, 1, NULL), LOOKUPS_GO);
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(one_for_a_key), TEST(places), TEST(live), TEST(in_vain),
		TEST(again), TEST(waiting_counts), TEST(turns),
		TEST(first_come), TEST(known_share), TEST(odd_places),
		TEST(all_together), TEST(what_is_remembered), TEST(bounded),
		TEST(no_answer), TEST(absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
