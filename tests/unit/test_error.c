#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ground/error.h"

static void
first_error_wins(void **state)
{
	struct error error;

	(void)state;
	error_clear(&error);
	assert_string_equal(error_text(&error), "no error");
	error_set(&error, "%s %d", "cause", 1);
	error_set(&error, "consequence");
	assert_string_equal(error_text(&error), "cause 1");
	error_clear(&error);
	error_set(&error, "next");
	assert_string_equal(error_text(&error), "next");
	error_set(NULL, "nobody asks");
}

static void
fit_for_a_log(void **state)
{
	struct error error;
	char text[2000];

	(void)state;
	error_clear(&error);
	error_set(&error, "%s", "a\nb\rc\033d\177");
	assert_null(strpbrk(error.text, "\n\r\033\177"));
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	error_clear(&error);
	error_set(&error, "%s", text);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_error_wins),
		cmocka_unit_test(fit_for_a_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
