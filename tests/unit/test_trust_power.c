/*
 * The power is cut at any write or sync of a change, or of the commands that
 * keep the state: what was acknowledged is there afterwards, and nothing is
 * half done; and when it was acknowledged a copy of trust.db alone had it.
 *
 * AUTHGEAR_TEST_CUTS: how many cuts (150, and 75 of those commands).
 */
#include <sys/stat.h>

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

#include "lossy_vfs.h"
#include "scratch.h"
#include "state/trust.h"
#include "state/write/trust_backup.h"
#include "state/write/trust_init.h"
#include "state/write/trust_list.h"
#include "state/write/trust_writer.h"

#define ENDPOINT "https://login.example.com"
#define CHANGES 6		/* of a round */
#define OPERATIONS 160		/* at least as many as they make */
#define COMMANDS 6
#define COMMAND_OPERATIONS 140	/* likewise, of all commands */

static const struct trust_note note = { "tester", "a stolen laptop", "cli",
    NULL };
static const struct moment now = { 1700000000, 1000,
    "11111111-2222-3333-4444-555555555555" };

/* How many of them are blocked: the first ones, and no other. */
static int
count_blocked(const char *directory)
{
	struct error error = { "" };
	struct trust *trust = trust_open(directory, ENDPOINT, &error);
	struct facts facts;
	enum reason reason;
	char user[32];
	int i, count = 0;

	if (trust == NULL)
		fail_msg("%s", error_text(&error));
	for (i = 0; i < CHANGES; i++) {
		facts_init(&facts);
		(void)snprintf(user, sizeof(user), "user-%d", i);
		facts.user_id = strdup(user);
		facts.issued_at = facts.authenticated_at = now.wall;
		(void)trust_revoked(trust, &facts, "", &now, &reason, &error);
		if (reason != REASON_GRANTED && reason != REASON_USER_BLOCKED)
			fail_msg("%s", error_text(&error));
		if (reason == REASON_USER_BLOCKED)
			assert_int_equal(count++, i);
		facts_clear(&facts);
	}
	trust_free(trust);
	return count;
}

/* Blocks "user-0" and on until the cut; how many were acknowledged.  At each
 * of them a copy of what the disk has of trust.db alone holds it. */
static int
change_until_cut(const char *directory, const char *copy)
{
	struct revocation row = { REVOCATION_USER, REVOCATION_BLOCKED, NULL,
	    REVOCATION_NO_TIME, REVOCATION_NO_TIME };
	struct trust_writer *writer;
	struct error error = { "" };
	char user[32];
	struct trust_added added;
	int count = 0, is_written = 1;

	writer = trust_writer_open(directory, ENDPOINT, &error);
	if (writer == NULL)
		return 0;
	while (is_written && count < CHANGES) {
		(void)snprintf(user, sizeof(user), "user-%d", count);
		row.value = user;
		is_written = trust_writer_add(writer, &row, &note, &now,
		    &added, &error) == TRUST_WRITTEN;
		if (!is_written)
			break;
		count++;
		/* cut off between the change and its checkpoint: so it says */
		if (trust_writer_lacks(writer) != NULL) {
			assert_true(lossy_vfs_is_cut());
			break;
		}
		lossy_vfs_copy_synced("trust.db", scratch_path(copy,
		    "trust.db"));
		assert_int_equal(count_blocked(copy), count);
	}
	trust_writer_free(writer);
	return count;
}

static void
expect_sound(const char *directory)
{
	struct trust_writer *writer;
	struct error error = { "" };
	int64_t number;

	writer = trust_writer_open(directory, ENDPOINT, &error);
	/* which checks the whole */
	if (writer == NULL || trust_writer_accept(writer, &note, &now, &number,
	    &error) != TRUST_WRITTEN)
		fail_msg("%s", error_text(&error));
	trust_writer_free(writer);
}

static const char *
make_directory(const char *scratch, const char *name)
{
	const char *directory = scratch_path(scratch, name);

	assert_int_equal(mkdir(directory, 0700), 0);
	return directory;
}

