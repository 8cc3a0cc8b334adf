/* What processes share of the asking: the back-off of the resolver. */
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"
#include "state/status_backoff.h"
#include "status_world.h"

#define BOOT STATUS_WORLD_BOOT

static struct status_backoff
backoff_of(struct status_world *place, struct status *status,
    const struct moment *now)
{
	struct status_backoff backoff;

	assert_int_equal(status_backoff_load(status, now, &backoff,
	    &place->error), 0);
	return backoff;
}

static void
failed(struct status_world *place, const struct moment *now,
    const struct status_failure *failure)
{
	struct status_backoff after, again;

	status_backoff_failed(place->status, now, failure, &after);
	again = backoff_of(place, place->status, now);
	assert_int_equal(after.failures, again.failures);
	assert_int_equal(after.until, again.until);
	assert_int_equal(after.is_fault, again.is_fault);
}

static void
over(struct status_world *place, struct status *status,
    const struct moment *now)
{
	status_backoff_over(status, now);
	assert_int_equal(backoff_of(place, status, now).failures, 0);
}

static void
back_off(void **state)
{
	struct status_world *place = *state;
	struct moment now = { 1800000000, 100000, BOOT };
	const struct status_failure first = { 0, 0, 0, 1 };
	const struct status_failure half = { 255, 0, 0, 1 };
	struct status *other = status_world_open(place);
	struct status_backoff backoff;
	int64_t last = 0;
	int i;

	for (i = 1; i <= 12; i++) {
		failed(place, &now, &first);
		backoff = backoff_of(place, other, &now);
		assert_int_equal(backoff.failures, i);
		if (i <= 2)
			assert_true(backoff.until <= now.boottime);
		else
			assert_in_range(backoff.until - now.boottime, last,
			    STATUS_BACKOFF_MAX_MS);
		last = backoff.until - now.boottime;
	}
	assert_int_equal(last, STATUS_BACKOFF_MAX_MS);
	/* jitter takes up to half away */
	now.boottime += STATUS_BACKOFF_MAX_MS;
	failed(place, &now, &half);
	backoff = backoff_of(place, other, &now);
	assert_int_equal(backoff.until - now.boottime,
	    STATUS_BACKOFF_MAX_MS / 2);
	/* of another boot, or of the far future, it is none */
	now.boottime = 1;
	assert_int_equal(backoff_of(place, other, &now).until, 0);
	now.boottime = 100000;
	now.boot_id[0] = '9';
	assert_int_equal(backoff_of(place, other, &now).failures, 0);
	now.boot_id[0] = BOOT[0];
	assert_int_equal(backoff_of(place, other, &now).failures, 13);
	over(place, other, &now);
	over(place, other, &now);
	assert_int_equal(backoff_of(place, place->status, &now).failures, 0);
	status_free(other);
}

/* Who is told to wait does, also where others failed as often or more. */
static void
told_to_wait(void **state)
{
	struct status_world *place = *state;
	struct moment now = { 1800000000, 100000, BOOT };
	const struct status_failure told = { 0, 1, 20000, 1 };
	const struct status_failure too_long = { 0, 1, 3600000, 1 };
	const struct status_failure failure = { 0, 0, 0, 1 };
	struct status *other = status_world_open(place);
	struct status_backoff backoff;
	struct sqlite3 *blocker;

	failed(place, &now, &told);
	backoff = backoff_of(place, other, &now);
	assert_int_equal(backoff.failures, 1);
	assert_int_equal(backoff.is_fault, 1);
	assert_int_equal(backoff.until, now.boottime + 20000);
	/* what failed meanwhile does not end it */
	failed(place, &now, &failure);
	backoff = backoff_of(place, other, &now);
	assert_int_equal(backoff.is_fault, 0);
	assert_int_equal(backoff.until, now.boottime + 20000);
	/* the same where one of both waits to be written */
	blocker = scratch_block(place->path);
	over(place, place->status, &now);
	failed(place, &now, &failure);
	backoff = backoff_of(place, place->status, &now);
	assert_int_equal(backoff.failures, 1);
	assert_int_equal(backoff.until, now.boottime + 20000);
	failed(place, &now, &too_long);
	backoff = backoff_of(place, place->status, &now);
	assert_int_equal(backoff.until, now.boottime + STATUS_BACKOFF_TOLD_MS);
	scratch_unblock(blocker);
	failed(place, &now, &failure);
	backoff = backoff_of(place, other, &now);
	assert_int_equal(backoff.until, now.boottime + STATUS_BACKOFF_TOLD_MS);
	assert_int_equal(backoff.failures, 3);
	/* nor does the answer of a lookup that was on its way, until then */
	over(place, other, &now);
	now.boottime += STATUS_BACKOFF_TOLD_MS - 1;
	over(place, place->status, &now);
	assert_int_equal(status_backoff_holds(&backoff, 2, &now), 1);
	backoff = backoff_of(place, other, &now);
	assert_int_equal(status_backoff_holds(&backoff, 2, &now), 1);
	now.boottime++;
	assert_int_equal(status_backoff_holds(&backoff, 2, &now), 0);
	over(place, other, &now);
	assert_int_equal(backoff_of(place, other, &now).until, 0);
	status_free(other);
}

