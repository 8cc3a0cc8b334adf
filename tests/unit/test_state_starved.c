/* Memory runs out, at each allocation in turn, while something is kept: what
 * was promised is kept, and nothing that ended comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_memory.h"
#include "scratch.h"
#include "state/status_pending.h"
#include "state/status_write.h"
#include "state/trust_head.h"
#include "state/trust_shared.h"
#include "state/write/trust_init.h"
#include "status_world.h"
#include "trust_world.h"

#define USER "5c9d0f3a-7be1-4f5e-9d55-0f9e8f1b7a11"
#define OTHER "5c9d0f3a-7be1-4f5e-9d55-0f9e8f1b7a12"
#define KEY "00112233445566778899aabbccddeeff" \
	"00112233445566778899aabbccddeeff1"

/* What could not be written waits, until there is memory. */
static void
keys_that_are_stored(void **state)
{
	struct status_world *place = *state;
	struct status *status = place->status, *other;
	struct error error = { "" };
	const struct moment now = status_world_at(1000);
	struct status_keys keys;
	size_t nth, total = 0, count;
	char text[32];
	int stored;

	for (nth = 0; nth <= total; nth++) {
		(void)snprintf(text, sizeof(text), "set %zu", nth);
		keys = status_world_keys(STATUS_WORLD_BOOT, 6 + (int64_t)nth,
		    text);
		failing_memory_begin(nth, FAILING_MEMORY_ONCE);
		stored = status_store_keys(status, &keys, &now, NULL);
		count = failing_memory_end();
		if (nth == 0)
			total = count;
		status_keys_clear(&keys);
		/* else nothing was promised */
		if (stored == -1)
			continue;
		if (status_write(status, &now, &error) != STATUS_WRITE_DONE)
			fail_msg("%s", error_text(&error));
		other = status_world_open(place);
		status_world_expect_keys(other, text);
		status_free(other);
	}
	assert_true(total > 10);
}

static void
wake_nobody(void *context, int is_urgent)
{
	(void)context;
	(void)is_urgent;
}

/* Not a file that cannot be read: what cannot tell for want of memory says so,
 * also where the file is opened anew for it. */
static void
want_of_memory_is_told(void **state)
{
	struct status_world *place = *state;
	struct status_pending *pending = status_pending_new();
	struct status_keys keys;
	struct status *status;
	size_t nth, total = 0, count;
	int round, loaded, refusals = 0;

	assert_non_null(pending);
	status_pending_serve(pending, wake_nobody, NULL);
	status = status_open(place->path, STATUS_WORLD_ENDPOINT, pending,
	    NULL);
	assert_non_null(status);
	/* in the file; beside it, waiting to be written */
	status_world_store_keys(place->status, STATUS_WORLD_BOOT, 5, "first");
	for (round = 0; round < 4; round++) {
		if (round == 2)
			status_world_store_keys(status, STATUS_WORLD_BOOT, 6,
			    "second");
		for (nth = total = 0; nth <= total; nth++) {
			scratch_copy(place->path,
			    scratch_path(place->directory, "anew"));
			assert_int_equal(rename(scratch_path(place->directory,
			    "anew"), place->path), 0);
			failing_memory_begin(nth, round % 2 == 0 ?
			    FAILING_MEMORY_ONCE : FAILING_MEMORY_FOR_GOOD);
			loaded = status_load_keys(status, &keys, NULL);
			count = failing_memory_end();
			if (nth == 0)
				total = count;
			if (loaded == -1 && !status_is_starved(status))
				fail_msg("%d: allocation %zu", round, nth);
			refusals += loaded == -1;
			if (loaded == 1)
				status_keys_clear(&keys);
		}
		assert_true(total > 2);
	}
	assert_true(refusals > 10);
	status_free(status);
	status_pending_free(pending);
}

/* A session that ended is live to nobody, whatever could be kept of it. */
static void
a_session_that_ended(void **state)
{
	struct status_world *place = *state;
	struct status *status = place->status;
	struct status_session session;
	size_t nth, total = 0, count;
	int64_t at;

	for (nth = 0; nth <= total; nth++) {
		at = 100 + 10 * (int64_t)nth;
		status_world_store(status, KEY, USER, at);
		failing_memory_begin(nth, FAILING_MEMORY_ONCE);
		status_world_end(status, KEY, at + 5);
		count = failing_memory_end();
		if (nth == 0)
			total = count;
		assert_int_not_equal(status_sessions_load(status, KEY,
		    &session, NULL), -1);
		if (session.is_live && status_sessions_void_at(status,
		    KEY) < session.started.boottime)
			fail_msg("live behind allocation %zu", nth);
		status_session_clear(&session);
	}
	assert_true(total > 10);
}

static void
end_or_doubt(struct status *status, size_t how, int64_t at)
{
	const struct moment now = status_world_at(at);

	if (how % 2 == 0)
		status_sessions_end(status, KEY, NULL, &now);
	else
		status_sessions_doubt(status, KEY, NULL, &now);
}

/* Nor to another process, once there is memory again: over a row that is
 * written, and over one that waits; at the next write of anything. */
