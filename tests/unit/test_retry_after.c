#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "facts/retry_after.h"

#define WALL INT64_C(784111777)	/* Sun, 06 Nov 1994 08:49:37 GMT */

static void
understood(void **state)
{
	(void)state;
	assert_int_equal(retry_after_read("0", WALL), 0);
	assert_int_equal(retry_after_read("1", WALL), 1);
	assert_int_equal(retry_after_read("0120", WALL), 120);
	assert_int_equal(retry_after_read("999999999", WALL), 999999999);
	/* more than anybody waits is no less */
	assert_int_equal(retry_after_read("1234567890", WALL), 999999999);
	assert_int_equal(retry_after_read("99999999999999999999", WALL),
	    999999999);
	assert_int_equal(retry_after_read("00000000000000000000060", WALL),
	    60);
	assert_int_equal(retry_after_read("Sun, 06 Nov 1994 08:49:37 GMT",
	    WALL), 0);
	assert_int_equal(retry_after_read("Sun, 06 Nov 1994 08:49:36 GMT",
	    WALL), 0);
	assert_int_equal(retry_after_read("Sun, 06 Nov 1994 08:50:07 GMT",
	    WALL), 30);
	assert_int_equal(retry_after_read("Mon, 07 Nov 1994 08:49:37 GMT",
	    WALL), 86400);
	assert_int_equal(retry_after_read("Sun, 06 Nov 1994 08:49:60 GMT",
	    WALL), 23);
	/* the name of the day is not compared with the date */
	assert_int_equal(retry_after_read("Sat, 06 Nov 1994 08:49:38 GMT",
	    WALL), 1);
}

static void
not_understood(void **state)
{
	static const char *const values[] = {
		"", " ", "-1", "+1", "1.5", "1s", "0x10", "1e3", "1 2", "1,2",
		"-1234567890", "9999999999999999999x", "soon",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 32 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nix 1994 08:49:37 GMT",
		"Nix, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1969 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:49:37 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",
		"Sun, -6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:3x GMT",
		"Sun, 06 Nov x994 08:49:37 GMT",
		"Sun. 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 nov 1994 08:49:37 GMT"
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (retry_after_read(values[i], WALL) != -1)
			print_error("%s\n", values[i]);
		assert_int_equal(retry_after_read(values[i], WALL), -1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understood),
		cmocka_unit_test(not_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