/* Answers whether the cut came at all. */
static int
cut_at(unsigned int nth, unsigned int seed)
{
	char *scratch = scratch_make();
	char *state = strdup(scratch_path(scratch, "state"));
	char *disk = strdup(make_directory(scratch, "disk"));
	char *copy = strdup(make_directory(scratch, "copy"));
	struct error error = { "" };
	int made, acknowledged, blocked, is_cut;

	assert_int_equal(trust_init(&(struct trust_init){ state, ENDPOINT,
	    NULL, "tester" }, &now, &made, &error), 0);
	lossy_vfs_begin(state, nth);
	acknowledged = change_until_cut(state, copy);
	is_cut = lossy_vfs_is_cut();
	lossy_vfs_end(disk, seed);
	blocked = count_blocked(disk);
	/* the one that was cut off may be there, nothing more */
	if (blocked < acknowledged || blocked > acknowledged + 1)
		fail_msg("cut %u, seed %u: %d acknowledged, %d there", nth,
		    seed, acknowledged, blocked);
	assert_true(is_cut || acknowledged == CHANGES);
	expect_sound(disk);
	if (scratch_size(scratch_path(copy, "trust.db")) > 0)
		expect_sound(copy);
	free(state);
	free(disk);
	free(copy);
	scratch_remove(scratch);
	return is_cut;
}

static void
test_cuts(void **state)
{
	const char *text = getenv("AUTHGEAR_TEST_CUTS");
	const int cuts = text != NULL ? atoi(text) : 150;
	int i, came = 0;

	(void)state;
	for (i = 0; i < cuts; i++)
		came += cut_at(1 + (unsigned int)i % OPERATIONS,
		    (unsigned int)i);
	print_message("# the power was cut in %d of %d rounds\n", came, cuts);
	assert_true(came > cuts / 3);
}

/* --- the commands that keep the state */

/* What trust.db of a directory says, but for its lineage; freed by the
 * caller. */
