#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "scratch.h"
#include "state/database.h"
#include "state/database_connection.h"
#include "state/database_network.h"
#include "state/sql.h"

static const char *const steps[] = {
	"CREATE TABLE one (a INTEGER) STRICT",
	"CREATE TABLE two (a INTEGER) STRICT; INSERT INTO one VALUES (2)"
};
static const char *const broken_steps[] = {
	"CREATE TABLE one (a INTEGER) STRICT",
	"CREATE TABLE two (a INTEGER) STRICT; CREATE TABLE one (a INTEGER)"
};
static const struct database_schema schema_1 = { .version = 1,
    .application_id = 77, .migrations = steps, .mode = 0600 };
static const struct database_schema schema_2 = { .version = 2,
    .application_id = 77, .migrations = steps, .full_sync = 1, .mode = 0600,
    .is_checked = 1 };
static const struct database_schema broken_2 = { .version = 2,
    .application_id = 77, .migrations = broken_steps, .mode = 0600 };
static const struct database_schema foreign = { .version = 1,
    .application_id = 78, .migrations = steps, .mode = 0600 };

struct place {
	char *directory;
	char *path;
};

static int
setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	place->directory = scratch_make();
	place->path = strdup(scratch_path(place->directory, "test.db"));
	assert_non_null(place->path);
	*state = place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	scratch_remove(place->directory);
	free(place->path);
	free(place);
	return 0;
}

static void
expect(const struct place *place, enum database_mode mode,
    const struct database_schema *schema, enum database_outcome outcome)
{
	struct error error = { "" };
	struct sqlite3 *db;
	enum database_outcome got;

	got = database_open(place->path, mode, schema, &db, &error);
	if (got != outcome)
		fail_msg("outcome %d, not %d: %s", (int)got, (int)outcome,
		    error_text(&error));
	if (outcome == DATABASE_OPENED) {
		assert_string_equal(error_text(&error), "no error");
		assert_non_null(db);
	} else {
		assert_string_not_equal(error_text(&error), "no error");
		assert_null(db);
	}
	database_close(db);
}

static void
test_absent(void **state)
{
	struct place *place = *state;

	expect(place, DATABASE_READ, &schema_1, DATABASE_ABSENT);
	expect(place, DATABASE_WRITE, &schema_1, DATABASE_ABSENT);
	assert_int_equal(scratch_count(place->directory, "test.db"), 0);
	expect(place, DATABASE_CREATE, &schema_1, DATABASE_OPENED);
	expect(place, DATABASE_WRITE, &schema_1, DATABASE_OPENED);
	expect(place, DATABASE_READ, &schema_1, DATABASE_OPENED);
}

static void
test_migration(void **state)
{
	struct place *place = *state;

	expect(place, DATABASE_CREATE, &schema_1, DATABASE_OPENED);
	expect(place, DATABASE_READ, &schema_2, DATABASE_FAILED);
	expect(place, DATABASE_CREATE, &broken_2, DATABASE_FAILED);
	/* nothing of the half that worked is left */
	expect(place, DATABASE_READ, &schema_1, DATABASE_OPENED);
	/* who only writes rows migrates nothing */
	expect(place, DATABASE_WRITE, &schema_2, DATABASE_FAILED);
	expect(place, DATABASE_READ, &schema_1, DATABASE_OPENED);
	expect(place, DATABASE_CREATE, &schema_2, DATABASE_OPENED);
	expect(place, DATABASE_WRITE, &schema_2, DATABASE_OPENED);
	scratch_sql(place->path, "INSERT INTO two SELECT a FROM one");
	expect(place, DATABASE_READ, &schema_2, DATABASE_OPENED);
	expect(place, DATABASE_RENEW, &schema_1, DATABASE_NEWER);
	expect(place, DATABASE_READ, &schema_1, DATABASE_NEWER);
	expect(place, DATABASE_WRITE, &foreign, DATABASE_CORRUPT);
}

static void
test_empty(void **state)
{
	struct place *place = *state;

	scratch_write(place->path, "", 0);
	expect(place, DATABASE_READ, &schema_1, DATABASE_CORRUPT);
	expect(place, DATABASE_WRITE, &schema_1, DATABASE_CORRUPT);
	assert_int_equal(scratch_size(place->path), 0);
	expect(place, DATABASE_CREATE, &schema_1, DATABASE_OPENED);
}

