/* The file status.db: made, replaced, damaged, and the key set in it. */
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

#include "scratch.h"
#include "state/status_lease.h"
#include "status_world.h"

#define ENDPOINT STATUS_WORLD_ENDPOINT
#define BOOT STATUS_WORLD_BOOT
#define OTHER_BOOT "99999999-2222-3333-4444-555555555555"

static void
test_made(void **state)
{
	struct status_world *place = *state;
	struct stat st;

	assert_int_equal(lstat(place->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_uid, geteuid());
	status_world_expect_keys(place->status, NULL);
	assert_int_equal(status_changed(place->status, &place->error), 0);
}

static void
test_keys_round_trip(void **state)
{
	struct status_world *place = *state;
	struct status_keys keys = status_world_keys(BOOT, 5000,
	    "{\"keys\":[]}");
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
		const char *name;
		const char *boot_id;
		int64_t started;
		const char *kept;
	} cases[] = {
		{ "a moment earlier", BOOT, 9999, "old" },
		{ "at the boot", BOOT, 0, "old" },
		{ "at the same moment", BOOT, 10000, "new" },
		{ "later", BOOT, 10001, "new" },
		{ "of another boot", OTHER_BOOT, 1, "new" },
		{ "later of another boot", OTHER_BOOT, 99999, "new" }
	};
	struct status_keys keys;
	struct status_world *place = *state;
	struct moment now;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scratch_sql(place->path, "DELETE FROM issuer");
		status_world_store_keys(place->status, BOOT, 10000, "old");
		status_world_store_keys(place->status, cases[i].boot_id,
		    cases[i].started, "new");
		assert_int_equal(status_load_keys(place->status, &keys,
		    &place->error), 1);
		if (strcmp(keys.jwks, cases[i].kept) != 0)
			fail_msg("%s: %s", cases[i].name, keys.jwks);
		status_keys_clear(&keys);
	}
	/* however long the earlier one waited to be written */
	scratch_sql(place->path, "DELETE FROM issuer");
	status_world_store_keys(place->status, BOOT, 900000, "new");
	now = status_world_at(900100);
	keys = status_world_keys(BOOT, 10, "old");
	assert_int_equal(status_store_keys(place->status, &keys, &now,
	    &place->error), 0);
	status_keys_clear(&keys);
	status_world_expect_keys(place->status, "new");
	scratch_sql(place->path, "DELETE FROM issuer");
	status_world_store_keys(place->status, BOOT, INT64_C(1) << 50,
	    "from the future");
	status_world_store_keys(place->status, BOOT, 10000, "now");
	status_world_expect_keys(place->status, "now");
}

/* What one endpoint's users are known by serves no other endpoint. */
static void
test_other_endpoint(void **state)
{
	struct status_world *place = *state;
	struct status *other;

	status_world_store_keys(place->status, BOOT, 1, "mine");
	other = status_open(place->path, "https://other.example.com", NULL,
	    &place->error);
	assert_non_null(other);
	assert_int_equal(scratch_count(place->directory,
	    "status.db.corrupt-"), 1);
	status_world_expect_keys(other, NULL);
	status_world_store_keys(other, BOOT, 1, "theirs");
	status_world_expect_keys(other, "theirs");
	status_free(other);
}

static void
test_changed(void **state)
{
	struct status_world *place = *state;
	struct status *other;

	other = status_open(place->path, ENDPOINT, NULL, &place->error);
	assert_non_null(other);
	(void)status_changed(place->status, &place->error);
	assert_int_equal(status_changed(place->status, &place->error), 0);
	status_world_store_keys(other, BOOT, 1, "one");
	assert_int_equal(status_changed(place->status, &place->error), 1);
	assert_int_equal(status_changed(place->status, &place->error), 0);
	/* what is put here itself counts as well */
	status_world_store_keys(place->status, BOOT, 2, "two");
	assert_int_equal(status_changed(place->status, &place->error), 1);
	assert_int_equal(status_changed(place->status, &place->error), 0);
	status_free(other);
}

