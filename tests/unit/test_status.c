#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "scratch.h"
#include "state/database.h"
#include "state/status.h"
#include "state/status_keys.h"
#include "state/status_lease.h"

#define ENDPOINT "https://login.example.com"
#define BOOT "11111111-2222-3333-4444-555555555555"
#define OTHER_BOOT "99999999-2222-3333-4444-555555555555"

struct place {
	char *directory;
	char *path;
	struct status *status;
	struct error error;
};

static int
setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	place->directory = scratch_make();
	place->path = strdup(scratch_path(place->directory, "status.db"));
	assert_non_null(place->path);
	place->status = status_open(place->path, ENDPOINT, NULL, &place->error);
	assert_string_equal(error_text(&place->error), "no error");
	assert_non_null(place->status);
	*state = place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	status_free(place->status);
	scratch_remove(place->directory);
	free(place->path);
	free(place);
	return 0;
}

static struct moment
at(int64_t boottime)
{
	struct moment now = { 1700000000, boottime, BOOT };

	return now;
}

static struct status_keys
keys_of(const char *boot_id, int64_t started, const char *jwks)
{
	struct status_keys keys = { 0 };

	keys.jwks_uri = strdup(ENDPOINT "/oauth2/jwks");
	keys.jwks = strdup(jwks);
	assert_non_null(keys.jwks_uri);
	assert_non_null(keys.jwks);
	keys.jwks_len = strlen(jwks);
	keys.started.wall = 1700000000;
	keys.started.boottime = started;
	strcpy(keys.started.boot_id, boot_id);
	return keys;
}

static void
store(struct status *status, const char *boot_id, int64_t started,
    const char *jwks)
{
	struct status_keys keys = keys_of(boot_id, started, jwks);
	struct error error = { "" };

	assert_int_equal(status_store_keys(status, &keys, &keys.started,
	    &error), 0);
	assert_string_equal(error_text(&error), "no error");
	status_keys_clear(&keys);
}

static void
expect_jwks(struct status *status, const char *jwks)
{
	struct status_keys keys;
	struct error error = { "" };

	assert_int_equal(status_load_keys(status, &keys, &error),
	    jwks == NULL ? 0 : 1);
	if (jwks == NULL)
		assert_null(keys.jwks);
	else
		assert_string_equal(keys.jwks, jwks);
	status_keys_clear(&keys);
}

static void
test_made(void **state)
{
	struct place *place = *state;
	struct stat st;

	assert_int_equal(lstat(place->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_uid, geteuid());
	expect_jwks(place->status, NULL);
	assert_int_equal(status_changed(place->status, &place->error), 0);
}

static void
test_keys_round_trip(void **state)
{
	struct place *place = *state;
	struct status_keys keys = keys_of(BOOT, 5000, "{\"keys\":[]}");
	struct status_keys loaded;

	keys.authorization_endpoint = strdup(ENDPOINT "/oauth2/authorize");
	assert_int_equal(status_store_keys(place->status, &keys,
	    &keys.started, &place->error), 0);
	assert_int_equal(status_load_keys(place->status, &loaded,
	    &place->error), 1);
	assert_string_equal(loaded.jwks_uri, keys.jwks_uri);
	assert_string_equal(loaded.authorization_endpoint,
	    keys.authorization_endpoint);
	assert_int_equal(loaded.jwks_len, keys.jwks_len);
	assert_string_equal(loaded.jwks, keys.jwks);
	assert_int_equal(loaded.started.wall, keys.started.wall);
	assert_int_equal(loaded.started.boottime, keys.started.boottime);
	assert_string_equal(loaded.started.boot_id, BOOT);
	status_keys_clear(&loaded);
	status_keys_clear(&keys);
}

static void
test_keys_newer_kept(void **state)
{
	static const struct {
		const char *boot_id;
		int64_t started;
		int replaces;
	} cases[] = {
		{ BOOT, 9999, 0 },
		{ BOOT, 0, 0 },
		{ BOOT, 10000, 1 },
		{ BOOT, 10001, 1 },
		{ OTHER_BOOT, 1, 1 },
		{ OTHER_BOOT, 99999, 1 }
	};
	struct place *place = *state;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scratch_sql(place->path, "DELETE FROM issuer");
		store(place->status, BOOT, 10000, "old");
		store(place->status, cases[i].boot_id, cases[i].started,
		    "new");
		expect_jwks(place->status, cases[i].replaces ? "new" : "old");
	}
	scratch_sql(place->path, "DELETE FROM issuer");
	store(place->status, BOOT, INT64_C(1) << 50, "from the future");
	store(place->status, BOOT, 10000, "now");
	expect_jwks(place->status, "now");
}

