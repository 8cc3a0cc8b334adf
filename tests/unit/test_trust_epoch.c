#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
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
#include "trust_world.h"

/* What is seen, or happens, in the middle of a transaction. */
enum at { AT_NEVER = 0, AT_BEGIN, AT_COMMIT, AT_COMMITTED };

static struct {
	struct trust_world *place;
	enum at at;
	void (*act)(void);
	int seen[AT_COMMITTED + 1];	/* how often it came there */
	int unclosed;			/* how often the page was good there */
} middle;

static void
pass(enum at at)
{
	middle.seen[at]++;
	middle.unclosed += trust_world_is_good(middle.place);
	if (middle.at == at && middle.act != NULL)
		middle.act();
}

static int
committing(void *context)
{
	(void)context;
	pass(AT_COMMIT);
	return 0;
}

static int
committed(void *context, sqlite3 *db, const char *name, int pages)
{
	(void)context;
	(void)db;
	(void)name;
	(void)pages;
	pass(AT_COMMITTED);
	return SQLITE_OK;
}

static int
traced(unsigned int type, void *context, void *statement, void *text)
{
	(void)type;
	(void)context;
	if (strncmp(text, "BEGIN", 5) != 0)
		return 0;
	/* its own for checkpoints is put in last of all */
	(void)sqlite3_wal_hook(sqlite3_db_handle(statement), committed, NULL);
	pass(AT_BEGIN);
	return 0;
}

static int
watch(sqlite3 *db, const char **error, const void *api)
{
	(void)error;
	(void)api;
	(void)sqlite3_trace_v2(db, SQLITE_TRACE_STMT, traced, NULL);
	(void)sqlite3_commit_hook(db, committing, NULL);
	return SQLITE_OK;
}

