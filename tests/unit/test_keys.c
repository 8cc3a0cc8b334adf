/* The life of the key set, in injected time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "keys_life.h"
#include "scratch.h"
#include "state/status_lease.h"

static void
nothing_stored(void **state)
{
	struct keys_life *f = life_setup();

	(void)state;
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_STALE);
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_FETCH);
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_WAIT);
	assert_true(f->until > BOOT && f->until <= BOOT + 2000);
	/* it failed */
	assert_int_equal(keys_fetched(f->keys, NULL, &f->now, NULL), 0);
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_STALE);
	assert_int_equal(f->until, BOOT + 10000);
	life_pass(f, 10);
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_FETCH);
	life_fetched(f, &f->now);
	assert_int_equal(life_find(f, "first", 0, FETCH), KEYS_KNOWN);
	life_teardown(f);
}

static void
holder_died(void **state)
{
	struct keys_life *f = life_setup();

	(void)state;
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_FETCH);
	life_pass(f, 1);
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_WAIT);
	life_pass(f, 1);
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_STALE);
	life_pass(f, 8);
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_FETCH);
	life_teardown(f);
}

static void
unknown_kid(void **state)
{
	/* issued_at, against the start of the fetch */
	static const struct {
		const char *name;
		int64_t issued_at;
		enum keys_outcome expected;
	} cases[] = {
		{ "the epoch", 0, KEYS_DENIED },
		{ "2 s over the leeway", WALL - LEEWAY - 2, KEYS_DENIED },
		{ "1 s over it", WALL - LEEWAY - 1, KEYS_DENIED },
		{ "within it", WALL - LEEWAY, KEYS_UNSETTLED },
		{ "then", WALL, KEYS_UNSETTLED },
		{ "later", WALL + LEEWAY, KEYS_UNSETTLED },
	};
	struct keys_life *f = life_setup();
	size_t i;

	(void)state;
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_FETCH);
	life_fetched(f, &f->now);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (life_find(f, "other", cases[i].issued_at,
		    NO_FETCH) != cases[i].expected ||
		    life_find(f, "other", cases[i].issued_at,
		    FETCH) != cases[i].expected)
			fail_msg("%s", cases[i].name);
	}
	assert_int_equal(f->until, BOOT + 10000);
	life_pass(f, 10);
	assert_int_equal(life_find(f, "other", WALL - LEEWAY - 1, FETCH),
	    KEYS_DENIED);
	assert_int_equal(life_find(f, "other", WALL, NO_FETCH), KEYS_UNSETTLED);
	assert_int_equal(life_find(f, "other", WALL, FETCH), KEYS_FETCH);
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_KNOWN);
	life_teardown(f);
}

static void
clock_set(void **state)
{
	struct keys_life *f = life_setup();
	struct moment ahead;

	(void)state;
	/* fetched with the clock an hour ahead, then it was set right */
	ahead = f->now;
	ahead.wall += 3600;
	life_store(f->status, f->set, &ahead);
	life_pass(f, 200);
	assert_int_equal(life_find(f, "other", WALL + 1, NO_FETCH),
	    KEYS_UNSETTLED);
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_KNOWN);
	/* still denied: what is too old by both clocks */
	assert_int_equal(life_find(f, "other", WALL - LEEWAY - 1, FETCH),
	    KEYS_DENIED);
	/* set forward: the start of then holds */
	f->now.wall += 7200;
	assert_int_equal(life_find(f, "other", WALL + 3600 - LEEWAY, NO_FETCH),
	    KEYS_UNSETTLED);
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_KNOWN);
	life_teardown(f);
}

static void
age(void **state)
{
	/* age of the set in milliseconds of boottime, whatever the wall */
	static const struct {
		const char *name;
		int64_t boottime, wall;
		enum keys_outcome expected;
	} cases[] = {
		{ "new", 0, 0, KEYS_KNOWN },
		{ "keys_max_stale", 86400000, 0, KEYS_KNOWN },
		{ "over it", 86400001, 0, KEYS_STALE },
		{ "clock set forward", 86400000, 900000, KEYS_KNOWN },
		{ "clock set back", 1000, -900000, KEYS_KNOWN },
		{ "set back and over", 86400001, -900000, KEYS_STALE },
		{ "a thread's moment", -20, 0, KEYS_KNOWN },
		{ "not credible: the wall judges", -70000, 0, KEYS_KNOWN },
		{ "of later by the wall", -70000, -1, KEYS_STALE },
		{ "over it by the wall", -70000, 86401, KEYS_STALE },
	};
	struct keys_life *f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f = life_setup();
		life_store(f->status, f->set, &f->now);
		f->now.boottime += cases[i].boottime;
		f->now.wall += cases[i].wall;
		if (life_find(f, "first", WALL, NO_FETCH) != cases[i].expected)
			fail_msg("%s", cases[i].name);
		life_teardown(f);
	}
}

