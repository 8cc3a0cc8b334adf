#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ground/notices.h"

static void
count(void *context)
{
	int *wakes = context;

	++*wakes;
}

static void
in_order(void **state)
{
	struct notices *notices = notices_new();
	enum notice_level level;
	struct error text;
	int wakes = 0;

	(void)state;
	assert_non_null(notices);
	assert_int_equal(notices_take(notices, &level, &text), 0);
	notices_serve(notices, count, &wakes);
	notices_add(notices, NOTICE_INFO, "first %d", 1);
	notices_add(notices, NOTICE_ERROR, "second\n");
	assert_int_equal(wakes, 2);
	assert_int_equal(notices_take(notices, &level, &text), 1);
	assert_int_equal(level, NOTICE_INFO);
	assert_string_equal(error_text(&text), "first 1");
	assert_int_equal(notices_take(notices, &level, &text), 1);
	assert_int_equal(level, NOTICE_ERROR);
	assert_string_equal(error_text(&text), "second?");
	assert_int_equal(notices_take(notices, &level, &text), 0);
	notices_free(notices);
}

static void
bounded(void **state)
{
	struct notices *notices = notices_new();
	enum notice_level level;
	struct error text;
	char wanted[32];
	int i;

	(void)state;
	for (i = 0; i < 3 * NOTICES_MAX; i++)
		notices_add(notices, NOTICE_WARNING, "number %d", i);
	for (i = 0; i < NOTICES_MAX; i++) {
		(void)snprintf(wanted, sizeof(wanted), "number %d", i);
		assert_int_equal(notices_take(notices, &level, &text), 1);
		assert_string_equal(error_text(&text), wanted);
	}
	assert_int_equal(notices_take(notices, &level, &text), 0);
	notices_free(notices);
	notices_free(NULL);
	notices_add(NULL, NOTICE_INFO, "nobody");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(bounded)
	};

	return cmocka_run_group_tests_name("notices", tests, NULL, NULL);
}