/* What one endpoint's users are known by serves no other endpoint. */
static void
test_other_endpoint(void **state)
{
	struct place *place = *state;
	struct status *other;

	store(place->status, BOOT, 1, "mine");
	other = status_open(place->path, "https://other.example.com", NULL,
	    &place->error);
	assert_non_null(other);
	assert_int_equal(scratch_count(place->directory,
	    "status.db.corrupt-"), 1);
	expect_jwks(other, NULL);
	store(other, BOOT, 1, "theirs");
	expect_jwks(other, "theirs");
	status_free(other);
}

static void
test_changed(void **state)
{
	struct place *place = *state;
	struct status *other;

	other = status_open(place->path, ENDPOINT, NULL, &place->error);
	assert_non_null(other);
	(void)status_changed(place->status, &place->error);
	assert_int_equal(status_changed(place->status, &place->error), 0);
	store(other, BOOT, 1, "one");
	assert_int_equal(status_changed(place->status, &place->error), 1);
	assert_int_equal(status_changed(place->status, &place->error), 0);
	/* what is put here itself counts as well */
	store(place->status, BOOT, 2, "two");
	assert_int_equal(status_changed(place->status, &place->error), 1);
	assert_int_equal(status_changed(place->status, &place->error), 0);
	status_free(other);
}

static void
test_removed(void **state)
{
	struct place *place = *state;

	store(place->status, BOOT, 1, "one");
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(status_changed(place->status, &place->error), 1);
	assert_string_equal(error_text(&place->error), "no error");
	assert_int_equal(status_changed(place->status, &place->error), 0);
	expect_jwks(place->status, NULL);
	store(place->status, BOOT, 2, "two");
	expect_jwks(place->status, "two");
}

static void
test_directory_of_others(void **state)
{
	static const mode_t modes[] = { 0770, 0720, 0702, 01777 };
	struct place *place = *state;
	struct status *status;
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(place->directory, modes[i]), 0);
		error_clear(&place->error);
		status = status_open(place->path, ENDPOINT, NULL,
		    &place->error);
		assert_null(status);
		assert_non_null(strstr(error_text(&place->error), "chmod"));
	}
	assert_int_equal(chmod(place->directory, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(place->directory, 1, (gid_t)-1), 0);
		error_clear(&place->error);
		assert_null(status_open(place->path, ENDPOINT, NULL,
		    &place->error));
		assert_non_null(strstr(error_text(&place->error),
		    "made for uid 1"));
		assert_int_equal(chown(place->directory, 0, (gid_t)-1), 0);
	}
	assert_int_equal(chmod(place->directory, 0755), 0);
	status = status_open(place->path, ENDPOINT, NULL, &place->error);
	assert_non_null(status);
	status_free(status);
	assert_int_equal(chmod(place->directory, 0700), 0);
}

/* Whoever reopens it, status_changed() is who says so. */
static void
test_reopened_by_another_call(void **state)
{
	const struct status_lease_wish wish = { "keys", 1000, 1000 };
	struct place *place = *state;
	struct moment now = at(1000);
	int64_t until;

	store(place->status, BOOT, 1, "one");
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(status_lease_take(place->status, &wish, &now, &until,
	    &place->error), STATUS_LEASE_TAKEN);
	assert_int_equal(status_changed(place->status, &place->error), 1);
	assert_int_equal(status_changed(place->status, &place->error), 0);
	expect_jwks(place->status, NULL);
}

/* A process that hangs with the lock: an answer now, and none later than a
 * request can bear. */
static void
test_lock_held(void **state)
{
	struct place *place = *state;
	int lock = open(scratch_path(place->directory, "status.db.lock"),
	    O_RDWR | O_CLOEXEC);

	assert_int_not_equal(lock, -1);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	assert_int_equal(status_changed(place->status, &place->error), 0);
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(status_changed(place->status, &place->error), -1);
	assert_string_not_equal(error_text(&place->error), "no error");
	assert_int_equal(close(lock), 0);
	error_clear(&place->error);
	assert_int_equal(status_changed(place->status, &place->error), 1);
	assert_int_equal(status_changed(place->status, &place->error), 0);
}

