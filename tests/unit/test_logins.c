/* What logins were granted on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/logins.h"

#define MSECS 1000

static struct moment now = { .wall = 5, .boottime = 1000000 };

static void
keep(struct logins *logins, const char *key, const char *user)
{
	struct status_session row;

	status_session_init(&row);
	row.is_live = 1;
	row.facts.user_id = strdup(user);
	assert_non_null(row.facts.user_id);
	logins_keep(logins, key, &row, 0, &now);
	status_session_clear(&row);
}

static int
is_there(struct logins *logins, const char *key, const char *user)
{
	struct status_session row;

	if (!logins_recall(logins, key, &now, &row))
		return 0;
	assert_int_equal(row.is_live, 1);
	assert_string_equal(row.facts.user_id, user);
	status_session_clear(&row);
	return 1;
}

static void
kept_and_over(void **state)
{
	struct logins *logins = logins_new(MSECS);

	(void)state;
	assert_non_null(logins);
	assert_int_equal(is_there(logins, "a", "x"), 0);
	keep(logins, "a", "x");
	keep(logins, "", "nobody");
	assert_int_equal(is_there(logins, "a", "x"), 1);
	assert_int_equal(is_there(logins, "", "nobody"), 0);
	assert_int_equal(is_there(logins, "b", "x"), 0);
	keep(logins, "a", "y");
	assert_int_equal(is_there(logins, "a", "y"), 1);
	now.boottime += MSECS - 1;
	assert_int_equal(is_there(logins, "a", "y"), 1);
	now.boottime++;
	assert_int_equal(is_there(logins, "a", "y"), 0);
	/* a thread's moment of before */
	now.boottime -= 2 * MSECS + 1;
	assert_int_equal(is_there(logins, "a", "y"), 0);
	keep(logins, "a", "z");
	logins_forget(logins, "b");
	logins_forget(logins, "");
	assert_int_equal(is_there(logins, "a", "z"), 1);
	logins_forget(logins, "a");
	assert_int_equal(is_there(logins, "a", "z"), 0);
	logins_free(logins);
	logins_free(NULL);
}

/* The oldest make place. */
static void
many(void **state)
{
	struct logins *logins = logins_new(1000 * LOGINS_MAX);
	char key[STATUS_KEY_SIZE];
	unsigned int i, there = 0;

	(void)state;
	for (i = 0; i < 3 * LOGINS_MAX; i++) {
		(void)snprintf(key, sizeof(key), "%04x%060u",
		    i * 40503U % 65536, i);
		keep(logins, key, "x");
		now.boottime++;
		assert_int_equal(is_there(logins, key, "x"), 1);
	}
	for (i = 0; i < 3 * LOGINS_MAX; i++) {
		(void)snprintf(key, sizeof(key), "%04x%060u",
		    i * 40503U % 65536, i);
		there += (unsigned int)is_there(logins, key, "x");
		if (i == 2 * LOGINS_MAX)
			assert_true(there < LOGINS_MAX / 4);
	}
	assert_true(there <= LOGINS_MAX && there > LOGINS_MAX / 2);
	logins_free(logins);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_and_over),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
