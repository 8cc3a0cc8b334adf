/* The life of a key set in which some keys cannot serve. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ground/notices.h"
#include "keys_life.h"
#include "scratch.h"
#include "state/status_lease.h"
#include "state/status_pending.h"

/* What is published but cannot serve is neither known nor unknown, and may be
 * mended at any time; a restart says the same. */
static void
kid_left_out(void **state)
{
	struct keys_life *f = life_setup();
	struct mint_key *first = mint_key_new(MINT_FIRST);
	struct mint_key *weak = mint_key_new(MINT_WEAK);
	char *a = mint_jwk(first, "first", NULL);
	char *odd = mint_jwk(weak, "odd", NULL);
	struct error error = { "" };
	int i;

	(void)state;
	assert_int_equal(life_find(f, "odd", WALL, FETCH), KEYS_FETCH);
	life_fetch(f, mint_set(a, odd, NULL));
	for (i = 0; i < 2; i++) {
		assert_int_equal(life_find(f, "first", 0, FETCH), KEYS_KNOWN);
		/* however old the token is */
		assert_int_equal(life_find(f, "odd", 0, NO_FETCH),
		    KEYS_UNUSABLE);
		assert_int_equal(life_find(f, "odd", 0, FETCH), KEYS_UNUSABLE);
		assert_int_equal(life_find(f, "odd", WALL, FETCH),
		    KEYS_UNUSABLE);
		assert_int_equal(life_find(f, "other", 0, FETCH), KEYS_DENIED);
		error_clear(&error);
		keys_explain(f->keys, "odd", &error);
		assert_non_null(strstr(error.text, "key odd is left out"));
		assert_non_null(strstr(error.text, "2048"));
		error_clear(&error);
		keys_explain(f->keys, "first", &error);
		assert_string_equal(error.text, "");
		life_restart(f);
	}
	life_pass(f, 10);
	assert_int_equal(life_find(f, "odd", 0, FETCH), KEYS_FETCH);
	free(odd);
	odd = mint_jwk(first, "odd", NULL);
	life_fetch(f, mint_set(a, odd, NULL));
	assert_int_equal(life_find(f, "odd", 0, FETCH), KEYS_KNOWN);
	free(a);
	free(odd);
	mint_key_free(first);
	mint_key_free(weak);
	life_teardown(f);
}

/* Withdrawn, or published with its private half: out at that fetch, though
 * what stands there now cannot serve; and a restart brings nothing back. */
static void
nothing_usable_left(void **state)
{
	static const char *const causes[] = { "{\"keys\":[{\"kty\":\"EC\"}]}",
		"weak", "private" };
	struct mint_key *weak = mint_key_new(MINT_WEAK);
	struct mint_key *first = mint_key_new(MINT_FIRST);
	struct error error = { "" };
	struct keys_life *f;
	size_t i;
	char *jwk;
	int again;

	(void)state;
	for (i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		f = life_setup();
		life_fetched(f, &f->now);
		assert_int_equal(life_find(f, "first", 0, FETCH), KEYS_KNOWN);
		life_pass(f, 3600);
		jwk = i == 0 ? NULL : mint_jwk(i == 1 ? weak : first, "first",
		    i == 1 ? NULL : "\"d\":\"AQAB\"");
		life_fetch(f, jwk == NULL ? mint_text("%s", causes[0]) :
		    mint_set(jwk, NULL));
		free(jwk);
		for (again = 0; again < 2; again++) {
			assert_int_equal(life_find(f, "first", 0, NO_FETCH),
			    KEYS_STALE);
			error_clear(&error);
			keys_explain(f->keys, "first", &error);
			assert_non_null(strstr(error.text, "no usable key"));
			life_restart(f);
		}
		/* and it is asked for again as soon as may be */
		assert_int_equal(life_find(f, "first", 0, FETCH), KEYS_FETCH);
		life_teardown(f);
	}
	mint_key_free(weak);
	mint_key_free(first);
}

/* A withdrawn key is out though a bad one stands beside the others. */
static void
withdrawn_beside_a_bad_one(void **state)
{
	struct keys_life *f = life_setup();
	struct mint_key *second = mint_key_new(MINT_SECOND);
	struct mint_key *weak = mint_key_new(MINT_WEAK);
	char *b = mint_jwk(second, "second", NULL);
	char *odd = mint_jwk(weak, "odd", NULL);

	(void)state;
	life_fetched(f, &f->now);
	life_pass(f, 3600);
	life_fetch(f, mint_set(odd, b, NULL));
	assert_int_equal(life_find(f, "second", 0, FETCH), KEYS_KNOWN);
	assert_int_equal(life_find(f, "first", 0, FETCH), KEYS_DENIED);
	free(b);
	free(odd);
	mint_key_free(second);
	mint_key_free(weak);
	life_teardown(f);
}

/* What one thread fetched is out for the others of its process at once. */
static void
withdrawn_by_another_thread(void **state)
{
	struct keys_life *f = life_setup();
	struct status_pending *pending = status_pending_new();
	const char *path = scratch_path(f->directory, "shared.db");
	struct status *statuses[2];
	struct keys *both[2];
	struct mint_key *second = mint_key_new(MINT_SECOND);
	const struct keys_wish wish = { .kid = "first" };
	struct keys_found found;
	char *b = mint_jwk(second, "second", NULL);
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		statuses[i] = status_open(path, MINT_ISSUER, pending, NULL);
		both[i] = keys_new(&f->settings, statuses[i]);
		assert_non_null(both[i]);
	}
	life_store(statuses[0], f->set, &f->now);
	for (i = 0; i < 2; i++)
		assert_int_equal(keys_find(both[i], &wish, &f->now, &found,
		    NULL), KEYS_KNOWN);
	keys_free(f->keys);
	f->keys = both[0];
	f->now.boottime++;
	life_fetch(f, mint_set(b, NULL));
	assert_int_equal(keys_find(both[1], &wish, &f->now, &found, NULL),
	    KEYS_DENIED);
	f->keys = NULL;
	for (i = 0; i < 2; i++) {
		keys_free(both[i]);
		status_free(statuses[i]);
	}
	status_pending_free(pending);
	free(b);
	mint_key_free(second);
	life_teardown(f);
}