static void
test_truncated_while_open(void **state)
{
	struct place *place = *state;
	struct status *fresh;

	store(place->status, BOOT, 1, "one");
	status_free(place->status);
	place->status = NULL;
	assert_int_equal(truncate(place->path, 0), 0);
	fresh = status_open(place->path, ENDPOINT, NULL, &place->error);
	assert_non_null(fresh);
	expect_jwks(fresh, NULL);
	store(fresh, BOOT, 1, "two");
	expect_jwks(fresh, "two");
	status_free(fresh);
}

static void
corrupt_at(struct place *place, long offset, int aside)
{
	static const char garbage[64] = "not at all what SQLite wrote here";
	struct status_keys keys;
	struct status *status;

	status = status_open(place->path, ENDPOINT, NULL, &place->error);
	assert_non_null(status);
	store(status, BOOT, 1, "one");
	status_free(status);
	/* what is still in the log would cover the damage */
	scratch_sql(place->path, "PRAGMA wal_checkpoint(TRUNCATE)");
	(void)unlink(scratch_path(place->directory, "status.db-wal"));
	(void)unlink(scratch_path(place->directory, "status.db-shm"));
	scratch_poke(place->path, offset, garbage, sizeof(garbage));
	status = status_open(place->path, ENDPOINT, NULL, &place->error);
	assert_string_equal(error_text(&place->error), "no error");
	assert_non_null(status);
	/* opening looks at the header alone: who reads the damage finds it */
	if (status_load_keys(status, &keys, NULL) == 1)
		fail_msg("keys out of a damaged file");
	expect_jwks(status, NULL);
	assert_int_equal(scratch_count(place->directory,
	    "status.db.corrupt-"), aside);
	store(status, BOOT, 2, "two");
	expect_jwks(status, "two");
	status_free(status);
}

static void
test_corrupt(void **state)
{
	static const long offsets[] = { 0, 16, 100, 108, 4096, 4104, 8192 };
	struct place *place = *state;
	size_t i;

	status_free(place->status);
	place->status = NULL;
	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		corrupt_at(place, offsets[i], 1);
}

/* Many processes find the same damage: it is set aside once. */
static void
test_corrupt_processes(void **state)
{
	struct place *place = *state;
	struct error error = { "" };
	struct status *status;
	pid_t children[6];
	int i, wstatus;

	status_free(place->status);
	place->status = NULL;
	(void)unlink(scratch_path(place->directory, "status.db-wal"));
	(void)unlink(scratch_path(place->directory, "status.db-shm"));
	scratch_write(place->path, "This is no database at all.\n", 28);
	for (i = 0; i < 6; i++) {
		children[i] = fork();
		assert_int_not_equal(children[i], -1);
		if (children[i] != 0)
			continue;
		status = status_open(place->path, ENDPOINT, NULL, &error);
		i = status == NULL;
		status_free(status);
		_exit(i);
	}
	for (i = 0; i < 6; i++) {
		assert_int_equal(waitpid(children[i], &wstatus, 0),
		    children[i]);
		assert_true(WIFEXITED(wstatus) && WEXITSTATUS(wstatus) == 0);
	}
	assert_int_equal(scratch_count(place->directory,
	    "status.db.corrupt-"), 1);
	assert_true(scratch_size(scratch_path(place->directory,
	    "status.db.corrupt-1")) == 28);
}

static void
test_newer_refused(void **state)
{
	struct place *place = *state;
	struct status *status;

	scratch_sql(place->path, "PRAGMA user_version=99");
	status = status_open(place->path, ENDPOINT, NULL, &place->error);
	assert_null(status);
	assert_non_null(strstr(error_text(&place->error), "later release"));
	assert_int_equal(scratch_count(place->directory,
	    "status.db.corrupt-"), 0);
}

/* Who has it open refuses it as who opens it does, and writes nothing. */
static void
test_newer_while_open(void **state)
{
	const struct status_lease_wish wish = { "keys", 2000, 1000 };
	struct place *place = *state;
	struct moment now = at(100000);
	struct status_keys keys;
	int64_t until;

	store(place->status, BOOT, 1, "one");
	scratch_sql(place->path, "PRAGMA user_version=99");
	assert_int_equal(status_load_keys(place->status, &keys,
	    &place->error), -1);
	assert_non_null(strstr(error_text(&place->error), "later release"));
	assert_int_equal(status_lease_take(place->status, &wish, &now, &until,
	    NULL), STATUS_LEASE_FAILED);
	store(place->status, BOOT, 2, "two");
	scratch_sql(place->path, "PRAGMA user_version=3");
	error_clear(&place->error);
	expect_jwks(place->status, "two");
	scratch_sql(place->path, "DELETE FROM issuer");
	assert_int_equal(scratch_count(place->directory,
	    "status.db.corrupt-"), 0);
}

