/* Sessions that wait to be written to status.db. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "scratch.h"
#include "state/status_change.h"
#include "state/status_pending.h"
#include "state/status_write.h"
#include "status_world.h"

#define ENDPOINT STATUS_WORLD_ENDPOINT
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KEY HASH "2"		/* an opaque token's */

/* In place of SQLite's own: who finds the file held does not wait for it. */
int
sqlite3_busy_timeout(sqlite3 *db, int ms)
{
	(void)ms;
	return sqlite3_busy_handler(db, NULL, NULL);
}

/* Keys of one set: their first eight digits are the same. */
static void
key_of_set(char key[STATUS_KEY_SIZE], int number)
{
	(void)snprintf(key, STATUS_KEY_SIZE, "%.60s%04u2", HASH,
	    (unsigned int)number % 10000);
}

/* Whatever waits to be written counts for its process at once, and for the
 * others from when it is. */
static void
waiting(void **state)
{
	struct status_world *place = *state;
	struct status *other = status_world_open(place);
	struct sqlite3 *blocker;

	status_world_store(place->status, KEY, "old", 1000);
	blocker = scratch_block(place->path);
	status_world_store(place->status, KEY, "new", 2000);
	assert_string_equal(status_world_user_of(place->status, KEY), "new");
	assert_string_equal(status_world_user_of(other, KEY), "old");
	status_world_store(place->status, KEY, "late", 1500);
	assert_string_equal(status_world_user_of(place->status, KEY), "new");
	status_world_doubt(place->status, KEY, 2500);
	assert_string_equal(status_world_user_of(place->status, KEY), "?");
	status_world_end(place->status, KEY, 2600);
	assert_string_equal(status_world_user_of(place->status, KEY), "-");
	status_world_store(place->status, KEY, "late", 2599);
	assert_string_equal(status_world_user_of(place->status, KEY), "-");
	status_world_end(place->status, HASH "3", 2600);
	assert_string_equal(status_world_user_of(place->status, HASH "3"), "");
	scratch_unblock(blocker);
	assert_string_equal(status_world_user_of(other, KEY), "old");
	status_world_store(place->status, HASH "1", "writes", 3000);
	assert_string_equal(status_world_user_of(other, KEY), "-");
	assert_string_equal(status_world_user_of(other, HASH "1"), "writes");
	status_free(other);
}

/* Two processes hear of one session while a third holds the file: whoever
 * writes first, the later answer stands. */
static void
waiting_both(void **state)
{
	static const struct {
		const char *name;
		int64_t live, ended;
		int live_first;
		const char *user;
	} cases[] = {
		{ "ended later, written first", 2000, 2500, 0, "-" },
		{ "ended later, written last", 2000, 2500, 1, "-" },
		{ "live later, written last", 2000, 1900, 0, "new" },
		{ "live later, written first", 2000, 1900, 1, "new" },
	};
	struct status_world *place = *state;
	struct status *other = status_world_open(place);
	struct moment late;
	struct sqlite3 *blocker;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scratch_sql(place->path, "DELETE FROM session");
		blocker = scratch_block(place->path);
		status_world_store(place->status, KEY, "new", cases[i].live);
		/* it does not know of the row, which is nowhere yet */
		status_world_end(other, KEY, cases[i].ended);
		scratch_unblock(blocker);
		late = status_world_at(cases[i].ended + STATUS_LATE_MS);
		if (cases[i].live_first)
			status_write_now(place->status, &late);
		status_write_now(other, &late);
		status_write_now(place->status, &late);
		if (strcmp(status_world_user_of(other, KEY),
		    cases[i].user) != 0 || strcmp(status_world_user_of(
		    place->status, KEY), cases[i].user) != 0)
			fail_msg("%s", cases[i].name);
	}
	status_free(other);
}

/* What has no place in memory either makes older rows of its set count for
 * nothing, and those of later lookups go on. */
