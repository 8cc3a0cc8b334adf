/* What readers of trust.db see of it while others write, replace, damage and
 * hold it. */
#include <sys/stat.h>
#include <sys/wait.h>

#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "scratch.h"
#include "state/write/trust_init.h"
#include "trust_world.h"

#define ENDPOINT TRUST_WORLD_ENDPOINT
#define NO REVOCATION_NO_TIME

/* Pages overwritten behind the reader's back. */
static void
test_damaged(void **state)
{
	static char garbage[4096];
	struct trust_world *place = *state;
	enum reason reason;
	char user[32];
	long size, offset;
	int i;

	trust_free(place->trust);
	for (i = 0; i < 400; i++) {
		(void)snprintf(user, sizeof(user), "user-%d", i);
		(void)trust_world_block(place, user);
	}
	trust_writer_free(place->writer);
	place->writer = NULL;
	scratch_sql(place->file, "PRAGMA wal_checkpoint(TRUNCATE)");
	place->trust = trust_open(place->directory, ENDPOINT, &place->error);
	assert_non_null(place->trust);
	assert_int_equal(trust_world_ask(place, "user-7"), REASON_USER_BLOCKED);
	memset(garbage, 0xa5, sizeof(garbage));
	size = scratch_size(place->file);
	for (offset = 4096; offset + 4096 <= size; offset += 4096)
		scratch_poke(place->file, offset, garbage, 4096);
	/* its cache may know what was there; a newcomer must not */
	reason = trust_world_ask(place, "user-8");
	assert_true(reason == REASON_USER_BLOCKED ||
	    reason == REASON_STATE_UNREADABLE);
	trust_free(place->trust);
	place->trust = trust_open(place->directory, ENDPOINT, &place->error);
	assert_null(place->trust);
}

/* Another file at the path: seen at the next question.  It is older than what
 * was seen, so it says nothing until somebody accepts it. */
