/* What processes share of the asking: leases. */
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"
#include "state/status_lease.h"
#include "status_world.h"

#define ENDPOINT STATUS_WORLD_ENDPOINT
#define BOOT STATUS_WORLD_BOOT
#define OTHER_BOOT "99999999-2222-3333-4444-555555555555"

static void
test_lease(void **state)
{
	const struct status_lease_wish wish = { "keys", 2000, 10000 };
	static const struct {
		const char *name;
		int64_t now;
		enum status_lease answer;
		int64_t until;
		int ends;		/* before asking: 1 status_lease_end(),
					   2 status_lease_give() */
	} steps[] = {
		{ "the first", 100000, STATUS_LEASE_TAKEN, 102000, 0 },
		{ "at once again", 100000, STATUS_LEASE_RUNNING, 102000, 0 },
		{ "until it is over", 101999, STATUS_LEASE_RUNNING, 102000, 0 },
		{ "once it is over", 102000, STATUS_LEASE_COOLING, 110000, 0 },
		{ "it still cools", 109999, STATUS_LEASE_COOLING, 110000, 0 },
		{ "once it has cooled", 110000, STATUS_LEASE_TAKEN, 112000, 0 },
		{ "ended: it cools", 110001, STATUS_LEASE_COOLING, 120000, 1 },
		{ "an earlier clock", 109990, STATUS_LEASE_COOLING, 120000, 0 },
		{ "a minute earlier", 50000, STATUS_LEASE_COOLING, 120000, 0 },
		{ "no more credible", 49999, STATUS_LEASE_TAKEN, 51999, 0 },
		{ "held by that one", 50000, STATUS_LEASE_RUNNING, 51999, 0 },
		{ "and cooled", 59999, STATUS_LEASE_TAKEN, 61999, 0 },
		{ "given back: at once", 60000, STATUS_LEASE_TAKEN, 62000, 2 },
		{ "held by that one", 60001, STATUS_LEASE_RUNNING, 62000, 0 },
		{ "and again", 60002, STATUS_LEASE_TAKEN, 62002, 2 },
		{ "ended: it cools", 60003, STATUS_LEASE_COOLING, 70002, 1 },
		{ "given back late", 60004, STATUS_LEASE_TAKEN, 62004, 2 },
		{ "by who had none", 70005, STATUS_LEASE_TAKEN, 72005, 2 }
	};
	struct status_world *place = *state;
	struct moment now;
	struct status *other;
	enum status_lease answer;
	int64_t until;
	size_t i;

	other = status_open(place->path, ENDPOINT, NULL, &place->error);
	assert_non_null(other);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		now = status_world_at(steps[i].now);
		if (steps[i].ends == 2)
			status_lease_give(other, "keys", &now);
		else if (steps[i].ends)
			status_lease_end(other, "keys", &now);
		answer = status_lease_take(i % 2 ? other : place->status,
		    &wish, &now, &until, &place->error);
		if (answer != steps[i].answer || until != steps[i].until)
			fail_msg("%s: %d until %lld", steps[i].name,
			    (int)answer, (long long)until);
	}
	status_free(other);
}

static void
test_lease_boots(void **state)
{
	const struct status_lease_wish wish = { "keys", 5000, 10000 };
	const struct status_lease_wish other_wish = { "other", 5000, 10000 };
	struct status_world *place = *state;
	struct moment now = status_world_at(100000), later =
	    status_world_at(100001);
	int64_t until;

	strcpy(now.boot_id, OTHER_BOOT);
	assert_int_equal(status_lease_take(place->status, &wish, &now, &until,
	    &place->error), STATUS_LEASE_TAKEN);
	status_lease_end(place->status, "keys", &later);
	assert_int_equal(status_lease_take(place->status, &wish, &now, &until,
	    &place->error), STATUS_LEASE_RUNNING);
	assert_int_equal(status_lease_take(place->status, &wish, &later, &until,
	    &place->error), STATUS_LEASE_TAKEN);
	assert_int_equal(status_lease_take(place->status, &other_wish, &later,
	    &until, &place->error), STATUS_LEASE_TAKEN);
}