static void
too_much(void **state)
{
	struct status_world *place = *state;
	struct sqlite3 *blocker;
	char key[STATUS_KEY_SIZE];
	struct moment now;
	int i;

	status_world_store(place->status, KEY, "user", 1000);
	blocker = scratch_block(place->path);
	status_world_end(place->status, KEY, 2000);
	for (i = 0; i < 7; i++) {
		key_of_set(key, i);
		status_world_store(place->status, key, "more", 3000 + i);
	}
	assert_string_equal(status_world_user_of(place->status, KEY), "-");
	assert_int_equal(status_sessions_void_at(place->status, KEY), -1);
	key_of_set(key, 7);
	status_world_store(place->status, key, "one more", 3007);
	/* the oldest but the end has lost its place: what is older is void */
	assert_string_equal(status_world_user_of(place->status, KEY), "-");
	assert_int_equal(status_sessions_void_at(place->status, KEY), 3000);
	assert_string_equal(status_world_user_of(place->status, key),
	    "one more");
	key_of_set(key, 8);
	status_world_store(place->status, key, "older", 2999);
	assert_string_equal(status_world_user_of(place->status, key), "");
	assert_int_equal(status_sessions_void_at(place->status, KEY), 3000);
	/* ends take the places of all others, then of older ends */
	for (i = 0; i < 7; i++) {
		key_of_set(key, 10 + i);
		status_world_end(place->status, key, 2001 + i);
	}
	assert_string_equal(status_world_user_of(place->status, KEY), "-");
	assert_int_equal(status_sessions_void_at(place->status, KEY), 3007);
	key_of_set(key, 20);
	status_world_store(place->status, key, "no place", 9000);
	assert_string_equal(status_world_user_of(place->status, key), "");
	assert_int_equal(status_sessions_void_at(place->status, KEY), 9000);
	key_of_set(key, 21);
	status_world_end(place->status, key, 9001);
	assert_string_equal(status_world_user_of(place->status, KEY), "user");
	assert_int_equal(status_sessions_void_at(place->status, KEY), 9000);
	/* another set is another matter */
	(void)snprintf(key, sizeof(key), "1%.63s2", HASH);
	assert_int_equal(status_sessions_void_at(place->status, key), -1);
	scratch_unblock(blocker);
	now = status_world_at(9002);
	status_write_now(place->status, &now);
	assert_int_equal(status_sessions_void_at(place->status, KEY), 9000);
	status_world_store(place->status, KEY, "again", 9003);
	assert_string_equal(status_world_user_of(place->status, KEY), "again");
}

static void
no_wake(void *context, int is_urgent)
{
	(void)context;
	(void)is_urgent;
}

/* What waits counts where the file cannot be read, but never before an end that
 * was written: that is only there to be read. */
static void
without_the_file(void **state)
{
	struct status_world *place = *state;
	const struct moment now = status_world_at(5000);
	struct status_pending *pending = status_pending_new();
	struct status_session row;
	struct status *status;

	assert_non_null(pending);
	status = status_open(place->path, ENDPOINT, pending,
	    &place->error);
	assert_non_null(status);
	status_pending_serve(pending, no_wake, NULL);
	status_world_store(status, KEY, "user", 1000);
	status_world_end(status, KEY, 2000);
	assert_int_equal(status_write(status, &now, NULL), STATUS_WRITE_DONE);
	scratch_sql(place->path, "DROP TABLE session");
	assert_int_equal(status_sessions_load(status, KEY, &row, NULL), -1);
	status_world_store(status, KEY, "late", 2000);
	assert_int_equal(status_sessions_load(status, KEY, &row, NULL), -1);
	status_world_store(status, KEY, "again", 2001);
	assert_int_equal(status_sessions_load(status, KEY, &row, NULL), 1);
	assert_string_equal(row.facts.user_id, "again");
	assert_int_equal(row.is_alone, 1);
	status_session_clear(&row);
	status_world_doubt(status, KEY, 3000);
	assert_int_equal(status_sessions_load(status, KEY, &row, NULL), 1);
	assert_int_equal(row.doubted_at, 3000);
	status_session_clear(&row);
	status_free(status);
	status_pending_free(pending);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, status_world_setup, \
	status_world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(waiting),
		CASE(waiting_both),
		CASE(too_much),
		CASE(without_the_file)
	};

	return cmocka_run_group_tests_name("status_pending", tests, NULL, NULL);
}