static char *
describe(const char *directory)
{
	static const char sql[] = "SELECT (SELECT number FROM state) || ':' ||"
	    " (SELECT count(*) FROM audit) || ':' || (SELECT"
	    " coalesce(group_concat(hex(value) || rule), '') FROM (SELECT"
	    " value, rule FROM revocation ORDER BY id)) || ':' || (SELECT"
	    " coalesce(group_concat(user_id || account), '') FROM account)";
	struct sqlite3_stmt *statement = NULL;
	struct sqlite3 *db = NULL;
	char *text;

	assert_int_equal(sqlite3_open(scratch_path(directory, "trust.db"),
	    &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	text = strdup((const char *)sqlite3_column_text(statement, 0));
	assert_non_null(text);
	(void)sqlite3_finalize(statement);
	(void)sqlite3_close(db);
	return text;
}

static int
add(struct trust_writer *writer, enum revocation_kind kind, char *value)
{
	const int is_token = kind == REVOCATION_TOKEN;
	const struct trust_token token = { "0123456789abcdef0123456789abcdef"
	    "0123456789abcdef0123456789abcdef", 5 };
	const struct trust_note with = { "tester", "", "cli",
	    is_token ? &token : NULL };
	const struct revocation row = { kind, is_token ? REVOCATION_REVOKED :
	    REVOCATION_BLOCKED, value, REVOCATION_NO_TIME,
	    REVOCATION_NO_TIME };
	struct trust_added added;
	struct error error = { "" };

	return trust_writer_add(writer, &row, &with, &now, &added, &error) ==
	    TRUST_WRITTEN;
}

/* One that has a block that is lifted since, and lacks one; and a token that
 * ended. */
static struct trust_backup *
prepare(const char *state)
{
	const struct trust_choice choice = { 0, REVOCATION_USER, "backed-up" };
	char backed_up[] = "backed-up", late[] = "late", token[] = "jti";
	struct error error = { "" };
	struct trust_backup *backup;
	struct trust_writer *writer;
	int count;

	writer = trust_writer_open(state, ENDPOINT, &error);
	assert_non_null(writer);
	assert_true(add(writer, REVOCATION_USER, backed_up));
	backup = trust_list_copy(state, ENDPOINT, NULL, NULL, &error);
	assert_non_null(backup);
	assert_int_equal(trust_writer_lift(writer, &choice, &note, &now,
	    &count, &error), TRUST_WRITTEN);
	assert_true(add(writer, REVOCATION_USER, late));
	assert_true(add(writer, REVOCATION_TOKEN, token));
	trust_writer_free(writer);
	return backup;
}

/* The nth of the commands: whether it was acknowledged. */
static int
command(struct trust_writer *writer, struct trust_backup *backup, int nth)
{
	const struct trust_prune_wish old = { .ended_before = 1000 };
	struct trust_restore_wish wish = { .backup = backup,
	    .is_exact = nth == 5, .last = INT64_MAX };
	struct trust_restored restored;
	struct trust_pruned pruned;
	struct error error = { "" };
	char value[] = "another";
	int64_t number;

	switch (nth) {
	case 0:
		return trust_writer_keys_due(writer, &note, &now, &number,
		    &error) == TRUST_WRITTEN;
	case 1:
		return trust_writer_map(writer, "ann", "account", &note, &now,
		    &error) == TRUST_WRITTEN;
	case 2:
		return trust_writer_prune(writer, &old, &note, &now, &pruned,
		    &error) == TRUST_WRITTEN;
	case 4:
		return add(writer, REVOCATION_USER, value);
	default:
		return trust_writer_restore(writer, &wish, &note, &now,
		    &restored, &error) == TRUST_WRITTEN;
	}
}

/* Commands until the cut: how many were acknowledged.  `told`: what there is
 * after each, which is written without a cut and looked at with one. */
static int
command_until_cut(const char *state, const char *copy,
    struct trust_backup *backup, char *told[COMMANDS + 1], int is_first)
{
	struct error error = { "" };
	struct trust_writer *writer;
	char *text;
	int count = 0;

	writer = trust_writer_open(state, ENDPOINT, &error);
	while (writer != NULL && count < COMMANDS &&
	    command(writer, backup, count)) {
		count++;
		if (trust_writer_lacks(writer) != NULL) {
			assert_true(lossy_vfs_is_cut());
			break;
		}
		lossy_vfs_copy_synced("trust.db", scratch_path(copy,
		    "trust.db"));
		text = describe(copy);
		if (is_first)
			told[count] = strdup(text);
		assert_string_equal(text, told[count]);
		free(text);
	}
	trust_writer_free(writer);
	return count;
}

static int
is_text(const char *text, const char *wanted)
{
	return wanted != NULL && strcmp(text, wanted) == 0;
}

/* nth 0: no cut, and `told` is written.  Whether it came. */
static int
cut_commands(unsigned int nth, unsigned int seed, char *told[COMMANDS + 1])
{
	char *scratch = scratch_make();
	char *state = strdup(scratch_path(scratch, "state"));
	char *disk = strdup(make_directory(scratch, "disk"));
	char *copy = strdup(make_directory(scratch, "copy"));
	struct trust_backup *backup;
	struct error error = { "" };
	char *text;
	int made, acknowledged, is_cut;

	assert_int_equal(trust_init(&(struct trust_init){ state, ENDPOINT,
	    NULL, "tester" }, &now, &made, &error), 0);
	backup = prepare(state);
	if (nth == 0)
		told[0] = describe(state);
	lossy_vfs_begin(state, nth);
	acknowledged = command_until_cut(state, copy, backup, told, nth == 0);
	is_cut = lossy_vfs_is_cut();
	lossy_vfs_end(disk, seed);
	text = describe(disk);
	if (!is_text(text, told[acknowledged]) &&
	    (acknowledged == COMMANDS ||
	    !is_text(text, told[acknowledged + 1])))
		fail_msg("cut %u, seed %u: %d acknowledged, and there is %s",
		    nth, seed, acknowledged, text);
	assert_true(is_cut || acknowledged == COMMANDS);
	expect_sound(disk);
	free(text);
	trust_backup_free(backup);
	free(state);
	free(disk);
	free(copy);
	scratch_remove(scratch);
	return is_cut;
}

static void
test_commands(void **state)
{
	const char *text = getenv("AUTHGEAR_TEST_CUTS");
	const int cuts = text != NULL ? atoi(text) : 75;
	char *told[COMMANDS + 1] = { NULL };
	int i, came = 0;

	(void)state;
	assert_false(cut_commands(0, 0, told));
	for (i = 0; i < COMMANDS; i++) {
		assert_non_null(told[i + 1]);
		assert_string_not_equal(told[i], told[i + 1]);
	}
	for (i = 0; i < cuts; i++)
		came += cut_commands(1 + 3U * (unsigned int)i %
		    COMMAND_OPERATIONS, (unsigned int)i, told);
	print_message("# the power was cut in %d of %d rounds of commands\n",
	    came, cuts);
	assert_true(came > cuts / 3);
	for (i = 0; i <= COMMANDS; i++)
		free(told[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cuts),
	    cmocka_unit_test(test_commands) };

	return cmocka_run_group_tests_name("trust_power", tests, NULL, NULL);
}