static void
test_replaced(void **state)
{
	struct trust_world *place = *state;
	char *copy = strdup(scratch_path(place->scratch, "copy.db"));
	struct moment now = trust_world_at(1000);
	int64_t number;
	char sql[4200];

	(void)trust_world_block(place, "me");
	(void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", copy);
	scratch_sql(place->file, sql);
	assert_int_equal(chmod(copy, 0640), 0);
	assert_int_equal(trust_world_lift(place, 0, REVOCATION_USER, "me"), 1);
	assert_int_equal(trust_world_ask(place, "me"), REASON_GRANTED);
	trust_writer_free(place->writer);
	place->writer = NULL;
	assert_int_equal(rename(copy, place->file), 0);
	(void)unlink(scratch_path(place->directory, "trust.db-wal"));
	(void)unlink(scratch_path(place->directory, "trust.db-shm"));
	assert_int_equal(trust_world_ask(place, "me"), REASON_STATE_UNREADABLE);
	if (strstr(error_text(&place->error), "authgear-cache accept") == NULL)
		fail_msg("%s", error_text(&place->error));
	place->writer = trust_writer_open(place->directory, ENDPOINT,
	    &place->error);
	assert_non_null(place->writer);
	assert_int_equal(trust_writer_accept(place->writer, &trust_world_note,
	    &now, &number, &place->error), TRUST_WRITTEN);
	assert_int_equal(trust_world_ask(place, "me"), REASON_USER_BLOCKED);
	free(copy);
}

/* What SQLite keeps beside it is removed: a reader needs neither, and what a
 * writer changes then is seen as ever. */
static void
test_beside_removed(void **state)
{
	static const char *const beside[] = { "trust.db-wal",
	    "trust.db-shm" };
	struct trust_world *place = *state;
	int i, j;

	for (i = 0; i < 3; i++) {
		(void)trust_world_block(place, "you");
		assert_int_equal(trust_world_ask(place, "me"), REASON_GRANTED);
		trust_writer_free(place->writer);
		for (j = 0; j < 2; j++)
			if (i == 2 || i == j)
				assert_int_equal(unlink(scratch_path(
				    place->directory, beside[j])), 0);
		assert_int_equal(trust_world_ask(place, "me"), REASON_GRANTED);
		assert_int_equal(trust_world_ask(place, "you"),
		    REASON_USER_BLOCKED);
		place->writer = trust_writer_open(place->directory, ENDPOINT,
		    &place->error);
		assert_non_null(place->writer);
		(void)trust_world_block(place, "me");
		assert_int_equal(trust_world_ask(place, "me"),
		    REASON_USER_BLOCKED);
		assert_int_equal(trust_world_lift(place, 0, REVOCATION_USER,
		    "me"), 1);
		assert_int_equal(trust_world_ask(place, "me"), REASON_GRANTED);
		assert_int_equal(trust_world_ask(place, "you"),
		    REASON_USER_BLOCKED);
	}
}

/* A writer that is at work goes on: its log has lost its name, but what it
 * changes is in trust.db itself when it answers. */
static void
test_removed_at_once(void **state)
{
	struct trust_world *place = *state;
	char user[32];
	int i;

	for (i = 0; i < 100; i++) {
		(void)snprintf(user, sizeof(user), "user-%d", i);
		assert_int_equal(trust_world_ask(place, user), REASON_GRANTED);
		(void)unlink(scratch_path(place->directory, i % 2 == 0 ?
		    "trust.db-wal" : "trust.db-shm"));
		(void)trust_world_block(place, user);
		assert_int_equal(trust_world_ask(place, user),
		    REASON_USER_BLOCKED);
		trust_writer_free(place->writer);
		place->writer = trust_writer_open(place->directory, ENDPOINT,
		    &place->error);
		assert_non_null(place->writer);
		assert_int_equal(trust_world_ask(place, user),
		    REASON_USER_BLOCKED);
	}
}

struct reader {
	const struct trust_world *place;
	_Atomic int *written;
	_Atomic int *missed;
	int asked;
};

/* What was written before the question must be known by the answer. */
static void *
read_along(void *context)
{
	struct reader *reader = context;
	struct error error = { "" };
	struct trust *trust;
	char user[32];
	int last;

	trust = trust_open(reader->place->directory, ENDPOINT, &error);
	if (trust == NULL) {
		atomic_fetch_add(reader->missed, 1);
		return NULL;
	}
	do {
		last = atomic_load(reader->written);
		(void)snprintf(user, sizeof(user), "user-%d", last);
		if (trust_world_ask_of(trust, user, 1000, &error) !=
		    REASON_USER_BLOCKED)
			atomic_fetch_add(reader->missed, 1);
		reader->asked++;
	} while (last < 200);
	trust_free(trust);
	return NULL;
}

static void
test_concurrent(void **state)
{
	struct trust_world *place = *state;
	_Atomic int written = 0, missed = 0;
	struct reader readers[3];
	pthread_t threads[3];
	char user[32];
	int i;

	(void)trust_world_block(place, "user-0");
	for (i = 0; i < 3; i++) {
		readers[i] = (struct reader){ place, &written, &missed, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL,
		    read_along, &readers[i]), 0);
	}
	for (i = 1; i <= 200; i++) {
		(void)snprintf(user, sizeof(user), "user-%d", i);
		(void)trust_world_block(place, user);
		atomic_store(&written, i);
	}
	for (i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(readers[i].asked > 0);
	}
	assert_int_equal(missed, 0);
}