/* One session that cannot be answered, however often, keeps nobody else from
 * being asked for; as soon as others fail too, it is Authgear. */
static void
of_one_session(void **state)
{
	struct status_world *place = *state;
	struct moment now = { 1800000000, 100000, BOOT };
	const struct status_failure odd = { 0, 0, 0, 7 };
	const struct status_failure failure = { 0, 0, 0, 8 };
	struct status *other = status_world_open(place);
	struct status_backoff backoff;
	int i;

	for (i = 0; i < 12; i++) {
		failed(place, &now, &odd);
		backoff = backoff_of(place, other, &now);
		assert_int_equal(backoff.failures, i + 1);
		assert_int_equal(status_backoff_holds(&backoff, 7, &now),
		    i >= 2);
		assert_int_equal(status_backoff_holds(&backoff, 8, &now), 0);
	}
	failed(place, &now, &failure);
	backoff = backoff_of(place, other, &now);
	assert_int_equal(status_backoff_holds(&backoff, 7, &now), 1);
	assert_int_equal(status_backoff_holds(&backoff, 9, &now), 1);
	assert_int_equal(backoff.until, now.boottime +
	    STATUS_BACKOFF_FIRST_MS);
	failed(place, &now, &odd);
	backoff = backoff_of(place, other, &now);
	assert_int_equal(backoff.until, now.boottime +
	    2 * STATUS_BACKOFF_FIRST_MS);
	assert_int_equal(status_backoff_holds(&backoff, 9, &now), 1);
	/* what one of them was told holds for all */
	over(place, other, &now);
	failed(place, &now, &(struct status_failure){ 0, 0, 5000, 7 });
	backoff = backoff_of(place, other, &now);
	assert_int_equal(status_backoff_holds(&backoff, 9, &now), 1);
	status_free(other);
}

/* Where the file cannot be read it holds for this process. */
static void
without_file(void **state)
{
	struct status_world *place = *state;
	struct moment now = { 1800000000, 100000, BOOT };
	const struct status_failure failure = { 0, 0, 0, 1 };
	struct status_backoff backoff;
	int i;

	/* gone from its path, and the directory is no one's to make it in */
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(chmod(place->directory, 0777), 0);
	for (i = 0; i < 4; i++)
		status_backoff_failed(place->status, &now, &failure, &backoff);
	assert_int_equal(backoff.failures, 4);
	assert_int_equal(status_backoff_load(place->status, &now, &backoff,
	    NULL), -1);
	assert_int_equal(status_backoff_holds(&backoff, 1, &now), 1);
	status_backoff_over(place->status, &now);
	assert_int_equal(status_backoff_load(place->status, &now, &backoff,
	    NULL), -1);
	assert_int_equal(status_backoff_holds(&backoff, 1, &now), 0);
	assert_int_equal(chmod(place->directory, 0700), 0);
}

/* What another process was told while the file took no write of ours. */
static void
told_to_both(void **state)
{
	struct status_world *place = *state;
	struct moment now = { 1800000000, 100000, BOOT };
	const struct status_failure told = { 0, 1, 20000, 1 };
	const struct status_failure failure = { 0, 0, 0, 1 };
	struct status *other = status_world_open(place);
	struct status_backoff backoff, after;
	struct sqlite3 *blocker;

	blocker = scratch_block(place->path);
	failed(place, &now, &failure);
	failed(place, &now, &failure);
	scratch_unblock(blocker);
	status_backoff_failed(other, &now, &told, &after);
	backoff = backoff_of(place, place->status, &now);
	assert_int_equal(backoff.failures, 2);
	assert_int_equal(backoff.until, now.boottime + 20000);
	assert_int_equal(backoff.is_fault, 1);
	/* and once both are written */
	now.boottime += 20000;
	failed(place, &now, &failure);
	assert_int_equal(backoff_of(place, other, &now).failures, 3);
	status_free(other);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, status_world_setup, \
	status_world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(back_off),
		CASE(told_to_wait),
		CASE(of_one_session),
		CASE(without_file),
		CASE(told_to_both),
	};

	return cmocka_run_group_tests_name("status_backoff", tests, NULL, NULL);
}
