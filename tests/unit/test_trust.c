#include <sys/stat.h>
#include <sys/wait.h>

#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"
#include "state/trust.h"
#include "state/write/trust_init.h"

#define ENDPOINT "https://login.example.com"
#define OTHER "https://other.example.com"

struct place {
	char *scratch;
	char *directory;
	char *file;
	struct error error;
};

static struct moment
at(int64_t boottime)
{
	struct moment now = { 1700000000, boottime,
	    "11111111-2222-3333-4444-555555555555" };

	return now;
}

static int
init(struct place *place, const char *endpoint, int *made_out)
{
	struct moment now = at(1000);

	error_clear(&place->error);
	return trust_init(&(struct trust_init){ place->directory, endpoint,
	    NULL, "tester" }, &now, made_out, &place->error);
}

static int
setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	int made;

	assert_non_null(place);
	place->scratch = scratch_make();
	place->directory = strdup(scratch_path(place->scratch, "state"));
	place->file = strdup(scratch_path(place->scratch, "state/trust.db"));
	assert_non_null(place->directory);
	assert_non_null(place->file);
	assert_int_equal(init(place, ENDPOINT, &made), 0);
	assert_int_equal(made, 1);
	*state = place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	(void)chmod(place->directory, 0700);
	scratch_remove(place->scratch);
	free(place->directory);
	free(place->file);
	free(place);
	return 0;
}

static void
expect_open(struct place *place, const char *wrong)
{
	struct trust *trust;

	error_clear(&place->error);
	trust = trust_open(place->directory, ENDPOINT, &place->error);
	if (wrong == NULL) {
		assert_string_equal(error_text(&place->error), "no error");
		assert_non_null(trust);
	} else {
		assert_null(trust);
		if (strstr(error_text(&place->error), wrong) == NULL)
			fail_msg("%s", error_text(&place->error));
	}
	trust_free(trust);
}

static void
expect_init(struct place *place, const char *endpoint, const char *wrong)
{
	int made;

	assert_int_equal(init(place, endpoint, &made), wrong ? -1 : 0);
	assert_int_equal(made, TRUST_THERE);
	if (wrong != NULL &&
	    strstr(error_text(&place->error), wrong) == NULL)
		fail_msg("%s", error_text(&place->error));
}

static void
test_init_twice(void **state)
{
	expect_init(*state, ENDPOINT, NULL);
	expect_open(*state, NULL);
	expect_init(*state, OTHER, ENDPOINT);
	expect_open(*state, NULL);
}

static void
test_init_other_files(void **state)
{
	struct place *place = *state;

	scratch_write(scratch_path(place->directory, "letter"), "x", 1);
	expect_init(place, ENDPOINT, "letter");
}

static void
test_init_lost(void **state)
{
	struct place *place = *state;

	assert_int_equal(truncate(place->file, 0), 0);
	expect_init(place, ENDPOINT, "lost or empty");
	expect_open(place, "damaged");
	assert_int_equal(unlink(place->file), 0);
	expect_init(place, ENDPOINT, "lost or empty");
	expect_open(place, "does not exist");
}

static void
test_init_places(void **state)
{
	static const char *const bad[] = { "", "relative/state" };
	struct moment now = at(1000);
	struct place *place = *state;
	size_t i;
	int made;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		error_clear(&place->error);
		assert_int_equal(trust_init(&(struct trust_init){ bad[i],
		    ENDPOINT, NULL, "tester" }, &now, &made, &place->error),
		    -1);
	}
	assert_int_equal(symlink("state",
	    scratch_path(place->scratch, "link")), 0);
	error_clear(&place->error);
	assert_int_equal(trust_init(&(struct trust_init){
	    scratch_path(place->scratch, "link"), ENDPOINT, NULL, "tester" },
	    &now, &made, &place->error), -1);
	assert_non_null(strstr(error_text(&place->error), "symbolic link"));
	error_clear(&place->error);
	assert_int_equal(trust_init(&(struct trust_init){
	    scratch_path(place->scratch, "two"), ENDPOINT,
	    "no-such-user-of-ours", "tester" }, &now, &made, &place->error),
	    -1);
	assert_int_equal(scratch_size(scratch_path(place->scratch, "two")),
	    -1);
}