static void
asked_anew(void **state)
{
	/* by how much the wall clock was ahead at the fetch, and in seconds
	 * behind it: when it was asked, and is looked at */
	static const struct {
		const char *name;
		int64_t ahead, asked, looked;
		enum keys_outcome expected;
	} cases[] = {
		{ "behind the fetch", 0, 100, 200, KEYS_FETCH },
		{ "before it", 0, -1, 200, KEYS_KNOWN },
		{ "with a clock that was ahead", 3600, 100, 200, KEYS_FETCH },
		{ "before it, then", 3600, -1, 200, KEYS_KNOWN },
		{ "with one that was behind", -3600, 100, 200, KEYS_FETCH },
	};
	struct moment start;
	struct keys_life *f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f = life_setup();
		start = f->now;
		start.wall += cases[i].ahead;
		life_store(f->status, f->set, &start);
		keys_ask(f->keys, f->now.wall + cases[i].asked);
		life_pass(f, cases[i].looked);
		if (keys_refresh(f->keys, &f->now, &f->until, NULL) !=
		    cases[i].expected)
			fail_msg("%s", cases[i].name);
		life_teardown(f);
	}
}

static void
other_boot(void **state)
{
	static const struct {
		const char *name;
		int64_t started_wall, boottime;
		enum keys_outcome expected;
	} cases[] = {
		{ "just now", WALL, BOOT, KEYS_KNOWN },
		{ "keys_max_stale", WALL - 86400, BOOT, KEYS_KNOWN },
		{ "over it", WALL - 86401, BOOT, KEYS_STALE },
		{ "after the grace", WALL - 86401, 300001, KEYS_STALE },
		{ "within the grace", WALL - 86401, 300000, KEYS_KNOWN },
		{ "of later, within it", WALL + 1, 300000, KEYS_KNOWN },
		{ "of later, after it", WALL + 1, 300001, KEYS_STALE },
	};
	struct moment start;
	struct keys_life *f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f = life_setup();
		start = f->now;
		start.wall = cases[i].started_wall;
		strcpy(start.boot_id, OLD_BOOT);
		life_store(f->status, f->set, &start);
		f->now.boottime = cases[i].boottime;
		if (life_find(f, "first", WALL, NO_FETCH) != cases[i].expected)
			fail_msg("%s", cases[i].name);
		/* due at once, and the future denies nothing */
		if (start.wall > WALL && cases[i].expected == KEYS_KNOWN)
			assert_int_equal(life_find(f, "other", 0, NO_FETCH),
			    KEYS_UNSETTLED);
		assert_int_equal(keys_refresh(f->keys, &f->now, &f->until,
		    NULL), KEYS_FETCH);
		life_teardown(f);
	}
}

static void
refresh(void **state)
{
	struct keys_life *f = life_setup();

	(void)state;
	assert_int_equal(keys_refresh(f->keys, &f->now, &f->until, NULL),
	    KEYS_FETCH);
	assert_int_equal(keys_refresh(f->keys, &f->now, &f->until, NULL),
	    KEYS_WAIT);
	life_fetched(f, &f->now);
	assert_int_equal(keys_refresh(f->keys, &f->now, &f->until, NULL),
	    KEYS_KNOWN);
	assert_int_equal(f->until, BOOT + 3600000);
	life_pass(f, 3599);
	assert_int_equal(keys_refresh(f->keys, &f->now, &f->until, NULL),
	    KEYS_KNOWN);
	life_pass(f, 1);
	/* a known kid never waits for it */
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_KNOWN);
	assert_int_equal(keys_refresh(f->keys, &f->now, &f->until, NULL),
	    KEYS_FETCH);
	assert_int_equal(keys_fetched(f->keys, NULL, &f->now, NULL), 0);
	assert_int_equal(keys_refresh(f->keys, &f->now, &f->until, NULL),
	    KEYS_KNOWN);
	assert_int_equal(f->until, BOOT + 3610000);
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_KNOWN);
	life_teardown(f);
}

static void
stored_by_another(void **state)
{
	struct keys_life *f = life_setup();
	struct status *other = status_open(scratch_path(f->directory,
	    "status.db"), MINT_ISSUER, NULL, NULL);
	struct moment earlier = f->now;

	(void)state;
	assert_non_null(other);
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_STALE);
	life_store(other, f->set, &f->now);
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_KNOWN);
	/* a fetch that began earlier does not win */
	earlier.boottime -= 1000;
	life_store(other, "{\"keys\":[]}", &earlier);
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_KNOWN);
	/* a stored text that is no set is none */
	life_pass(f, 1);
	life_store(other, "{\"keys\":[]}", &f->now);
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_STALE);
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_FETCH);
	status_free(other);
	life_teardown(f);
}

/* A virtual machine set back to a snapshot, its disk not: the stamp lies
 * ahead, and what is fetched now replaces it all the same. */
