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

#include "face/epoch.h"
#include "fcgi/epoch_page.h"
#include "fcgi/epoch_shown.h"
#include "scratch.h"

#define SOMEBODY 12345

static const char good[EPOCH_SIZE] = "0123456789abcde";
static const char zeros[EPOCH_SIZE + 1] = { 0 };

struct place {
	char *scratch;
	char *directory;
	char *page;
	struct epoch epoch;
	unsigned char value[EPOCH_SIZE];
};

static int
setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	place->scratch = scratch_make();
	place->directory = strdup(scratch_path(place->scratch, "pages"));
	place->page = strdup(scratch_path(place->scratch, "pages/trust"));
	scratch_need(mkdir(place->directory, 0755) == 0, "mkdir");
	scratch_need(chmod(place->directory, 0755) == 0, "chmod");
	scratch_write(place->page, good, sizeof(good));
	scratch_need(chmod(place->page, 0644) == 0, "chmod");
	epoch_init(&place->epoch, place->directory, EPOCH_TRUST,
	    geteuid() == 0 ? EPOCH_OF_ROOT : EPOCH_OF_DIRECTORY);
	*state = place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	epoch_clear(&place->epoch);
	scratch_remove(place->scratch);
	free(place->directory);
	free(place->page);
	free(place);
	return 0;
}

static void
assert_nothing(struct place *place)
{
	assert_int_equal(epoch_read(&place->epoch, place->value), 0);
	assert_memory_equal(place->value, zeros, EPOCH_SIZE);
}

static void
assert_reads(struct place *place, const char *text)
{
	assert_int_equal(epoch_look(&place->epoch), 1);
	assert_int_equal(epoch_read(&place->epoch, place->value), 1);
	assert_memory_equal(place->value, text, EPOCH_SIZE);
}

static void
test_good(void **state)
{
	struct place *place = *state;

	assert_nothing(place);		/* nobody has looked yet */
	assert_reads(place, good);
	scratch_poke(place->page, 3, "X", 1);
	assert_int_equal(epoch_read(&place->epoch, place->value), 1);
	assert_memory_equal(place->value, "012X456789abcde", EPOCH_SIZE);
}

static void
be_short(struct place *place)
{
	scratch_need(truncate(place->page, EPOCH_SIZE - 1) == 0, "truncate");
}

static void
be_empty(struct place *place)
{
	scratch_need(truncate(place->page, 0) == 0, "truncate");
}

static void
be_long(struct place *place)
{
	scratch_need(truncate(place->page, EPOCH_SIZE + 1) == 0, "truncate");
}

static void
be_zeros(struct place *place)
{
	scratch_poke(place->page, 0, zeros, EPOCH_SIZE);
}

static void
be_of_group(struct place *place)
{
	scratch_need(chmod(place->page, 0664) == 0, "chmod");
}

static void
be_of_others(struct place *place)
{
	scratch_need(chmod(place->page, 0646) == 0, "chmod");
}

static void
be_gone(struct place *place)
{
	scratch_need(unlink(place->page) == 0, "unlink");
}

static void
be_two(struct place *place)
{
	scratch_need(link(place->page, scratch_path(place->scratch,
	    "second")) == 0, "link");
}

static void
be_replaced(struct place *place)
{
	const char *other = scratch_path(place->scratch, "other");

	scratch_write(other, "abcdefghijklmno", EPOCH_SIZE);
	scratch_need(rename(other, place->page) == 0, "rename");
}

static void
be_somebodys(struct place *place)
{
	scratch_need(chown(place->page, SOMEBODY, (gid_t)-1) == 0, "chown");
}

typedef void damage(struct place *place);

static const struct {
	const char *name;
	damage *run;
	int is_roots;		/* only root can do it */
} damages[] = {
	{ "short", be_short, 0 },
	{ "empty", be_empty, 0 },
	{ "long", be_long, 0 },
	{ "zeros", be_zeros, 0 },
	{ "writable by its group", be_of_group, 0 },
	{ "writable by others", be_of_others, 0 },
	{ "gone", be_gone, 0 },
	{ "of two names", be_two, 0 },
	{ "replaced", be_replaced, 0 },
	{ "of somebody else", be_somebodys, 1 },
};