static void
test_modes(void **state)
{
	static const struct {
		mode_t directory, file;
		const char *wrong;
	} cases[] = {
		{ 0700, 0640, NULL },
		{ 0700, 0600, NULL },
		{ 0500, 0440, NULL },
		{ 0701, 0640, "mode 0701" },
		{ 0722, 0640, "mode 0722" },
		{ 0777, 0640, "mode 0777" },
		{ 01777, 0640, "mode 1777" },
		{ 0700, 0660, "mode 0660" },
		{ 0700, 0644, "mode 0644" },
		{ 0700, 0642, "mode 0642" },
		{ 0700, 04640, "mode 4640" },
		{ 0700, 0750, "mode 0750" }
	};
	struct place *place = *state;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(chmod(place->file, cases[i].file), 0);
		assert_int_equal(chmod(place->directory, cases[i].directory),
		    0);
		expect_open(place, cases[i].wrong);
		assert_int_equal(chmod(place->directory, 0700), 0);
	}
}

static void
test_links(void **state)
{
	struct place *place = *state;
	char *real = strdup(scratch_path(place->directory, "real.db"));

	assert_non_null(real);
	assert_int_equal(rename(place->file, real), 0);
	assert_int_equal(symlink("real.db", place->file), 0);
	expect_open(place, "symbolic link");
	assert_int_equal(unlink(place->file), 0);
	assert_int_equal(mkdir(place->file, 0700), 0);
	expect_open(place, "no ordinary file");
	free(real);
}

static void
test_owner(void **state)
{
	struct place *place = *state;

	if (geteuid() != 0) {
		scratch_skips("not root");
		skip();
	}
	assert_int_equal(chown(place->file, 1, 1), 0);
	expect_open(place, "belongs to uid 1");
	assert_int_equal(chown(place->file, 0, 0), 0);
	assert_int_equal(chown(place->directory, 1, 1), 0);
	expect_open(place, "belongs to uid 1");
	assert_int_equal(chown(place->directory, 0, 0), 0);
	expect_open(place, NULL);
}

/* Files of earlier releases are read as they are, until init migrates. */
static void
test_versions(void **state)
{
	struct place *place = *state;
	int schema, made;

	for (schema = 1; schema <= 2; schema++) {
		scratch_recorded_trust(schema, ENDPOINT, place->directory);
		expect_open(place, NULL);
		expect_init(place, OTHER, ENDPOINT);
		assert_int_equal(init(place, ENDPOINT, &made), 0);
		/* what refused it had left it as it was */
		assert_int_equal(made, TRUST_MIGRATED);
		expect_init(place, ENDPOINT, NULL);
		expect_open(place, NULL);
	}
	scratch_sql(place->file, "PRAGMA user_version=99");
	expect_open(place, "later release");
	expect_init(place, ENDPOINT, "later release");
	scratch_sql(place->file, "PRAGMA user_version=3; "
	    "PRAGMA application_id=7");
	expect_open(place, "damaged or not a database of ours");
	expect_init(place, ENDPOINT, "damaged or not a database of ours");
}

static void
test_corrupt(void **state)
{
	static const long offsets[] = { 0, 16, 100, 4096, 8192 };
	static const char garbage[64] = "not at all what SQLite wrote here";
	struct place *place = *state;
	size_t i;

	scratch_sql(place->file, "PRAGMA journal_mode=DELETE");
	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		char saved[64];
		FILE *file = fopen(place->file, "r+");

		assert_non_null(file);
		assert_int_equal(fseek(file, offsets[i], SEEK_SET), 0);
		assert_int_equal(fread(saved, 1, 64, file), 64);
		(void)fclose(file);
		scratch_poke(place->file, offsets[i], garbage, 64);
		expect_open(place, "damaged");
		scratch_poke(place->file, offsets[i], saved, 64);
		expect_open(place, NULL);
	}
	assert_int_equal(truncate(place->file, 5000), 0);
	expect_open(place, "damaged");
}

