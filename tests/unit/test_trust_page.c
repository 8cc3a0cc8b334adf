#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
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
#include "trust_world.h"

static const char *
page_path(const struct trust_world *place)
{
	return trust_world_page_path(place);
}

static int
setup(void **state)
{
	if (geteuid() != 0) {
		scratch_skips("the page is root's");
		skip();
	}
	(void)umask(077);
	return trust_world_setup(state);
}

static void
test_made(void **state)
{
	struct trust_world *place = *state;
	struct stat st;

	assert_true(trust_world_is_good(place));
	assert_int_equal(stat(scratch_path(place->scratch, "state.epoch"),
	    &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(stat(page_path(place), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(st.st_size, EPOCH_SIZE);
	/* nobody but root gets at the lock */
	assert_int_equal(stat(scratch_path(place->scratch,
	    "state/trust.db.epoch.lock"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void
be_linked(struct trust_world *place)
{
	scratch_write(scratch_path(place->scratch, "elsewhere"), "precious",
	    8);
	scratch_need(unlink(page_path(place)) == 0 &&
	    symlink("../elsewhere", page_path(place)) == 0, "symlink");
}

static void
be_folder(struct trust_world *place)
{
	scratch_need(unlink(page_path(place)) == 0 &&
	    mkdir(page_path(place), 0755) == 0, "mkdir");
}

static void
be_pipe(struct trust_world *place)
{
	scratch_need(unlink(page_path(place)) == 0 &&
	    mkfifo(page_path(place), 0644) == 0, "mkfifo");
}

static void
be_two(struct trust_world *place)
{
	scratch_need(link(page_path(place), scratch_path(place->scratch,
	    "second")) == 0, "link");
}

static void
be_somebodys(struct trust_world *place)
{
	scratch_need(chown(page_path(place), 12345, (gid_t)-1) == 0, "chown");
}

static void
be_in_somebodys(struct trust_world *place)
{
	scratch_need(chown(scratch_path(place->scratch, "state.epoch"), 12345,
	    (gid_t)-1) == 0, "chown");
}

static void
be_in_link(struct trust_world *place)
{
	scratch_need(rename(scratch_path(place->scratch, "state.epoch"),
	    scratch_path(place->scratch, "moved")) == 0 && symlink("moved",
	    scratch_path(place->scratch, "state.epoch")) == 0, "symlink");
}

static void
be_in_file(struct trust_world *place)
{
	be_in_link(place);
	scratch_need(unlink(scratch_path(place->scratch, "state.epoch")) == 0,
	    "unlink");
	scratch_write(scratch_path(place->scratch, "state.epoch"), "x", 1);
}

static const struct {
	const char *name;
	void (*run)(struct trust_world *place);
} refused[] = {
	{ "a symbolic link", be_linked },
	{ "a directory", be_folder },
	{ "a pipe", be_pipe },
	{ "of two names", be_two },
	{ "somebody else's", be_somebodys },
	{ "in somebody else's directory", be_in_somebodys },
	{ "in a linked directory", be_in_link },
	{ "in a file", be_in_file }
};

/* Nothing is changed where nobody could be told of it. */
static void
test_refused(void **state)
{
	struct trust_world *place;
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		(void)trust_world_teardown(state);
		(void)setup(state);
		place = *state;
		refused[i].run(place);
		if (trust_world_try(place, "u1") != TRUST_FAILED)
			fail_msg("%s: it was written", refused[i].name);
		if (strstr(place->error.text, "state.epoch") == NULL ||
		    strstr(place->error.text, "nothing was changed") == NULL)
			fail_msg("%s: it says %s", refused[i].name,
			    place->error.text);
		if (trust_world_ask(place, "u1") != REASON_GRANTED)
			fail_msg("%s: it was changed", refused[i].name);
		if (refused[i].run == be_linked)
			assert_int_equal(scratch_size(scratch_path(
			    place->scratch, "elsewhere")), 8);
	}
}

static void
be_gone(struct trust_world *place)
{
	scratch_need(unlink(page_path(place)) == 0 && rmdir(scratch_path(
	    place->scratch, "state.epoch")) == 0, "rmdir");
}

static void
be_short(struct trust_world *place)
{
	scratch_need(truncate(page_path(place), 3) == 0, "truncate");
}

static void
be_long(struct trust_world *place)
{
	scratch_need(truncate(page_path(place), 300) == 0, "truncate");
}

static void
be_closed(struct trust_world *place)
{
	scratch_need(chmod(page_path(place), 0600) == 0 && chmod(scratch_path(
	    place->scratch, "state.epoch"), 0700) == 0, "chmod");
}

static void
be_open(struct trust_world *place)
{
	scratch_need(chmod(page_path(place), 0666) == 0 && chmod(scratch_path(
	    place->scratch, "state.epoch"), 0777) == 0, "chmod");
}

static void
test_mended(void **state)
{
	static void (*const damages[])(struct trust_world *place) = {
		be_gone, be_short, be_long, be_closed, be_open
	};
	struct trust_world *place;
	struct stat st;
	size_t i;

	for (i = 0; i < 2 * sizeof(damages) / sizeof(damages[0]); i++) {
		(void)trust_world_teardown(state);
		(void)setup(state);
		place = *state;
		damages[i / 2](place);
		if (i % 2 == 0)
			assert_int_equal(trust_world_try(place, "u1"),
			    TRUST_WRITTEN);
		else
			trust_world_init(place);
		if (!trust_world_is_good(place))
			fail_msg("damage %zu was not mended", i);
		assert_int_equal(stat(page_path(place), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0644);
	}
}

/* Who had a page open that others could write to has another file. */
static void
test_open_before(void **state)
{
	struct trust_world *place = *state;
	unsigned char before[EPOCH_SIZE], after[EPOCH_SIZE];
	int fd;

	be_open(place);
	fd = open(page_path(place), O_RDWR | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	assert_int_equal(trust_world_try(place, "u1"), TRUST_WRITTEN);
	assert_true(trust_world_look(place, before));
	scratch_need(pwrite(fd, "0123456789abcdef", 16, 0) == 16, "pwrite");
	(void)close(fd);
	assert_true(trust_world_look(place, after));
	assert_memory_equal(before, after, EPOCH_SIZE);
}

/* Everybody may read the page, and so lock it: that stops no command. */
static void
test_locked_by_reader(void **state)
{
	struct trust_world *place = *state;
	const int fd = open(page_path(place), O_RDONLY | O_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(trust_world_try(place, "u1"), TRUST_WRITTEN);
	assert_true(trust_world_is_good(place));
	(void)close(fd);
}

/* Another user than root makes no page, and where there is one changes nothing
 * that it would not tell. */
static void
test_not_root(void **state)
{
	struct trust_world *place = *state;
	char command[8192];
	int status;
	pid_t pid;

	trust_world_leave(place);
	(void)snprintf(command, sizeof(command), "chmod 755 %s && "
	    "chown -R 12345:12345 %s", place->scratch, place->directory);
	assert_int_equal(system(command), 0);
	pid = fork();
	scratch_need(pid != -1, "fork");
	if (pid == 0) {
		if (setgid(12345) != 0 || setuid(12345) != 0)
			_exit(9);
		trust_world_enter(place);
		_exit(trust_world_try(place, "u1") == TRUST_FAILED ? 0 : 1);
	}
	(void)waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	be_gone(place);
	pid = fork();
	scratch_need(pid != -1, "fork");
	if (pid == 0) {
		if (setgid(12345) != 0 || setuid(12345) != 0)
			_exit(9);
		trust_world_enter(place);
		_exit(trust_world_try(place, "u1") == TRUST_WRITTEN ? 0 : 1);
	}
	(void)waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(scratch_size(page_path(place)), -1);
}

#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, setup, trust_world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_made),
		CASE(test_refused),
		CASE(test_mended),
		CASE(test_open_before),
		CASE(test_locked_by_reader),
		CASE(test_not_root)
	};

	return cmocka_run_group_tests_name("trust page", tests, NULL, NULL);
}