/* What becomes of a page that is open: at once, without a look. */
static void
test_damaged(void **state)
{
	struct place *place;
	size_t i;

	for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		if (damages[i].is_roots && geteuid() != 0)
			continue;
		(void)teardown(state);
		(void)setup(state);
		place = *state;
		assert_reads(place, good);
		damages[i].run(place);
		if (epoch_read(&place->epoch, place->value) != 0)
			fail_msg("%s: it was read", damages[i].name);
		assert_memory_equal(place->value, zeros, EPOCH_SIZE);
	}
}

/* And one that is so when it is to be opened; another one in its place is a
 * good one. */
static void
test_damaged_before(void **state)
{
	struct place *place;
	size_t i;

	for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		if (damages[i].run == be_replaced ||
		    (damages[i].is_roots && geteuid() != 0))
			continue;
		(void)teardown(state);
		(void)setup(state);
		place = *state;
		damages[i].run(place);
		(void)epoch_look(&place->epoch);
		if (epoch_read(&place->epoch, place->value) != 0)
			fail_msg("%s: it was read", damages[i].name);
	}
	(void)teardown(state);
	(void)setup(state);
	place = *state;
	be_replaced(place);
	assert_reads(place, "abcdefghijklmno");
}

/* Whoever looks again is told so; zeros alone are a page that is there. */
static void
test_damaged_look(void **state)
{
	struct place *place;
	size_t i;

	for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		if (damages[i].run == be_replaced ||
		    (damages[i].is_roots && geteuid() != 0))
			continue;
		(void)teardown(state);
		(void)setup(state);
		place = *state;
		assert_int_equal(epoch_look(&place->epoch), 1);
		damages[i].run(place);
		if (epoch_look(&place->epoch) !=
		    (damages[i].run == be_zeros))
			fail_msg("%s", damages[i].name);
	}
}

static void
test_odd_files(void **state)
{
	struct place *place = *state;

	be_gone(place);
	assert_int_equal(epoch_look(&place->epoch), 0);
	scratch_need(mkfifo(place->page, 0644) == 0, "mkfifo");
	assert_int_equal(epoch_look(&place->epoch), 0);
	be_gone(place);
	scratch_need(mkdir(place->page, 0755) == 0, "mkdir");
	assert_int_equal(epoch_look(&place->epoch), 0);
	scratch_need(rmdir(place->page) == 0, "rmdir");
	scratch_write(scratch_path(place->scratch, "real"), good,
	    sizeof(good));
	scratch_need(symlink("../real", place->page) == 0, "symlink");
	assert_int_equal(epoch_look(&place->epoch), 0);
	assert_nothing(place);
}

static void
move(struct place *place, const char *from, const char *to)
{
	char *old = strdup(scratch_path(place->scratch, from));

	assert_non_null(old);
	scratch_need(rename(old, scratch_path(place->scratch, to)) == 0,
	    "rename");
	free(old);
}

static void
test_directory(void **state)
{
	struct place *place = *state;

	assert_reads(place, good);
	scratch_need(chmod(place->directory, 0775) == 0, "chmod");
	assert_int_equal(epoch_look(&place->epoch), 0);
	scratch_need(chmod(place->directory, 0757) == 0, "chmod");
	assert_int_equal(epoch_look(&place->epoch), 0);
	scratch_need(chmod(place->directory, 0755) == 0, "chmod");
	assert_reads(place, good);
	/* the page is whole, but it is not there any more */
	move(place, "pages", "moved");
	assert_int_equal(epoch_look(&place->epoch), 0);
	assert_nothing(place);
	scratch_need(symlink("moved", place->directory) == 0, "symlink");
	assert_int_equal(epoch_look(&place->epoch), 0);
	scratch_need(unlink(place->directory) == 0, "unlink");
	move(place, "moved", "pages");
	assert_reads(place, good);
}