static void
an_end_is_told(void **state)
{
	struct status_world *place = *state;
	struct status_pending *pending = status_pending_new();
	struct status *status;
	size_t nth, total, count, how;
	struct moment now;
	int64_t at = 100;

	assert_non_null(pending);
	status_pending_serve(pending, wake_nobody, NULL);
	status = status_open(place->path, STATUS_WORLD_ENDPOINT, pending,
	    NULL);
	assert_non_null(status);
	for (how = 0; how < 8; how++)
		for (nth = total = 0; nth <= total; nth++) {
			at += 10;
			now = status_world_at(at + 10);
			status_world_store(place->status, KEY, USER, at);
			if (how & 2)
				status_world_store(status, KEY, USER, at + 1);
			failing_memory_begin(nth, how & 4 ?
			    FAILING_MEMORY_FOR_GOOD : FAILING_MEMORY_ONCE);
			end_or_doubt(status, how, at + 5);
			(void)status_write(status, &now, NULL);
			count = failing_memory_end();
			total = nth == 0 ? count : total;
			while (status_write(status, &now, NULL) !=
			    STATUS_WRITE_DONE)
				;
			if (strcmp(status_world_user_of(place->status, KEY),
			    how % 2 == 0 ? "-" : "?") != 0)
				fail_msg("%zu: allocation %zu", how, nth);
			assert_int_equal(status_sessions_void_at(status, KEY),
			    -1);
		}
	status_free(status);
	status_pending_free(pending);
}

/* As a daemon's thread opens it, over what status.db knows of it. */
static enum reason
ask_as_daemon(struct trust_world *place, const char *status_path,
    struct error *error)
{
	struct trust_shared *shared = trust_shared_new();
	struct status *status = status_open(status_path,
	    STATUS_WORLD_ENDPOINT, NULL, error);
	struct trust *trust = shared == NULL || status == NULL ? NULL :
	    trust_open_shared(place->directory, TRUST_WORLD_ENDPOINT,
	    shared, error);
	enum reason reason = REASON_STATE_UNREADABLE;

	if (trust != NULL) {
		trust_use_status(trust, status);
		reason = trust_world_ask_of(trust, OTHER, 1000, error);
	}
	trust_free(trust);
	trust_shared_free(shared);
	status_free(status);
	return reason;
}

/* A trust.db of before a block is not believed: not even where how far it was
 * seen cannot be read for want of memory. */
static void
one_that_was_put_back(void **state)
{
	struct trust_world *place = *state;
	struct error error = { "" };
	char *status = strdup(scratch_path(place->scratch, "status.db"));
	enum reason reason;
	size_t nth, total = 0, count;

	assert_non_null(status);
	scratch_copy(place->file, scratch_path(place->scratch, "before"));
	assert_int_equal(ask_as_daemon(place, status, &error), REASON_GRANTED);
	(void)trust_world_block(place, OTHER);
	assert_int_equal(ask_as_daemon(place, status, &error),
	    REASON_USER_BLOCKED);
	trust_world_leave(place);
	(void)unlink(scratch_path(place->directory, "trust.db-wal"));
	assert_int_equal(rename(scratch_path(place->scratch, "before"),
	    place->file), 0);
	/* none fails at first, which counts them */
	for (nth = 0; nth <= total; nth++) {
		failing_memory_begin(nth, FAILING_MEMORY_ONCE);
		reason = ask_as_daemon(place, status, &error);
		count = failing_memory_end();
		if (nth == 0)
			total = count;
		if (reason != REASON_STATE_UNREADABLE)
			fail_msg("believed at allocation %zu", nth);
	}
	assert_true(total > 100);
	free(status);
}

/* Another endpoint's file of an earlier release is left as it is, at whichever
 * allocation init ends. */
static void
one_of_another(void **state)
{
	struct trust_world *place = *state;
	const struct trust_init init = { place->directory,
	    "https://other.example.com", NULL, "tester" };
	const struct moment now = trust_world_at(1000);
	struct trust_head head;
	struct error error;
	size_t nth, total = 0, count;
	int made, how;

	trust_world_leave(place);
	scratch_recorded_trust(2, TRUST_WORLD_ENDPOINT, place->directory);
	for (how = FAILING_MEMORY_ONCE; how <= FAILING_MEMORY_FOR_GOOD; how++)
		for (nth = 0; nth <= total; nth++) {
			failing_memory_begin(nth, how);
			assert_int_equal(trust_init(&init, &now, &made, NULL),
			    -1);
			count = failing_memory_end();
			total = nth == 0 ? count : total;
			error_clear(&error);
			assert_int_equal(trust_head_look(place->file,
			    TRUST_WORLD_ENDPOINT, &head, &error), 0);
			if (head.schema != 2)
				fail_msg("migrated at allocation %zu", nth);
		}
	assert_true(total > 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_that_are_stored,
		    status_world_setup, status_world_teardown),
		cmocka_unit_test_setup_teardown(want_of_memory_is_told,
		    status_world_setup, status_world_teardown),
		cmocka_unit_test_setup_teardown(a_session_that_ended,
		    status_world_setup, status_world_teardown),
		cmocka_unit_test_setup_teardown(an_end_is_told,
		    status_world_setup, status_world_teardown),
		cmocka_unit_test_setup_teardown(one_that_was_put_back,
		    trust_world_setup, trust_world_teardown),
		cmocka_unit_test_setup_teardown(one_of_another,
		    trust_world_setup, trust_world_teardown),
	};

	failing_memory_install();
	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
