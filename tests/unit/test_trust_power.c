/*
 * The power is cut at any write or sync of a change: what was acknowledged is
 * there afterwards, and nothing is half done; and when it was acknowledged a
 * copy of trust.db alone had it.
 *
 * AUTHGEAR_TEST_CUTS: how many cuts (150).
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

#include "lossy_vfs.h"
#include "scratch.h"
#include "state/trust.h"
#include "state/write/trust_init.h"
#include "state/write/trust_writer.h"

#define ENDPOINT "https://login.example.com"
#define CHANGES 6		/* of a round */
#define OPERATIONS 160		/* at least as many as they make */

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

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cuts) };

	return cmocka_run_group_tests_name("trust_power", tests, NULL, NULL);
}