static void
test_check(void **state)
{
	struct place *place = *state;
	struct moment now = at(10000);
	struct trust *trust;

	trust = trust_open(place->directory, ENDPOINT, &place->error);
	assert_non_null(trust);
	assert_int_equal(trust_check(trust, &now, &place->error), 0);
	scratch_sql(place->file, "INSERT INTO audit (time, actor, action, "
	    "detail) VALUES (1, 'a', 'b', 'c')");
	assert_int_equal(trust_check(trust, &now, &place->error), 0);
	/* another endpoint is seen at once, by data_version */
	scratch_sql(place->file, "UPDATE meta SET value = '" OTHER "'");
	assert_int_equal(trust_check(trust, &now, &place->error), -1);
	assert_non_null(strstr(error_text(&place->error), OTHER));
	scratch_sql(place->file, "UPDATE meta SET value = '" ENDPOINT "'");
	now = at(11000);
	assert_int_equal(trust_check(trust, &now, NULL), 0);
	/* a mode of the file is seen at once, of the directory a second
	 * later if it is bad, at once if it is good again */
	assert_int_equal(chmod(place->file, 0666), 0);
	now = at(11999);
	assert_int_equal(trust_check(trust, &now, NULL), -1);
	assert_int_equal(chmod(place->file, 0640), 0);
	assert_int_equal(trust_check(trust, &now, NULL), 0);
	assert_int_equal(chmod(place->directory, 0777), 0);
	assert_int_equal(trust_check(trust, &now, NULL), 0);
	now = at(12000);
	assert_int_equal(trust_check(trust, &now, NULL), -1);
	assert_int_equal(trust_check(trust, &now, NULL), -1);
	assert_int_equal(chmod(place->directory, 0700), 0);
	assert_int_equal(trust_check(trust, &now, NULL), 0);
	trust_free(trust);
}