static void
test_owners(void **state)
{
	struct place *place = *state;

	if (geteuid() != 0) {
		scratch_skips("only root gives files away");
		skip();
	}
	scratch_need(chown(place->directory, SOMEBODY, (gid_t)-1) == 0 &&
	    chown(place->page, SOMEBODY, (gid_t)-1) == 0, "chown");
	assert_int_equal(epoch_look(&place->epoch), 0);
	place->epoch.owner = EPOCH_OF_DIRECTORY;
	assert_reads(place, good);
	/* whoever is let into a folder of another's is not him */
	scratch_need(chown(place->page, 0, (gid_t)-1) == 0, "chown");
	assert_nothing(place);
	epoch_clear(&place->epoch);
	assert_int_equal(epoch_look(&place->epoch), 0);
	scratch_need(chown(place->page, SOMEBODY + 1, (gid_t)-1) == 0,
	    "chown");
	assert_int_equal(epoch_look(&place->epoch), 0);
}

/* A command for the shell, with the path wherever %s is. */
static void
fill_in(char *command, size_t size, const char *form, const char *path)
{
	const char *at;
	size_t len = 0;

	command[0] = '\0';
	for (; (at = strstr(form, "%s")) != NULL; form = at + 2) {
		len += (size_t)snprintf(command + len, size - len, "%.*s%s",
		    (int)(at - form), form, path);
		assert_true(len < size);
	}
	(void)snprintf(command + len, size - len, "%s", form);
}

/* The daemon's page, as the reader sees it: 1 and what it says. */
static int
read_daemons(struct place *place, unsigned char value[EPOCH_SIZE])
{
	struct epoch epoch;
	int ret;

	epoch_init(&epoch, place->directory, EPOCH_DAEMON,
	    EPOCH_OF_DIRECTORY);
	ret = epoch_look(&epoch) && epoch_read(&epoch, value);
	epoch_clear(&epoch);
	return ret;
}

static void
test_daemon(void **state)
{
	struct place *place = *state;
	unsigned char first[EPOCH_SIZE], second[EPOCH_SIZE];
	struct error error = { "" };
	struct epoch_page *page = epoch_page_new(place->directory, &error);

	assert_non_null(page);
	assert_false(read_daemons(place, first));
	assert_int_equal(epoch_page_renew(page, &error), 0);
	assert_true(read_daemons(place, first));
	assert_true(epoch_page_is_ours(page));
	assert_int_equal(epoch_page_renew(page, &error), 0);
	assert_true(read_daemons(place, second));
	assert_memory_not_equal(first, second, EPOCH_SIZE);
	assert_int_equal(epoch_page_blank(page, &error), 0);
	assert_false(read_daemons(place, first));
	assert_int_equal(epoch_page_renew(page, &error), 0);
	epoch_page_free(page);
	assert_false(read_daemons(place, first));
	/* and what one that was killed left is none either */
	scratch_write(scratch_path(place->directory, EPOCH_DAEMON), good,
	    sizeof(good));
	page = epoch_page_new(place->directory, &error);
	assert_non_null(page);
	assert_false(read_daemons(place, first));
	epoch_page_free(page);
}