/* From here on each connection that is opened is looked into. */
static void
begin_watch(struct trust_world *place, enum at at, void (*act)(void))
{
	memset(&middle, 0, sizeof(middle));
	middle.place = place;
	middle.at = at;
	middle.act = act;
	trust_world_leave(place);
	(void)sqlite3_auto_extension((void (*)(void))watch);
	trust_world_enter(place);
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

static int
teardown(void **state)
{
	sqlite3_reset_auto_extension();
	return trust_world_teardown(state);
}

/* Every command that writes. */
static void
change(struct trust_world *place, int which)
{
	const struct moment now = trust_world_at(3000);
	const struct trust_note *note = &trust_world_note;
	struct error *error = &place->error;
	struct trust_writer *old;
	int64_t number;
	int count;

	error_clear(error);
	switch (which) {
	case 0:
		assert_int_equal(trust_world_try(place, "u1"), TRUST_WRITTEN);
		return;
	case 1:
		assert_int_equal(trust_world_lift(place, 0, REVOCATION_USER,
		    "u1"), 1);
		return;
	case 2:
		assert_int_equal(trust_writer_map(place->writer, "u1", "ann",
		    note, &now, error), TRUST_WRITTEN);
		return;
	case 3:
		assert_int_equal(trust_writer_unmap(place->writer, "u1", note,
		    &now, &count, error), TRUST_WRITTEN);
		return;
	case 4:
		old = trust_writer_open_old(place->directory,
		    TRUST_WORLD_ENDPOINT, error);
		assert_non_null(old);
		assert_false(trust_world_is_good(place));
		assert_int_equal(trust_writer_accept(old, note, &now, &number,
		    error), TRUST_WRITTEN);
		trust_writer_free(old);
		return;
	default:
		trust_world_init(place);
		return;
	}
}

static void
test_changed_by_each(void **state)
{
	struct trust_world *place = *state;
	unsigned char values[7][EPOCH_SIZE];
	int i, j;

	assert_true(trust_world_look(place, values[0]));
	for (i = 0; i < 6; i++) {
		change(place, i);
		if (!trust_world_look(place, values[i + 1]))
			fail_msg("change %d leaves no good page", i);
		for (j = 0; j <= i; j++)
			if (memcmp(values[j], values[i + 1],
			    EPOCH_SIZE) == 0)
				fail_msg("change %d changes nothing", i);
	}
}

/* Zeros from before the transaction begins until after it is committed. */
static void
test_order(void **state)
{
	struct trust_world *place = *state;
	int i;

	begin_watch(place, AT_NEVER, NULL);
	for (i = 0; i < 6; i++) {
		memset(middle.seen, 0, sizeof(middle.seen));
		change(place, i);
		if (middle.seen[AT_BEGIN] == 0)
			fail_msg("change %d was not seen", i);
		if (i < 5 && (middle.seen[AT_COMMIT] == 0 ||
		    middle.seen[AT_COMMITTED] == 0))
			fail_msg("change %d was not committed", i);
		if (middle.unclosed != 0)
			fail_msg("change %d: good within it", i);
		assert_true(trust_world_is_good(place));
	}
}

/* What fails leaves a page that is good again, and others than before. */
static void
test_held(void **state)
{
	struct trust_world *place = *state;
	unsigned char before[EPOCH_SIZE], after[EPOCH_SIZE];
	struct sqlite3 *other;

	assert_true(trust_world_look(place, before));
	other = scratch_block(place->file);
	assert_int_equal(trust_world_try(place, "u1"), TRUST_HELD);
	scratch_unblock(other);
	assert_true(trust_world_look(place, after));
	assert_memory_not_equal(before, after, EPOCH_SIZE);
	assert_int_equal(trust_world_ask(place, "u1"), REASON_GRANTED);
}

static void
forbid_writing(void)
{
	const struct rlimit none = { 0, RLIM_INFINITY };

	(void)signal(SIGXFSZ, SIG_IGN);
	scratch_need(setrlimit(RLIMIT_FSIZE, &none) == 0, "setrlimit");
}

/* It is in force, and said to be; nobody keeps anything. */
static void
test_not_written_after(void **state)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct trust_world *place = *state;

	assert_int_equal(trust_world_try(place, "u1"), TRUST_WRITTEN);
	assert_null(trust_writer_unkept(place->writer));
	begin_watch(place, AT_COMMITTED, forbid_writing);
	assert_int_equal(trust_world_try(place, "u2"),
		    TRUST_WRITTEN);
	scratch_need(setrlimit(RLIMIT_FSIZE, &all) == 0, "setrlimit");
	assert_non_null(trust_writer_unkept(place->writer));
	assert_non_null(strstr(trust_writer_unkept(place->writer),
	    "state.epoch/trust could not be written"));
	assert_false(trust_world_is_good(place));
	assert_int_equal(trust_world_ask(place, "u2"), REASON_USER_BLOCKED);
	middle.act = NULL;
	assert_int_equal(trust_world_try(place, "u3"), TRUST_WRITTEN);
	assert_null(trust_writer_unkept(place->writer));
	assert_true(trust_world_is_good(place));
}

/* And where it cannot be written before, nothing is. */
static void
test_not_written_before(void **state)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct trust_world *place = *state;
	enum trust_write written;

	forbid_writing();
	written = trust_world_try(place, "u1");
	scratch_need(setrlimit(RLIMIT_FSIZE, &all) == 0, "setrlimit");
	assert_int_equal(written, TRUST_FAILED);
	assert_non_null(strstr(place->error.text, "nothing was changed"));
	assert_int_equal(trust_world_ask(place, "u1"), REASON_GRANTED);
}

static void
stop(void)
{
	(void)raise(SIGSTOP);
}

static void
die(void)
{
	(void)raise(SIGKILL);
}

/* A command of another process that comes to `at`. */
static pid_t
start(struct trust_world *place, enum at at, void (*act)(void))
{
	pid_t pid;

	trust_world_leave(place);
	pid = fork();
	scratch_need(pid != -1, "fork");
	if (pid != 0) {
		trust_world_enter(place);
		return pid;
	}
	/* stopped, it would outlive a test that failed */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	begin_watch(place, at, act);
	_exit(trust_world_try(place, "u1") == TRUST_WRITTEN ? 0 : 1);
}

