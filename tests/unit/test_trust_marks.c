/* How far trust.db was seen, in memory and in status.db. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"
#include "state/status_lineage.h"
#include "state/trust_marks.h"

#define ENDPOINT "https://login.example.com"
#define PATH "/var/lib/authgear/trust.db"

static struct trust_lineage
change(unsigned char id, int64_t number, unsigned char tag)
{
	struct trust_lineage lineage;

	memset(&lineage, 0, sizeof(lineage));
	memset(lineage.id, id, sizeof(lineage.id));
	lineage.number = number;
	memset(lineage.tag, tag, sizeof(lineage.tag));
	return lineage;
}

/* 0 or -1 by the file's last change and the one of the mark's number. */
static int
judge(struct trust_marks *marks, struct trust_lineage last,
    struct trust_lineage then)
{
	struct error error = { "" };
	int ret = trust_marks_judge(marks, &last, &then, PATH, &error);

	if (ret == -1 && (strstr(error_text(&error), PATH " went back") ==
	    NULL || strstr(error_text(&error), "'authgear-cache accept'") ==
	    NULL))
		fail_msg("%s", error_text(&error));
	if (ret != -1)
		assert_string_equal(error_text(&error), "no error");
	return ret;
}

/* Nobody writes: the caller is told to. */
static void
see(struct trust_marks *marks, struct trust_lineage lineage)
{
	assert_int_equal(trust_marks_see(marks, &lineage, PATH), 1);
}

static void
test_judge(void **state)
{
	struct trust_marks *marks = trust_marks_new(NULL);
	const struct trust_lineage a5 = change('a', 5, 1);
	struct error error = { "" };

	(void)state;
	assert_non_null(marks);
	/* nothing seen: all is new, one of an earlier release too */
	assert_int_equal(trust_marks_judge(marks, NULL, NULL, PATH, &error),
	    0);
	assert_int_equal(judge(marks, a5, a5), 0);
	see(marks, a5);
	/* the same, later ones, and not the one of its number */
	assert_int_equal(judge(marks, a5, a5), 0);
	assert_int_equal(judge(marks, change('a', 9, 7), a5), 0);
	assert_int_equal(judge(marks, change('a', 5, 2), a5), -1);
	assert_int_equal(judge(marks, change('a', 9, 7), change('a', 5, 2)),
	    -1);
	assert_int_equal(judge(marks, change('a', 4, 1), change('a', 4, 1)),
	    -1);
	/* its row was pruned; more was seen while it was read */
	assert_int_equal(trust_marks_judge(marks, &a5, NULL, PATH, &error),
	    0);
	assert_int_equal(judge(marks, change('a', 9, 7), change('a', 3, 1)),
	    1);
	/* of an earlier release */
	assert_int_equal(trust_marks_judge(marks, NULL, NULL, PATH, &error),
	    -1);
	/* another lineage is taken, and ends the first */
	assert_int_equal(judge(marks, change('b', 2, 1), a5), 0);
	see(marks, change('b', 2, 1));
	assert_int_equal(judge(marks, a5, a5), -1);
	assert_int_equal(judge(marks, change('a', 50, 1), a5), -1);
	assert_int_equal(judge(marks, change('b', 3, 1), change('b', 2, 1)),
	    0);
	trust_marks_free(marks);
	trust_marks_free(NULL);
}

static void
test_merge(void **state)
{
	struct trust_marks *marks = trust_marks_new(NULL);
	const struct trust_lineage list[] = { change('a', 5, 1),
	    change('b', 7, 2) };
	struct trust_lineage last;

	(void)state;
	assert_int_equal(trust_marks_last(marks, &last), 0);
	assert_int_equal(trust_marks_merge(marks, list, 2), 0);
	assert_int_equal(trust_marks_last(marks, &last), 1);
	assert_memory_equal(&last, &list[1], sizeof(last));
	assert_int_equal(judge(marks, list[0], list[0]), -1);
	see(marks, change('b', 9, 3));
	/* what is behind what is held changes nothing */
	assert_int_equal(trust_marks_merge(marks, list, 2), 0);
	assert_int_equal(trust_marks_last(marks, &last), 1);
	assert_int_equal(last.number, 9);
	trust_marks_free(marks);
}

struct server {
	struct trust_marks *marks;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int wakes;
	int writes;		/* 0: it takes its time */
};