static void
test_lease(void **state)
{
	const struct status_lease_wish wish = { "keys", 2000, 10000 };
	static const struct {
		int64_t now;
		enum status_lease answer;
		int64_t until;
		int ends;		/* status_lease_end() before asking */
	} steps[] = {
		{ 100000, STATUS_LEASE_TAKEN, 102000, 0 },
		{ 100000, STATUS_LEASE_RUNNING, 102000, 0 },
		{ 101999, STATUS_LEASE_RUNNING, 102000, 0 },
		{ 102000, STATUS_LEASE_COOLING, 110000, 0 },
		{ 109999, STATUS_LEASE_COOLING, 110000, 0 },
		{ 110000, STATUS_LEASE_TAKEN, 112000, 0 },
		{ 110001, STATUS_LEASE_COOLING, 120000, 1 },
		{ 109990, STATUS_LEASE_COOLING, 120000, 0 },
		{ 50000, STATUS_LEASE_COOLING, 120000, 0 },
		{ 49999, STATUS_LEASE_TAKEN, 51999, 0 },
		{ 50000, STATUS_LEASE_RUNNING, 51999, 0 },
		{ 59999, STATUS_LEASE_TAKEN, 61999, 0 }
	};
	struct place *place = *state;
	struct moment now;
	struct status *other;
	int64_t until;
	size_t i;

	other = status_open(place->path, ENDPOINT, NULL, &place->error);
	assert_non_null(other);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		now = at(steps[i].now);
		if (steps[i].ends)
			status_lease_end(other, "keys", &now);
		assert_int_equal(status_lease_take(i % 2 ? other :
		    place->status, &wish, &now, &until, &place->error),
		    steps[i].answer);
		assert_int_equal(until, steps[i].until);
	}
	status_free(other);
}

static void
test_lease_boots(void **state)
{
	const struct status_lease_wish wish = { "keys", 5000, 10000 };
	const struct status_lease_wish other_wish = { "other", 5000, 10000 };
	struct place *place = *state;
	struct moment now = at(100000), later = at(100001);
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
	struct place *place = *state;
	struct moment now = at(100000);
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
	struct place *place = *state;
	struct moment now = at(100000);
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
	store(place->status, BOOT, 1, "one");
	expect_jwks(place->status, "one");
	expect_jwks(other, NULL);
	scratch_unblock(blocker);
	assert_int_equal(status_lease_take(place->status, &wish, &now, &until,
	    &place->error), STATUS_LEASE_TAKEN);
	assert_int_equal(until, now.boottime + 2000);
	assert_false(status_lease_waits(place->status, "keys", &now));
	expect_jwks(other, "one");
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
	struct place *place = *state;
	struct moment now = at(100000), later = at(103000);
	struct sqlite3 *blocker = scratch_block(place->path);
	int64_t until;

	assert_int_equal(status_lease_take(place->status, &wish, &now, &until,
	    &place->error), STATUS_LEASE_ASKED);
	scratch_unblock(blocker);
	assert_false(status_lease_waits(place->status, "keys", &later));
	store(place->status, BOOT, 103000, "writes what waits");
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
	struct place *place = *state;
	struct moment now = at(100000), later = at(100500);
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

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_made),
		CASE(test_keys_round_trip),
		CASE(test_keys_newer_kept),
		CASE(test_other_endpoint),
		CASE(test_changed),
		CASE(test_removed),
		CASE(test_directory_of_others),
		CASE(test_reopened_by_another_call),
		CASE(test_lock_held),
		CASE(test_truncated_while_open),
		CASE(test_corrupt),
		CASE(test_corrupt_processes),
		CASE(test_newer_refused),
		CASE(test_newer_while_open),
		CASE(test_lease),
		CASE(test_lease_boots),
		CASE(test_lease_processes),
		CASE(test_busy),
		CASE(test_lease_given_up),
		CASE(test_lease_ended_while_busy)
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