/* Each is told once: at a change, and once for a process. */
static void
told_once(void **state)
{
	struct keys_life *f = life_setup();
	struct notices *notices = notices_new();
	struct keys_told *told = keys_told_new(notices);
	struct mint_key *first = mint_key_new(MINT_FIRST);
	struct mint_key *weak = mint_key_new(MINT_WEAK);
	char *a = mint_jwk(first, "first", NULL);
	char *odd = mint_jwk(weak, "odd", NULL);
	enum notice_level level;
	struct error text;
	int i;

	(void)state;
	keys_tell(f->keys, told);
	life_fetch(f, mint_set(a, NULL));
	assert_int_equal(notices_take(notices, &level, &text), 0);
	for (i = 0; i < 3; i++) {
		life_pass(f, 3600);
		/* the text changes, what is said does not */
		life_fetch(f, mint_set(i == 1 ? odd : a, i == 1 ? a : odd,
		    NULL));
		assert_int_equal(notices_take(notices, &level, &text),
		    i == 0);
		if (i > 0)
			continue;
		assert_int_equal(level, NOTICE_WARNING);
		assert_non_null(strstr(text.text, "key odd is left out"));
		assert_non_null(strstr(text.text, "2048"));
		assert_int_equal(notices_take(notices, &level, &text), 0);
	}
	life_pass(f, 3600);
	life_fetch(f, mint_set(odd, NULL));
	assert_int_equal(notices_take(notices, &level, &text), 1);
	assert_int_equal(notices_take(notices, &level, &text), 1);
	assert_int_equal(level, NOTICE_ERROR);
	assert_non_null(strstr(text.text, "no usable key"));
	life_pass(f, 3600);
	life_fetch(f, mint_set(a, NULL));
	assert_int_equal(notices_take(notices, &level, &text), 1);
	assert_int_equal(level, NOTICE_INFO);
	assert_int_equal(notices_take(notices, &level, &text), 0);
	/* many do not flood the log */
	life_pass(f, 3600);
	life_fetch(f, mint_set(a, odd, odd, odd, odd, odd, odd, odd, odd, odd,
	    odd, odd, NULL));
	for (i = 0; notices_take(notices, &level, &text) == 1; i++)
		;
	assert_int_equal(i, 9);
	assert_non_null(strstr(text.text, "3 more"));
	free(a);
	free(odd);
	mint_key_free(first);
	mint_key_free(weak);
	keys_told_free(told);
	life_teardown(f);
	notices_free(notices);
}

/* The wall clock has whole seconds only: whatever part of one passes, the
 * answer of a token is the same. */
static void
border_of_a_second(void **state)
{
	struct keys_life *f;
	int64_t phase, later, issued;
	enum keys_outcome first, now;

	(void)state;
	for (phase = 0; phase < 1000; phase += 250) {
		f = life_setup();
		f->now.boottime = BOOT + phase;
		life_fetched(f, &f->now);
		for (issued = -3; issued <= 1; issued++) {
			f->now.wall = WALL;
			f->now.boottime = BOOT + phase;
			first = life_find(f, "other", WALL - LEEWAY + issued,
			    NO_FETCH);
			assert_int_equal(first, issued < 0 ? KEYS_DENIED :
			    KEYS_UNSETTLED);
			for (later = 0; later < 4000; later += 50) {
				f->now.boottime = BOOT + phase + later;
				f->now.wall = WALL + (phase + later) / 1000;
				now = life_find(f, "other",
				    WALL - LEEWAY + issued, NO_FETCH);
				if (now != first)
					fail_msg("%d + %d ms", (int)phase,
					    (int)later);
			}
		}
		life_teardown(f);
	}
}

/* The file changes, without another set in it. */
static void
write_a_lease(struct keys_life *f)
{
	const struct status_lease_wish wish = { "other", 10, 10 };
	struct status *other = status_open(scratch_path(f->directory,
	    "status.db"), MINT_ISSUER, NULL, NULL);
	int64_t until;

	assert_non_null(other);
	assert_int_equal(status_lease_take(other, &wish, &f->now, &until,
	    NULL), STATUS_LEASE_TAKEN);
	status_lease_end(other, "other", &f->now);
	status_free(other);
}

/* Nor when the clock was set back meanwhile, however often is looked. */
static void
border_of_a_second_of_another_clock(void **state)
{
	struct keys_life *f = life_setup();
	enum keys_outcome last = KEYS_DENIED, now;
	int changes = 0;
	int64_t later;

	(void)state;
	life_fetched(f, &f->now);
	for (later = 1; later < 8000; later += 50) {
		f->now.boottime = BOOT + later;
		f->now.wall = WALL - 100 + (later + 470) / 1000;
		write_a_lease(f);
		now = life_find(f, "other", WALL - 100 - LEEWAY - 1, NO_FETCH);
		changes += now != last;
		last = now;
	}
	/* at the most to the careful side, and never back */
	assert_true(changes <= 1);
	life_teardown(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kid_left_out),
		cmocka_unit_test(nothing_usable_left),
		cmocka_unit_test(withdrawn_beside_a_bad_one),
		cmocka_unit_test(withdrawn_by_another_thread),
		cmocka_unit_test(told_once),
		cmocka_unit_test(border_of_a_second),
		cmocka_unit_test(border_of_a_second_of_another_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