/* What is shown of it is what lies there, and nothing where nothing does. */
static void
test_daemon_shown(void **state)
{
	struct place *place = *state;
	static const unsigned char none[EPOCH_SIZE] = { 0 };
	static const unsigned char roots[EPOCH_SIZE] = { 0xa1, 2 };
	struct epoch_shown shown = { { 0, 0 } };
	char text[EPOCH_SHOWN_SIZE], hex[EPOCH_SHOWN_SIZE];
	unsigned char value[EPOCH_SIZE] = { 0 };
	struct error error = { "" };
	struct epoch_page *page = epoch_page_new(place->directory, &error);
	size_t i;

	assert_non_null(page);
	assert_false(epoch_shown_text(&shown, text));
	epoch_shown_set(&shown, roots, epoch_page_value(page));
	assert_false(epoch_shown_text(&shown, text));
	assert_int_equal(epoch_page_renew(page, &error), 0);
	epoch_shown_set(&shown, none, epoch_page_value(page));
	assert_false(epoch_shown_text(&shown, text));
	epoch_shown_set(&shown, roots, epoch_page_value(page));
	assert_true(epoch_shown_text(&shown, text));
	assert_true(read_daemons(place, value));
	for (i = 0; i < EPOCH_SIZE; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", roots[i]);
	for (i = 0; i < EPOCH_SIZE; i++)
		(void)snprintf(hex + 2 * (EPOCH_SIZE + i), 3, "%02x",
		    value[i]);
	assert_string_equal(text, hex);
	assert_int_equal(chmod(place->directory, 0777), 0);
	assert_int_equal(epoch_page_renew(page, &error), -1);
	epoch_shown_set(&shown, roots, epoch_page_value(page));
	assert_false(epoch_shown_text(&shown, text));
	assert_int_equal(chmod(place->directory, 0755), 0);
	epoch_page_free(page);
}

/* What somebody did to it is seen, and mended by the next writing. */
static void
test_daemon_damaged(void **state)
{
	static const char *const commands[] = {
		"rm %s", "truncate -s 3 %s", "truncate -s 99 %s",
		"chmod 666 %s", "mv %s %s.old", "ln %s %s.link",
		"ln -sf trust %s", "cp %s %s.old; mv %s.old %s",
		"printf 0123456789abcdef >%s", "rm %s; mkfifo %s"
	};
	struct place *place = *state;
	unsigned char value[EPOCH_SIZE];
	struct error error = { "" };
	struct epoch_page *page = epoch_page_new(place->directory, &error);
	char path[4096], command[8192];
	size_t i;

	assert_non_null(page);
	(void)snprintf(path, sizeof(path), "%s/" EPOCH_DAEMON,
	    place->directory);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		assert_int_equal(epoch_page_renew(page, &error), 0);
		assert_true(epoch_page_is_ours(page));
		fill_in(command, sizeof(command), commands[i], path);
		assert_int_equal(system(command), 0);
		/* a copy of the same bytes is as good */
		if (strncmp(commands[i], "cp", 2) != 0 &&
		    epoch_page_is_ours(page))
			fail_msg("%s: not seen", command);
		if (epoch_page_renew(page, &error) == -1 ||
		    !read_daemons(place, value))
			fail_msg("%s: not mended: %s", command,
			    error_text(&error));
	}
	/* what the link led to is as it was */
	assert_reads(place, good);
	epoch_page_free(page);
}

static void
test_daemon_refused(void **state)
{
	static const struct {
		const char *command;
		int is_roots;
	} rows[] = {
		{ "chmod 775 %s", 0 }, { "chmod 757 %s", 0 },
		{ "chmod 700 %s", 0 }, { "rm -r %s", 0 },
		{ "rm -r %s; touch %s", 0 },
		{ "mv %s %s.real; ln -s pages.real %s", 0 },
		{ "mkdir %s/" EPOCH_DAEMON, 0 }, { "chown 12345 %s", 1 }
	};
	struct error error = { "" };
	struct place *place;
	char command[8192];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].is_roots && geteuid() != 0)
			continue;
		(void)teardown(state);
		(void)setup(state);
		place = *state;
		fill_in(command, sizeof(command), rows[i].command,
		    place->directory);
		assert_int_equal(system(command), 0);
		error_clear(&error);
		if (epoch_page_new(place->directory, &error) != NULL)
			fail_msg("%s: not refused", command);
		if (strstr(error.text, place->directory) == NULL)
			fail_msg("%s: %s", command, error.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_before, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_damaged_look, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_odd_files, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_directory, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_owners, setup, teardown),
		cmocka_unit_test_setup_teardown(test_daemon, setup, teardown),
		cmocka_unit_test_setup_teardown(test_daemon_shown, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_daemon_damaged, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_daemon_refused, setup,
		    teardown),
	};

	return cmocka_run_group_tests_name("epoch", tests, NULL, NULL);
}