static void
test_unsafe(void **state)
{
	static const mode_t modes[] = { 0620, 0602, 0640, 0604, 0700, 04600 };
	struct place *place = *state;
	char *real = strdup(scratch_path(place->directory, "real.db"));
	char *wal = strdup(scratch_path(place->directory, "test.db-wal"));
	size_t i;

	assert_non_null(real);
	assert_non_null(wal);
	expect(place, DATABASE_CREATE, &schema_1, DATABASE_OPENED);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(place->path, modes[i]), 0);
		expect(place, DATABASE_READ, &schema_1, DATABASE_UNSAFE);
		expect(place, DATABASE_WRITE, &schema_1, DATABASE_UNSAFE);
		expect(place, DATABASE_RENEW, &schema_1, DATABASE_UNSAFE);
	}
	assert_int_equal(chmod(place->path, 0600), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(place->path, 1, 1), 0);
		expect(place, DATABASE_READ, &schema_1, DATABASE_UNSAFE);
		expect(place, DATABASE_RENEW, &schema_1, DATABASE_UNSAFE);
		assert_int_equal(chown(place->path, 0, 0), 0);
	}
	(void)unlink(wal);
	assert_int_equal(symlink("real.db", wal), 0);
	expect(place, DATABASE_WRITE, &schema_1, DATABASE_UNSAFE);
	assert_int_equal(unlink(wal), 0);
	assert_int_equal(rename(place->path, real), 0);
	assert_int_equal(symlink("real.db", place->path), 0);
	expect(place, DATABASE_RENEW, &schema_1, DATABASE_UNSAFE);
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(symlink("nowhere", place->path), 0);
	expect(place, DATABASE_CREATE, &schema_1, DATABASE_UNSAFE);
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(mkfifo(place->path, 0600), 0);
	expect(place, DATABASE_READ, &schema_1, DATABASE_UNSAFE);
	free(real);
	free(wal);
}

static void
test_renew(void **state)
{
	struct place *place = *state;
	char garbage[5000];
	int i;

	memset(garbage, 'x', sizeof(garbage));
	for (i = 0; i < 3; i++) {
		(void)unlink(scratch_path(place->directory, "test.db-wal"));
		(void)unlink(scratch_path(place->directory, "test.db-shm"));
		scratch_write(place->path, garbage, sizeof(garbage));
		expect(place, DATABASE_CREATE, &schema_1, DATABASE_CORRUPT);
		expect(place, DATABASE_RENEW, &schema_1, DATABASE_OPENED);
		assert_int_equal(scratch_count(place->directory,
		    "test.db.corrupt-"), 1);
	}
	assert_int_equal(scratch_size(scratch_path(place->directory,
	    "test.db.corrupt-3")), sizeof(garbage));
}

static void
test_read_only_directory(void **state)
{
	struct place *place = *state;

	if (geteuid() == 0) {
		scratch_skips("root may write everywhere");
		skip();
	}
	assert_int_equal(chmod(place->directory, 0500), 0);
	expect(place, DATABASE_RENEW, &schema_1, DATABASE_FAILED);
	assert_int_equal(chmod(place->directory, 0700), 0);
}

static void
test_no_directory(void **state)
{
	struct place *place = *state;

	assert_int_equal(rmdir(place->directory), 0);
	expect(place, DATABASE_CREATE, &schema_1, DATABASE_FAILED);
	expect(place, DATABASE_READ, &schema_1, DATABASE_ABSENT);
}

static void
test_in_place(void **state)
{
	struct place *place = *state;
	struct sqlite3_stmt *statement = NULL;
	struct error error = { "" };
	struct sqlite3 *db;
	long first, second;

	assert_int_equal(database_open(place->path, DATABASE_CREATE,
	    &schema_1, &db, &error), DATABASE_OPENED);
	assert_int_equal(database_connection_in_place(db), 1);
	assert_int_equal(database_connection_version(db, &statement,
	    &first), 0);
	assert_int_equal(sqlite3_exec(db, "INSERT INTO one VALUES (1)", NULL,
	    NULL, NULL), SQLITE_OK);
	assert_int_equal(database_connection_version(db, &statement,
	    &second), 0);
	assert_int_equal(first, second);
	scratch_sql(place->path, "INSERT INTO one VALUES (2)");
	assert_int_equal(database_connection_version(db, &statement,
	    &second), 0);
	assert_int_not_equal(first, second);
	assert_int_equal(rename(place->path,
	    scratch_path(place->directory, "moved.db")), 0);
	assert_int_equal(database_connection_in_place(db), 0);
	scratch_write(place->path, "", 0);
	assert_int_equal(database_connection_in_place(db), 0);
	(void)sqlite3_finalize(statement);
	database_close(db);
}