static void
test_removed(void **state)
{
	struct status_world *place = *state;

	status_world_store_keys(place->status, BOOT, 1, "one");
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(status_changed(place->status, &place->error), 1);
	assert_string_equal(error_text(&place->error), "no error");
	assert_int_equal(status_changed(place->status, &place->error), 0);
	status_world_expect_keys(place->status, NULL);
	status_world_store_keys(place->status, BOOT, 2, "two");
	status_world_expect_keys(place->status, "two");
}

static void
test_directory_of_others(void **state)
{
	static const mode_t modes[] = { 0770, 0720, 0702, 01777 };
	struct status_world *place = *state;
	struct status *status;
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(place->directory, modes[i]), 0);
		error_clear(&place->error);
		status = status_open(place->path, ENDPOINT, NULL,
		    &place->error);
		if (status != NULL ||
		    strstr(error_text(&place->error), "chmod") == NULL)
			fail_msg("%04o: %s", modes[i],
			    error_text(&place->error));
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
	struct status_world *place = *state;
	struct moment now = status_world_at(1000);
	int64_t until;

	status_world_store_keys(place->status, BOOT, 1, "one");
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(status_lease_take(place->status, &wish, &now, &until,
	    &place->error), STATUS_LEASE_TAKEN);
	assert_int_equal(status_changed(place->status, &place->error), 1);
	assert_int_equal(status_changed(place->status, &place->error), 0);
	status_world_expect_keys(place->status, NULL);
}

/* A process that hangs with the lock: an answer now, and none later than a
 * request can bear. */
static void
test_lock_held(void **state)
{
	struct status_world *place = *state;
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
	struct status_world *place = *state;
	struct status *fresh;

	status_world_store_keys(place->status, BOOT, 1, "one");
	status_free(place->status);
	place->status = NULL;
	assert_int_equal(truncate(place->path, 0), 0);
	fresh = status_open(place->path, ENDPOINT, NULL, &place->error);
	assert_non_null(fresh);
	status_world_expect_keys(fresh, NULL);
	status_world_store_keys(fresh, BOOT, 1, "two");
	status_world_expect_keys(fresh, "two");
	status_free(fresh);
}

static void
corrupt_at(struct status_world *place, long offset, int aside)
{
	static const char garbage[64] = "not at all what SQLite wrote here";
	struct status_keys keys;
	struct status *status;

	status = status_open(place->path, ENDPOINT, NULL, &place->error);
	assert_non_null(status);
	status_world_store_keys(status, BOOT, 1, "one");
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
	status_world_expect_keys(status, NULL);
	assert_int_equal(scratch_count(place->directory,
	    "status.db.corrupt-"), aside);
	status_world_store_keys(status, BOOT, 2, "two");
	status_world_expect_keys(status, "two");
	status_free(status);
}

static void
test_corrupt(void **state)
{
	static const long offsets[] = { 0, 16, 100, 108, 4096, 4104, 8192 };
	struct status_world *place = *state;
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
	struct status_world *place = *state;
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
	struct status_world *place = *state;
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
	struct status_world *place = *state;
	struct moment now = status_world_at(100000);
	struct status_keys keys;
	int64_t until;

	status_world_store_keys(place->status, BOOT, 1, "one");
	scratch_sql(place->path, "PRAGMA user_version=99");
	assert_int_equal(status_load_keys(place->status, &keys,
	    &place->error), -1);
	assert_non_null(strstr(error_text(&place->error), "later release"));
	assert_int_equal(status_lease_take(place->status, &wish, &now, &until,
	    NULL), STATUS_LEASE_FAILED);
	status_world_store_keys(place->status, BOOT, 2, "two");
	scratch_sql(place->path, "PRAGMA user_version=4");
	error_clear(&place->error);
	status_world_expect_keys(place->status, "two");
	scratch_sql(place->path, "DELETE FROM issuer");
	assert_int_equal(scratch_count(place->directory,
	    "status.db.corrupt-"), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, status_world_setup, \
	status_world_teardown)

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
		CASE(test_newer_while_open)
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