static void
wake(void *context)
{
	struct server *server = context;

	(void)pthread_mutex_lock(&server->lock);
	server->wakes++;
	(void)pthread_cond_signal(&server->changed);
	(void)pthread_mutex_unlock(&server->lock);
}

static void *
serve(void *context)
{
	struct server *server = context;
	struct trust_lineage *list;
	uint64_t turn;
	size_t count;

	(void)pthread_mutex_lock(&server->lock);
	while (server->wakes == 0)
		(void)pthread_cond_wait(&server->changed, &server->lock);
	(void)pthread_mutex_unlock(&server->lock);
	assert_int_equal(trust_marks_unwritten(server->marks, 0, &list, &count,
	    &turn), 1);
	assert_int_equal(count, 1);
	assert_int_equal(list[0].number, 5);
	free(list);
	trust_marks_written(server->marks, turn);
	return NULL;
}

/* Nothing is answered before it is written down, or that took too long. */
static void
test_wait(void **state)
{
	struct server server = { .lock = PTHREAD_MUTEX_INITIALIZER,
	    .changed = PTHREAD_COND_INITIALIZER };
	const struct trust_lineage a5 = change('a', 5, 1);
	const struct trust_lineage a6 = change('a', 6, 1);
	struct trust_lineage *list;
	uint64_t turn;
	size_t count;
	pthread_t thread;

	(void)state;
	server.marks = trust_marks_new(NULL);
	trust_marks_serve(server.marks, wake, &server);
	assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
	assert_int_equal(trust_marks_see(server.marks, &a5, PATH), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(trust_marks_unwritten(server.marks, 0, &list, &count,
	    &turn), 0);
	/* nobody writes this one: it is held all the same */
	assert_int_equal(trust_marks_see(server.marks, &a6, PATH), 0);
	assert_int_equal(server.wakes, 2);
	assert_int_equal(judge(server.marks, a5, a5), -1);
	assert_int_equal(trust_marks_unwritten(server.marks, 0, &list, &count,
	    &turn), 1);
	free(list);
	trust_marks_free(server.marks);
}

static void
test_stored(void **state)
{
	struct notices *notices = notices_new();
	struct trust_marks *marks = trust_marks_new(notices);
	struct trust_marks *others = trust_marks_new(notices);
	char *directory = scratch_make();
	const char *path = scratch_path(directory, "status.db");
	struct error error = { "" };
	struct trust_lineage last;
	struct status *status;
	struct sqlite3 *holder;

	(void)state;
	status = status_open(path, ENDPOINT, NULL, &error);
	assert_non_null(status);
	assert_int_equal(status_lineage_load(status, marks, &error), 0);
	assert_int_equal(trust_marks_last(marks, &last), 0);
	see(marks, change('a', 5, 1));
	see(marks, change('b', 7, 2));
	assert_int_equal(status_lineage_is_lost(status, marks), 1);
	assert_int_equal(status_lineage_store(status, marks, 0), 0);
	assert_int_equal(status_lineage_is_lost(status, marks), 0);
	assert_int_equal(status_lineage_load(status, others, &error), 0);
	assert_int_equal(trust_marks_last(others, &last), 1);
	assert_int_equal(last.number, 7);
	assert_int_equal(judge(others, change('a', 9, 1), change('a', 7, 1)),
	    -1);
	/* held by another: it waits, and is written later */
	see(marks, change('b', 8, 3));
	holder = scratch_block(path);
	assert_int_equal(status_lineage_store(status, marks, 0), -1);
	scratch_unblock(holder);
	assert_int_equal(status_lineage_store(status, marks, 0), 0);
	/* never lower */
	assert_int_equal(status_lineage_store(status, others, 1), 0);
	trust_marks_free(others);
	others = trust_marks_new(notices);
	assert_int_equal(status_lineage_load(status, others, &error), 0);
	assert_int_equal(trust_marks_last(others, &last), 1);
	assert_int_equal(last.number, 8);
	assert_int_equal(last.tag[0], 3);
	status_free(status);
	trust_marks_free(marks);
	trust_marks_free(others);
	notices_free(notices);
	scratch_remove(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_stored)
	};

	return cmocka_run_group_tests_name("trust_marks", tests, NULL, NULL);
}