static void
test_replaced(void **state)
{
	struct place *place = *state;
	struct moment now = at(10000);
	struct trust *trust;
	char *copy = strdup(scratch_path(place->scratch, "copy.db"));
	char sql[4200];

	assert_non_null(copy);
	(void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", copy);
	scratch_sql(place->file, sql);
	assert_int_equal(chmod(copy, 0640), 0);
	trust = trust_open(place->directory, ENDPOINT, &place->error);
	assert_non_null(trust);
	assert_int_equal(trust_check(trust, &now, NULL), 0);
	assert_int_equal(rename(copy, place->file), 0);
	(void)unlink(scratch_path(place->directory, "trust.db-wal"));
	(void)unlink(scratch_path(place->directory, "trust.db-shm"));
	now = at(11000);
	assert_int_equal(trust_check(trust, &now, &place->error), 0);
	assert_int_equal(unlink(place->file), 0);
	now = at(12000);
	assert_int_equal(trust_check(trust, &now, &place->error), -1);
	assert_non_null(strstr(error_text(&place->error), "does not exist"));
	trust_free(trust);
	free(copy);
}

/* Replaced by another endpoint's while it is open: it is the new one that
 * counts, and nothing is granted by it. */
static void
test_replaced_by_foreign(void **state)
{
	struct place *place = *state;
	struct moment now = at(10000);
	struct trust *trust;
	char *copy = strdup(scratch_path(place->scratch, "copy.db"));
	char sql[4200];

	assert_non_null(copy);
	(void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", copy);
	scratch_sql(place->file, sql);
	scratch_sql(copy, "UPDATE meta SET value = '" OTHER "'");
	assert_int_equal(chmod(copy, 0640), 0);
	trust = trust_open(place->directory, ENDPOINT, &place->error);
	assert_non_null(trust);
	assert_int_equal(trust_check(trust, &now, NULL), 0);
	assert_int_equal(rename(copy, place->file), 0);
	(void)unlink(scratch_path(place->directory, "trust.db-wal"));
	(void)unlink(scratch_path(place->directory, "trust.db-shm"));
	now = at(11000);
	assert_int_equal(trust_check(trust, &now, &place->error), -1);
	assert_non_null(strstr(error_text(&place->error), OTHER));
	trust_free(trust);
	free(copy);
}

/* The directory is opened to others while the daemon runs. */
static void
test_directory_opened(void **state)
{
	struct place *place = *state;
	struct moment now = at(10000);
	struct trust *trust = trust_open(place->directory, ENDPOINT,
	    &place->error);

	assert_non_null(trust);
	assert_int_equal(trust_check(trust, &now, NULL), 0);
	assert_int_equal(chmod(place->directory, 0777), 0);
	now = at(11000);
	assert_int_equal(trust_check(trust, &now, &place->error), -1);
	assert_non_null(strstr(error_text(&place->error), "chmod"));
	assert_int_equal(chmod(place->directory, 0700), 0);
	now = at(12000);
	assert_int_equal(trust_check(trust, &now, NULL), 0);
	trust_free(trust);
}

/* What the daemon does: another user, who reads and cannot write. */
static int
read_as(const struct passwd *user, const struct place *place,
    const char *wrong)
{
	struct error error = { "" };
	struct trust *trust;
	int wstatus;
	pid_t child;

	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		if (setgroups(0, NULL) == -1 || setgid(user->pw_gid) == -1 ||
		    setuid(user->pw_uid) == -1)
			_exit(3);
		trust = trust_open(place->directory, ENDPOINT, &error);
		wstatus = wrong == NULL ? trust == NULL : trust != NULL ||
		    strstr(error_text(&error), wrong) == NULL;
		trust_free(trust);
		_exit(wstatus);
	}
	assert_int_equal(waitpid(child, &wstatus, 0), child);
	return WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : 4;
}

static void
test_daemon_user(void **state)
{
	static const char *const names[] = { "games", "uucp", "list", "irc",
	    "backup", "news" };
	struct place *place = *state;
	struct moment now = at(1000);
	const struct passwd *user = NULL;
	int made = 0;
	size_t i;

	if (geteuid() != 0) {
		scratch_skips("not root");
		skip();
	}
	free(place->directory);
	free(place->file);
	assert_int_equal(chmod(place->scratch, 0755), 0);
	place->directory = strdup(scratch_path(place->scratch, "system"));
	place->file = strdup(scratch_path(place->scratch, "system/trust.db"));
	for (i = 0; i < sizeof(names) / sizeof(names[0]) && !made; i++) {
		error_clear(&place->error);
		user = getpwnam(names[i]);
		if (user != NULL)
			(void)trust_init(&(struct trust_init){
			    place->directory, ENDPOINT, names[i], "tester" },
			    &now, &made, &place->error);
	}
	if (!made) {
		scratch_skips("no user whose group has no other member");
		skip();
	}
	assert_int_equal(read_as(user, place, NULL), 0);
	/* what a reader needs is in trust.db itself */
	assert_int_equal(unlink(scratch_path(place->directory,
	    "trust.db-wal")), 0);
	(void)unlink(scratch_path(place->directory, "trust.db-shm"));
	assert_int_equal(read_as(user, place, NULL), 0);
	expect_init(place, ENDPOINT, NULL);
	assert_int_equal(read_as(user, place, NULL), 0);
	assert_int_equal(chown(place->directory, 0, 0), 0);
	assert_int_equal(chmod(place->directory, 02755), 0);
	assert_int_equal(read_as(user, place, "mode 2755"), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_init_twice),
		CASE(test_init_other_files),
		CASE(test_init_lost),
		CASE(test_init_places),
		CASE(test_modes),
		CASE(test_links),
		CASE(test_owner),
		CASE(test_versions),
		CASE(test_corrupt),
		CASE(test_check),
		CASE(test_replaced),
		CASE(test_replaced_by_foreign),
		CASE(test_directory_opened),
		CASE(test_daemon_user)
	};

	return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
