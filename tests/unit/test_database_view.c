/* A file read in place, whatever its writers do meanwhile. */
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "scratch.h"
#include "state/database_view.h"

#define ROWS 2000

static const char *const steps[] = {
	"CREATE TABLE number (id INTEGER PRIMARY KEY, value INTEGER NOT NULL) "
	"STRICT; INSERT INTO number VALUES (1, 0)"
};
static const struct database_schema schema = { .version = 1,
    .application_id = 77, .migrations = steps, .full_sync = 1, .mode = 0600 };

struct place {
	char *directory;
	char *path;
	char *wal;
	char *shm;
	struct database_view *view;
	struct error error;
};

static void
open_view(struct place *place)
{
	error_clear(&place->error);
	if (database_view_open(place->path, &schema, &place->view,
	    &place->error) != DATABASE_OPENED)
		fail_msg("%s", error_text(&place->error));
}

static void
close_view(struct place *place)
{
	database_view_close(place->view);
	place->view = NULL;
}

static int
setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	struct sqlite3 *db;

	assert_non_null(place);
	place->directory = scratch_make();
	place->path = strdup(scratch_path(place->directory, "test.db"));
	place->wal = strdup(scratch_path(place->directory, "test.db-wal"));
	place->shm = strdup(scratch_path(place->directory, "test.db-shm"));
	assert_int_equal(database_open(place->path, DATABASE_CREATE, &schema,
	    &db, &place->error), DATABASE_OPENED);
	database_close(db);
	open_view(place);
	*state = place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	close_view(place);
	scratch_remove(place->directory);
	free(place->path);
	free(place->wal);
	free(place->shm);
	free(place);
	return 0;
}

static struct sqlite3 *
open_writer(const struct place *place)
{
	struct error error = { "" };
	struct sqlite3 *db;

	if (database_open(place->path, DATABASE_WRITE, &schema, &db,
	    &error) != DATABASE_OPENED)
		fail_msg("%s", error_text(&error));
	return db;
}

