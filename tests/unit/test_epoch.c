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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_before, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_odd_files, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_directory, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_owners, setup, teardown),
	};

	return cmocka_run_group_tests_name("epoch", tests, NULL, NULL);
}