static void
test_lease_processes(void **state)
{
	const struct status_lease_wish wish = { "keys", 60000, 60000 };
	struct status_world *place = *state;
	struct moment now = status_world_at(100000);
	struct error error = { "" };
	struct status *status;
	enum status_lease answer;
	pid_t children[8];
	int64_t until;
	int i, wstatus, taken = 0;

	status_free(place->status);
	place->status = NULL;
	for (i = 0; i < 8; i++) {
		children[i] = fork();
		assert_int_not_equal(children[i], -1);
		if (children[i] != 0)
			continue;
		status = status_open(place->path, ENDPOINT, NULL, &error);
		do {
			error_clear(&error);
			answer = status == NULL ? STATUS_LEASE_FAILED :
			    status_lease_take(status, &wish, &now, &until,
			    &error);
		} while (status != NULL && (answer == STATUS_LEASE_FAILED ||
		    answer == STATUS_LEASE_ASKED));
		status_free(status);
		_exit((int)answer);
	}
	for (i = 0; i < 8; i++) {
		assert_int_equal(waitpid(children[i], &wstatus, 0),
		    children[i]);
		assert_true(WIFEXITED(wstatus));
		assert_true(WEXITSTATUS(wstatus) == STATUS_LEASE_TAKEN ||
		    WEXITSTATUS(wstatus) == STATUS_LEASE_RUNNING);
		taken += WEXITSTATUS(wstatus) == STATUS_LEASE_TAKEN;
	}
	assert_int_equal(taken, 1);
}

/* While another process holds the file: what is put here counts for this one
 * at once, and is written as soon as it can be. */
static void
test_busy(void **state)
{
	const struct status_lease_wish wish = { "keys", 2000, 1000 };
	struct status_world *place = *state;
	struct moment now = status_world_at(100000);
	struct status *other;
	struct sqlite3 *blocker;
	int64_t until;

	other = status_open(place->path, ENDPOINT, NULL, &place->error);
	assert_non_null(other);
	blocker = scratch_block(place->path);
	assert_int_equal(status_lease_take(place->status, &wish, &now, &until,
	    &place->error), STATUS_LEASE_ASKED);
	assert_in_range(until, now.boottime + 1, now.boottime + 100);
	assert_true(status_lease_waits(place->status, "keys", &now));
	status_world_store_keys(place->status, BOOT, 1, "one");
	status_world_expect_keys(place->status, "one");
	status_world_expect_keys(other, NULL);
	scratch_unblock(blocker);
	assert_int_equal(status_lease_take(place->status, &wish, &now, &until,
	    &place->error), STATUS_LEASE_TAKEN);
	assert_int_equal(until, now.boottime + 2000);
	assert_false(status_lease_waits(place->status, "keys", &now));
	status_world_expect_keys(other, "one");
	assert_int_equal(status_lease_take(other, &wish, &now, &until,
	    &place->error), STATUS_LEASE_RUNNING);
	assert_string_equal(error_text(&place->error), "no error");
	status_free(other);
}

/* Who asked for a lease in vain, and went, does not get it later. */
static void
test_lease_given_up(void **state)
{
	const struct status_lease_wish wish = { "keys", 2000, 1000 };
	const struct status_lease_wish other_wish = { "other", 2000, 1000 };
	struct status_world *place = *state;
	struct moment now = status_world_at(100000), later =
	    status_world_at(103000);
	struct sqlite3 *blocker = scratch_block(place->path);
	int64_t until;

	assert_int_equal(status_lease_take(place->status, &wish, &now, &until,
	    &place->error), STATUS_LEASE_ASKED);
	scratch_unblock(blocker);
	assert_false(status_lease_waits(place->status, "keys", &later));
	status_world_store_keys(place->status, BOOT, 103000,
	    "writes what waits");
	assert_int_equal(status_lease_take(place->status, &other_wish, &later,
	    &until, &place->error), STATUS_LEASE_TAKEN);
	assert_int_equal(status_lease_take(place->status, &wish, &later, &until,
	    &place->error), STATUS_LEASE_TAKEN);
	assert_int_equal(until, later.boottime + 2000);
}

/* What is done is done, though the file does not say so yet. */
static void
test_lease_ended_while_busy(void **state)
{
	const struct status_lease_wish wish = { "keys", 60000, 1000 };
	struct status_world *place = *state;
	struct moment now = status_world_at(100000), later =
	    status_world_at(100500);
	struct sqlite3 *blocker;
	int64_t until;

	assert_int_equal(status_lease_take(place->status, &wish, &now, &until,
	    &place->error), STATUS_LEASE_TAKEN);
	blocker = scratch_block(place->path);
	status_lease_end(place->status, "keys", &later);
	assert_int_equal(status_lease_take(place->status, &wish, &later, &until,
	    &place->error), STATUS_LEASE_COOLING);
	assert_int_equal(until, now.boottime + 1000);
	scratch_unblock(blocker);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, status_world_setup, \
	status_world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_lease),
		CASE(test_lease_boots),
		CASE(test_lease_processes),
		CASE(test_busy),
		CASE(test_lease_given_up),
		CASE(test_lease_ended_while_busy)
	};

	return cmocka_run_group_tests_name("status_lease", tests, NULL, NULL);
}