/* Another process has the file: told which, and nothing is written. */
static void
test_held(void **state)
{
	const struct revocation row = { REVOCATION_USER, REVOCATION_BLOCKED,
	    "me", NO, NO };
	struct trust_world *place = *state;
	struct moment now = trust_world_at(1000);
	struct sqlite3 *db;
	char name[64], byte;
	int ready[2], go[2], status;
	struct trust_added added;
	pid_t child;

	trust_world_leave(place);	/* no connection crosses a fork */
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		(void)close(go[1]);
		if (sqlite3_open(place->file, &db) != SQLITE_OK ||
		    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) !=
		    SQLITE_OK || write(ready[1], "x", 1) != 1)
			_exit(1);
		(void)!read(go[0], &byte, 1);
		_exit(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
	}
	(void)close(go[0]);
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	trust_world_enter(place);
	error_clear(&place->error);
	assert_int_equal(trust_writer_add(place->writer, &row,
	    &trust_world_note, &now, &added, &place->error), TRUST_HELD);
	(void)snprintf(name, sizeof(name), "process %ld (", (long)child);
	if (strstr(error_text(&place->error), name) == NULL &&
	    strstr(error_text(&place->error), "another process") == NULL)
		fail_msg("%s", error_text(&place->error));
	print_message("# %s\n", error_text(&place->error));
	assert_int_equal(trust_world_ask(place, "me"), REASON_GRANTED);
	(void)close(go[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	(void)close(ready[0]);
	(void)trust_world_block(place, "me");
	assert_int_equal(trust_world_ask(place, "me"), REASON_USER_BLOCKED);
}

/* The daemon's user cannot write the -shm, and sees it all the same. */
static int
see_as(const struct passwd *user, const char *directory, int ready, int go)
{
	struct error error = { "" };
	struct trust *trust;
	enum reason before, after;
	char byte;

	if (setgroups(0, NULL) == -1 || setgid(user->pw_gid) == -1 ||
	    setuid(user->pw_uid) == -1)
		return 3;
	trust = trust_open(directory, ENDPOINT, &error);
	if (trust == NULL)
		return 4;
	before = trust_world_ask_of(trust, "me", 1000, &error);
	if (write(ready, "x", 1) != 1 || read(go, &byte, 1) != 1)
		return 5;
	after = trust_world_ask_of(trust, "me", 1000, &error);
	trust_free(trust);
	return before == REASON_GRANTED && after == REASON_USER_BLOCKED ? 0 :
	    6;
}

static const struct passwd *
make_system(struct trust_world *place)
{
	static const char *const names[] = { "games", "uucp", "list", "irc",
	    "backup", "news" };
	struct moment now = trust_world_at(1000);
	size_t i;
	int made = 0;

	trust_world_leave(place);
	free(place->directory);
	place->directory = strdup(scratch_path(place->scratch, "system"));
	assert_int_equal(chmod(place->scratch, 0755), 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		error_clear(&place->error);
		(void)trust_init(&(struct trust_init){ place->directory,
		    ENDPOINT, names[i], "tester" }, &now, &made,
		    &place->error);
		if (made)
			return getpwnam(names[i]);
	}
	return NULL;
}

static void
test_daemon_user(void **state)
{
	struct trust_world *place = *state;
	const struct passwd *user;
	int ready[2], go[2], status;
	char byte;
	pid_t child;

	if (geteuid() != 0) {
		scratch_skips("not root");
		skip();
	}
	user = make_system(place);
	if (user == NULL) {
		scratch_skips("no user whose group has no other member");
		skip();
		return;
	}
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		(void)close(go[1]);
		_exit(see_as(user, place->directory, ready[1], go[0]));
	}
	(void)close(ready[1]);
	(void)close(go[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	place->writer = trust_writer_open(place->directory, ENDPOINT,
	    &place->error);
	assert_non_null(place->writer);
	(void)trust_world_block(place, "me");
	assert_int_equal(write(go[1], "x", 1), 1);
	(void)close(go[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	(void)close(ready[0]);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, trust_world_setup, \
	trust_world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_damaged),
		CASE(test_replaced),
		CASE(test_beside_removed),
		CASE(test_removed_at_once),
		CASE(test_concurrent),
		CASE(test_held),
		CASE(test_daemon_user)
	};

	return cmocka_run_group_tests_name("trust_readers", tests, NULL, NULL);
}