static void
test_values(void **state)
{
	static const char insert[] = "INSERT INTO kinds "
	    "VALUES (?1, ?2, ?3, ?4)";
	static const char select[] = "SELECT count(*) FROM kinds WHERE "
	    "a IS NULL AND b = 9223372036854775807 AND c = 'text' AND "
	    "d = x'00ff00'";
	const struct sql_value values[] = { sql_text(NULL),
	    sql_number(INT64_MAX), sql_text("text"),
	    sql_bytes("\0\xff\0", 3), sql_null() };
	struct place *place = *state;
	struct sqlite3 *db;
	char text[8];
	int64_t count;
	int found;

	assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
	assert_int_equal(sql_run(db, "CREATE TABLE kinds (a, b, c, d)", NULL,
	    0), SQLITE_OK);
	assert_int_equal(sql_run(db, insert, values, 4), SQLITE_OK);
	assert_int_equal(sql_ask(db, select, NULL, 0, &count), SQLITE_OK);
	assert_int_equal(count, 1);
	/* one value more or less than it has parameters */
	assert_int_equal(sql_run(db, insert, values, 3), SQLITE_RANGE);
	assert_int_equal(sql_run(db, insert, values, 5), SQLITE_RANGE);
	assert_int_equal(sql_run(db, "SELECT nothing", NULL, 0),
	    SQLITE_ERROR);
	/* no row is no 0, but where it is asked for */
	count = 1;
	assert_int_equal(sql_ask(db, "SELECT b FROM kinds WHERE b = ?1",
	    values, 1, &count), SQLITE_NOTFOUND);
	assert_int_equal(count, 0);
	assert_int_equal(sql_find(db, "SELECT b FROM kinds WHERE b = ?1",
	    values, 1, &found, &count), SQLITE_OK);
	assert_int_equal(found, 0);
	assert_int_equal(sql_find(db, "SELECT 0 WHERE ?1 IS NULL", values, 1,
	    &found, &count), SQLITE_OK);
	assert_int_equal(found, 1);
	assert_int_equal(sql_ask(db, "SELECT count(*) FROM kinds", NULL, 0,
	    &count), SQLITE_OK);
	assert_int_equal(count, 1);
	assert_int_equal(sql_ask_text(db, "SELECT 'longer than it'", text,
	    sizeof(text)), SQLITE_OK);
	assert_string_equal(text, "longer ");
	assert_int_equal(sql_ask_text(db, "SELECT 'x' WHERE 0", text,
	    sizeof(text)), SQLITE_NOTFOUND);
	assert_string_equal(text, "");
	assert_int_equal(sql_ask_text(db, "SELECT NULL", text,
	    sizeof(text)), SQLITE_NOTFOUND);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* What the file system of "/told" is said to be; others are asked for. */
static unsigned long told_type;

int
statfs(const char *path, struct statfs *fs)
{
	if (strcmp(path, "/told") != 0)
		return (int)syscall(SYS_statfs, path, fs);
	memset(fs, 0, sizeof(*fs));
	fs->f_type = (__fsword_t)told_type;
	return 0;
}

static void
test_network(void **state)
{
	static const struct {
		const char *name;
		unsigned long type;
		int network;
	} cases[] = {
		{ "nfs", 0x6969, 1 }, { "cifs", 0xff534d42, 1 },
		{ "smb2", 0xfe534d42, 1 }, { "fuse", 0x65735546, 1 },
		{ "9p", 0x01021997, 1 }, { "ceph", 0x00c36400, 1 },
		{ "cifs, signed", 0xffffffffff534d42, 1 },
		{ "ext4", 0xef53, 0 }, { "xfs", 0x58465342, 0 },
		{ "btrfs", 0x9123683e, 0 }, { "tmpfs", 0x01021994, 0 },
		{ "overlayfs", 0x794c7630, 0 }, { "zfs", 0x2fc12fc1, 0 }
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		told_type = cases[i].type;
		if (database_network("/told") != cases[i].network)
			fail_msg("%s", cases[i].name);
	}
	assert_int_equal(database_network("/nonexistent/directory"), 1);
	assert_int_equal(database_network("/proc"), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_absent),
		CASE(test_migration),
		CASE(test_empty),
		CASE(test_unsafe),
		CASE(test_renew),
		CASE(test_read_only_directory),
		CASE(test_no_directory),
		CASE(test_in_place),
		CASE(test_values),
		cmocka_unit_test(test_network)
	};

	return cmocka_run_group_tests_name("database", tests, NULL, NULL);
}