static void
test_killed(void **state)
{
	static const struct {
		enum at at;
		enum reason reason;
	} moments[] = {
		{ AT_BEGIN, REASON_GRANTED },
		{ AT_COMMIT, REASON_GRANTED },
		{ AT_COMMITTED, REASON_USER_BLOCKED }
	};
	struct trust_world *place;
	size_t i;
	int status;

	for (i = 0; i < 3; i++) {
		(void)teardown(state);
		(void)setup(state);
		place = *state;
		(void)waitpid(start(place, moments[i].at, die), &status, 0);
		assert_true(WIFSIGNALED(status));
		assert_false(trust_world_is_good(place));
		assert_int_equal(trust_world_ask(place, "u1"),
		    moments[i].reason);
		if (i == 1)
			trust_world_init(place);
		else
			assert_int_equal(trust_world_try(place, "u2"),
			    TRUST_WRITTEN);
		assert_true(trust_world_is_good(place));
	}
}

/* While one is under way, at whatever point, nobody keeps anything, and no
 * other one says that it is over. */
static void
test_stopped(void **state)
{
	static const enum at points[] = { AT_BEGIN, AT_COMMIT, AT_COMMITTED };
	struct trust_world *place;
	size_t i;
	int status;
	pid_t pid;

	for (i = 0; i < 3; i++) {
		(void)teardown(state);
		(void)setup(state);
		place = *state;
		pid = start(place, points[i], stop);
		assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
		assert_true(WIFSTOPPED(status));
		assert_false(trust_world_is_good(place));
		assert_int_equal(trust_world_try(place, "u2"), TRUST_HELD);
		assert_non_null(strstr(place->error.text,
		    "trust.db.epoch.lock"));
		assert_false(trust_world_is_good(place));
		(void)kill(pid, SIGCONT);
		(void)waitpid(pid, &status, 0);
		assert_int_equal(status, 0);
		assert_true(trust_world_is_good(place));
		assert_int_equal(trust_world_ask(place, "u1"),
		    REASON_USER_BLOCKED);
		assert_int_equal(trust_world_try(place, "u2"),
		    TRUST_WRITTEN);
	}
}

#define WRITERS 4
#define CHANGES 15

/* What was there before a change is never there after it. */
static int
write_many(struct trust_world *place, int which)
{
	unsigned char before[EPOCH_SIZE], after[EPOCH_SIZE];
	struct epoch epoch = trust_world_page(place);
	char user[32];
	int i;

	for (i = 0; i < CHANGES; i++) {
		(void)epoch_look(&epoch);
		(void)epoch_read(&epoch, before);
		(void)snprintf(user, sizeof(user), "u-%d-%d", which, i);
		while (trust_world_try(place, user) == TRUST_HELD)
			;
		if (place->error.text[0] != '\0')
			return 1;
		if (epoch_read(&epoch, after) == 1 &&
		    memcmp(before, after, EPOCH_SIZE) == 0)
			return 2;
	}
	return 0;
}

static void
test_two_at_once(void **state)
{
	struct trust_world *place = *state;
	char user[32];
	pid_t pids[WRITERS];
	int i, status;

	trust_world_leave(place);
	for (i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		scratch_need(pids[i] != -1, "fork");
		if (pids[i] != 0)
			continue;
		trust_world_enter(place);
		_exit(write_many(place, i));
	}
	for (i = 0; i < WRITERS; i++) {
		(void)waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
	trust_world_enter(place);
	assert_true(trust_world_is_good(place));
	for (i = 0; i < WRITERS; i++) {
		(void)snprintf(user, sizeof(user), "u-%d-%d", i, CHANGES - 1);
		assert_int_equal(trust_world_ask(place, user),
		    REASON_USER_BLOCKED);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_changed_by_each),
		CASE(test_order),
		CASE(test_held),
		CASE(test_not_written_after),
		CASE(test_not_written_before),
		CASE(test_killed),
		CASE(test_stopped),
		CASE(test_two_at_once)
	};

	return cmocka_run_group_tests_name("trust epoch", tests, NULL, NULL);
}