static void
run(struct sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

/* The number that the statement answers through the view; -1: it failed. */
static int64_t
ask(struct place *place, const char *sql)
{
	struct sqlite3_stmt *statement = NULL;
	int64_t number = -1;

	if (sqlite3_prepare_v2(database_view_db(place->view), sql, -1,
	    &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	return number;
}

/* As a reader does it. */
static int64_t
look(struct place *place, const char *sql)
{
	int64_t number;
	int i;

	for (i = 0; i < 1000; i++) {
		if (place->view == NULL)
			open_view(place);
		if (database_view_take(place->view) == DATABASE_VIEW_MOVED) {
			close_view(place);
			continue;
		}
		number = ask(place, sql);
		if (database_view_holds(place->view))
			return number;
	}
	fail_msg("never of one moment");
	return -1;
}

static int64_t
value(struct place *place)
{
	return look(place, "SELECT value FROM number WHERE id = 1");
}

static void
test_same(void **state)
{
	struct place *place = *state;

	assert_int_equal(value(place), 0);
	assert_int_equal(database_view_take(place->view), DATABASE_VIEW_SAME);
	assert_int_equal(database_view_take(place->view), DATABASE_VIEW_SAME);
	scratch_sql(place->path, "UPDATE number SET value = 1");
	assert_int_not_equal(database_view_take(place->view),
	    DATABASE_VIEW_SAME);
	assert_int_equal(value(place), 1);
	assert_int_equal(database_view_take(place->view), DATABASE_VIEW_SAME);
	assert_int_equal(chmod(place->path, 0400), 0);
	assert_int_equal(database_view_take(place->view),
	    DATABASE_VIEW_MOVED);
}

/* Many commits within one tick of the file system's clock, with the log at
 * each of its stages: none is missed. */
static void
test_each_commit(void **state)
{
	static const char *const between[] = { "",
	    "PRAGMA wal_checkpoint(PASSIVE)", "PRAGMA wal_checkpoint(FULL)",
	    "PRAGMA wal_checkpoint(RESTART)",
	    "PRAGMA wal_checkpoint(TRUNCATE)" };
	struct place *place = *state;
	struct sqlite3 *db = open_writer(place);
	char sql[128];
	int i;

	/* as fast as can be */
	run(db, "PRAGMA synchronous=OFF");
	for (i = 1; i <= 2000; i++) {
		/* as each change of trust_writer, page 1 too */
		(void)snprintf(sql, sizeof(sql), "BEGIN IMMEDIATE; UPDATE "
		    "number SET value = %d; PRAGMA user_version=1; COMMIT", i);
		run(db, sql);
		if (i % 3 == 0)
			run(db, between[(size_t)(i / 3) % 5]);
		assert_int_equal(value(place), i);
		if (i % 3 == 1)
			run(db, between[(size_t)(i / 3) % 5]);
		assert_int_equal(value(place), i);
	}
	database_close(db);
}

/* -shm and -wal as no reader could use them otherwise. */
static void
test_beside(void **state)
{
	static char noise[100000];
	struct place *place = *state;
	size_t i;

	memset(noise, 0x5a, sizeof(noise));
	scratch_sql(place->path, "UPDATE number SET value = 7; "
	    "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(value(place), 7);
	scratch_write(place->shm, noise, 48);
	assert_int_equal(value(place), 7);
	(void)unlink(place->shm);
	assert_int_equal(value(place), 7);
	for (i = 1; i <= sizeof(noise); i = i * 10 + 3) {
		scratch_write(place->wal, noise, i);
		assert_int_equal(value(place), 7);
	}
	assert_int_equal(unlink(place->wal), 0);
	assert_int_equal(value(place), 7);
	close_view(place);
	assert_int_equal(value(place), 7);
	assert_int_equal(scratch_size(place->wal), -1);
	assert_int_equal(scratch_size(place->shm), -1);
	scratch_sql(place->path, "UPDATE number SET value = 8");
	assert_int_equal(value(place), 8);
}

/* Another file at the path. */
static void
test_moved(void **state)
{
	struct place *place = *state;
	char *copy = strdup(scratch_path(place->directory, "copy.db"));
	char sql[4200];

	(void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", copy);
	scratch_sql(place->path, sql);
	assert_int_equal(chmod(copy, 0600), 0);
	scratch_sql(place->path, "UPDATE number SET value = 9; "
	    "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(value(place), 9);
	assert_int_equal(rename(copy, place->path), 0);
	assert_int_equal(database_view_take(place->view),
	    DATABASE_VIEW_MOVED);
	assert_int_equal(value(place), 0);
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(database_view_take(place->view),
	    DATABASE_VIEW_MOVED);
	close_view(place);
	assert_int_equal(database_view_open(place->path, &schema,
	    &place->view, &place->error), DATABASE_ABSENT);
	assert_null(place->view);
	free(copy);
}

/* Each transaction moves the same amount between all rows; a sum that is not
 * 0 was never there. */
static void
write_along(const struct place *place, int stop)
{
	struct sqlite3 *db = open_writer(place);
	char sql[256], byte;
	unsigned int i;

	(void)sqlite3_busy_timeout(db, 10000);
	for (i = 1; read(stop, &byte, 1) == -1; i++) {
		(void)snprintf(sql, sizeof(sql), "BEGIN IMMEDIATE; "
		    "UPDATE number SET value = value + (CASE id %% 2 WHEN 0 "
		    "THEN %u ELSE -%u END); PRAGMA user_version=1; COMMIT; "
		    "PRAGMA wal_checkpoint(%s)", i, i,
		    i % 3 == 0 ? "PASSIVE" : "TRUNCATE");
		if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
			_exit(1);
	}
	_exit(0);
}

/* A reader that believes what holds never sees half a transaction. */
static void
test_consistent(void **state)
{
	struct place *place = *state;
	char sql[256];
	int64_t last = 0, now;
	int stop[2], status, i, changes = 0;
	pid_t child;

	(void)snprintf(sql, sizeof(sql), "DELETE FROM number; WITH RECURSIVE "
	    "n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	    "INSERT INTO number SELECT i, 0 FROM n", ROWS);
	scratch_sql(place->path, sql);
	assert_int_equal(pipe2(stop, O_NONBLOCK), 0);
	close_view(place);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		(void)close(stop[1]);	/* it ends with its parent too */
		write_along(place, stop[0]);
	}
	for (i = 0; i < 2000; i++) {
		assert_int_equal(look(place, "SELECT sum(value) FROM number"),
		    0);
		now = look(place, "SELECT value FROM number WHERE id = 2000");
		changes += now != last;
		assert_true(now >= last);
		last = now;
	}
	assert_int_equal(write(stop[1], "x", 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(changes > 0);
	(void)close(stop[0]);
	(void)close(stop[1]);
}

/* A writer is killed in the middle of a large transaction: nothing of it is
 * seen, and the next one is, though it begins with the same bytes. */
static void
test_killed(void **state)
{
	struct place *place = *state;
	struct sqlite3 *db;
	char byte;
	int ready[2], i, status;
	pid_t child;

	for (i = 1; i <= 20; i++) {
		close_view(place);
		assert_int_equal(pipe(ready), 0);
		child = fork();
		assert_int_not_equal(child, -1);
		if (child == 0) {
			db = open_writer(place);
			run(db, "PRAGMA cache_size=1; PRAGMA cache_spill=1; "
			    "BEGIN IMMEDIATE; PRAGMA user_version=1; "
			    "UPDATE number SET value = -1; WITH RECURSIVE n "
			    "(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n "
			    "WHERE i < 3000) INSERT OR REPLACE INTO number "
			    "SELECT i, -1 FROM n");
			if (write(ready[1], "x", 1) != 1)
				_exit(1);
			(void)pause();
		}
		assert_int_equal(read(ready[0], &byte, 1), 1);
		open_view(place);
		assert_int_equal(value(place), i - 1);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(value(place), i - 1);
		db = open_writer(place);
		run(db, "BEGIN IMMEDIATE; PRAGMA user_version=1; "
		    "UPDATE number SET value = value + 1 WHERE id = 1; COMMIT");
		if (i % 2 == 0)
			run(db, "PRAGMA wal_checkpoint(TRUNCATE)");
		assert_int_equal(value(place), i);
		database_close(db);
		(void)close(ready[0]);
		(void)close(ready[1]);
	}
}

/* A change so large that the log grows before its commit: until then nothing
 * has changed, and to know that costs no recovery. */
static void
test_growing(void **state)
{
	struct place *place = *state;
	struct sqlite3 *db = open_writer(place);
	char sql[256];
	long before, after;
	int i;

	run(db, "PRAGMA cache_size=1; PRAGMA cache_spill=1; "
	    "UPDATE number SET value = 1; BEGIN IMMEDIATE; "
	    "UPDATE number SET value = 2");
	assert_int_equal(value(place), 1);
	for (i = 1; i <= 20; i++) {
		before = scratch_size(place->wal);
		(void)snprintf(sql, sizeof(sql), "WITH RECURSIVE n (i) AS "
		    "(SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
		    "INSERT INTO number SELECT i, 2 FROM n", i * 1000,
		    i * 1000 + 999);
		run(db, sql);
		after = scratch_size(place->wal);
		if (i > 2 && after > before)
			assert_int_equal(database_view_take(place->view),
			    DATABASE_VIEW_SAME);
		assert_int_equal(value(place), 1);
	}
	run(db, "COMMIT");
	assert_int_equal(database_view_take(place->view),
	    DATABASE_VIEW_CHANGED);
	assert_int_equal(value(place), 2);
	assert_int_equal(look(place, "SELECT count(*) FROM number"), 20001);
	/* likewise in a log that had no commit yet */
	for (i = 3; i <= 20; i++) {
		run(db, "PRAGMA wal_checkpoint(TRUNCATE); BEGIN IMMEDIATE");
		(void)snprintf(sql, sizeof(sql), "UPDATE number SET value = "
		    "%d WHERE id < %d", i, 1000 * i);
		run(db, sql);
		assert_int_equal(value(place), i - 1);
		(void)snprintf(sql, sizeof(sql), "UPDATE number SET value = "
		    "%d", i);
		run(db, sql);
		assert_int_equal(value(place), i - 1);
		run(db, "COMMIT");
		assert_int_equal(value(place), i);
	}
	database_close(db);
}

/* It holds up nobody: a writer empties the log in the middle of a read. */
static void
test_out_of_the_way(void **state)
{
	struct place *place = *state;
	struct sqlite3 *db = open_writer(place);
	struct sqlite3_stmt *statement = NULL;
	int in_log = -1, done = -1;

	assert_int_equal(value(place), 0);
	assert_int_equal(sqlite3_prepare_v2(database_view_db(place->view),
	    "SELECT id FROM number UNION ALL SELECT 2", -1, &statement, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	run(db, "UPDATE number SET value = 5");
	assert_int_equal(sqlite3_wal_checkpoint_v2(db, "main",
	    SQLITE_CHECKPOINT_TRUNCATE, &in_log, &done), SQLITE_OK);
	assert_int_equal(scratch_size(place->wal), 0);
	assert_false(database_view_holds(place->view));
	(void)sqlite3_finalize(statement);
	assert_int_equal(value(place), 5);
	database_close(db);
}

static void
test_foreign(void **state)
{
	struct place *place = *state;
	struct database_schema other = schema;
	struct database_view *view;

	other.application_id = 78;
	assert_int_equal(database_view_open(place->path, &other, &view,
	    &place->error), DATABASE_CORRUPT);
	assert_null(view);
	close_view(place);
	scratch_write(place->path, "", 0);
	error_clear(&place->error);
	assert_int_equal(database_view_open(place->path, &schema, &view,
	    &place->error), DATABASE_CORRUPT);
	scratch_write(place->path, "This is no database at all.\n", 28);
	error_clear(&place->error);
	assert_int_equal(database_view_open(place->path, &schema, &view,
	    &place->error), DATABASE_CORRUPT);
	assert_non_null(strstr(error_text(&place->error), "damaged"));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_same),
		CASE(test_each_commit),
		CASE(test_beside),
		CASE(test_moved),
		CASE(test_consistent),
		CASE(test_killed),
		CASE(test_growing),
		CASE(test_out_of_the_way),
		CASE(test_foreign)
	};

	return cmocka_run_group_tests_name("database_view", tests, NULL,
	    NULL);
}