static void
set_back_to_snapshot(void **state)
{
	struct keys_life *f = life_setup();
	struct moment ahead = f->now;
	struct mint_key *key = mint_key_new(MINT_FIRST);
	char *set = mint_set_of(key, "other");

	(void)state;
	ahead.boottime += 60001;
	life_store(f->status, set, &ahead);
	assert_int_equal(keys_refresh(f->keys, &f->now, &f->until, NULL),
	    KEYS_FETCH);
	life_fetched(f, &f->now);
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_KNOWN);
	assert_int_equal(life_find(f, "other", WALL, NO_FETCH), KEYS_UNSETTLED);
	assert_int_equal(keys_refresh(f->keys, &f->now, &f->until, NULL),
	    KEYS_KNOWN);
	assert_int_equal(f->until, BOOT + 3600000);
	free(set);
	mint_key_free(key);
	life_teardown(f);
}

/* A process stopped within its fetch brings no withdrawn key back. */
static void
fetched_too_late(void **state)
{
	struct keys_life *f = life_setup();
	char uri[] = MINT_ISSUER "/jwks";
	struct status_keys late = { .jwks_uri = uri, .jwks = f->set,
	    .jwks_len = strlen(f->set), .started = { WALL, BOOT,
	    THIS_BOOT } };
	struct error error = { "" };

	(void)state;
	f->now.boottime += 60001;
	assert_int_equal(keys_fetched(f->keys, &late, &f->now, &error), -1);
	assert_string_not_equal(error_text(&error), "no error");
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_STALE);
	f->now.boottime -= 1;
	assert_int_equal(keys_fetched(f->keys, &late, &f->now, NULL), 0);
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_KNOWN);
	life_teardown(f);
}

/* A key that Authgear withdrew serves no longer, though the set that replaced
 * it is as long. */
static void
replaced_by_as_long(void **state)
{
	struct keys_life *f = life_setup();
	struct status *other = status_open(scratch_path(f->directory,
	    "status.db"), MINT_ISSUER, NULL, NULL);
	struct mint_key *key = mint_key_new(MINT_FIRST);
	char *set = mint_set_of(key, "other");

	(void)state;
	assert_non_null(other);
	assert_int_equal(strlen(set), strlen(f->set));
	life_store(other, f->set, &f->now);
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_KNOWN);
	life_pass(f, 1);
	life_store(other, set, &f->now);
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_UNSETTLED);
	assert_int_equal(life_find(f, "other", WALL, NO_FETCH), KEYS_KNOWN);
	/* and when it was this one's own fetch */
	life_pass(f, 1);
	life_fetched(f, &f->now);
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_KNOWN);
	assert_int_equal(life_find(f, "other", WALL, NO_FETCH), KEYS_UNSETTLED);
	free(set);
	mint_key_free(key);
	status_free(other);
	life_teardown(f);
}

/* Opens well, answers nothing: no reason to deny anybody. */
static void
table_lost(void **state)
{
	struct keys_life *f = life_setup();

	(void)state;
	life_fetched(f, &f->now);
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_KNOWN);
	scratch_sql(scratch_path(f->directory, "status.db"),
	    "DROP TABLE issuer");
	/* a key that was found a moment ago is not looked up */
	life_pass_ms(f, 99);
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_KNOWN);
	assert_int_equal(life_find(f, "other", 0, NO_FETCH), KEYS_UNREADABLE);
	/* and later what was read serves until it is due */
	life_pass_ms(f, 1);
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_KNOWN);
	assert_int_equal(life_find(f, "other", 0, NO_FETCH), KEYS_UNREADABLE);
	life_pass_ms(f, (int64_t)f->settings.keys_ttl * 1000 - 101);
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_KNOWN);
	life_pass_ms(f, 1);
	assert_int_equal(life_find(f, "first", WALL, FETCH), KEYS_UNREADABLE);
	assert_int_equal(life_find(f, "other", 0, NO_FETCH), KEYS_UNREADABLE);
	life_teardown(f);
}

static void *
no_memory(size_t size)
{
	(void)size;
	return NULL;
}

/* A set that did not parse for want of memory serves once there is some. */
static void
memory_comes_back(void **state)
{
	struct keys_life *f = life_setup();
	struct status *other = status_open(scratch_path(f->directory,
	    "status.db"), MINT_ISSUER, NULL, NULL);

	(void)state;
	assert_non_null(other);
	life_store(other, f->set, &f->now);
	json_set_alloc_funcs(no_memory, free);
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_STALE);
	json_set_alloc_funcs(malloc, free);
	assert_int_equal(life_find(f, "first", WALL, NO_FETCH), KEYS_KNOWN);
	status_free(other);
	life_teardown(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_stored),
		cmocka_unit_test(holder_died),
		cmocka_unit_test(unknown_kid),
		cmocka_unit_test(clock_set),
		cmocka_unit_test(age),
		cmocka_unit_test(other_boot),
		cmocka_unit_test(asked_anew),
		cmocka_unit_test(refresh),
		cmocka_unit_test(stored_by_another),
		cmocka_unit_test(set_back_to_snapshot),
		cmocka_unit_test(fetched_too_late),
		cmocka_unit_test(replaced_by_as_long),
		cmocka_unit_test(table_lost),
		cmocka_unit_test(memory_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
