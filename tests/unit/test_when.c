#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ground/when.h"

#define NOW INT64_C(1800000000)		/* 2027-01-15T08:00:00Z */

static void
good(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {
		{ "now", NOW }, { "0", 0 }, { "1800000000", NOW },
		{ "253402300799", INT64_C(253402300799) },
		{ "+1s", NOW + 1 }, { "-1s", NOW - 1 }, { "+2m", NOW + 120 },
		{ "-3h", NOW - 10800 }, { "+1d", NOW + 86400 },
		{ "-2w", NOW - 1209600 }, { "+0s", NOW },
		{ "2027-01-15T08:00:00Z", NOW },
		{ "2027-01-15t08:00:00z", NOW },
		{ "2027-01-15 08:00:00Z", NOW },
		{ "2027-01-15T08:00:00.999Z", NOW },
		{ "2027-01-15T09:30:00+01:30", NOW },
		{ "2027-01-14T23:00:00-09:00", NOW },
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2024-02-29T00:00:00Z", INT64_C(1709164800) },
		{ "9999-12-31T23:59:59Z", INT64_C(253402300799) },
	};
	int64_t seconds;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (when_parse(rows[i].text, NOW, &seconds) == -1 ||
		    seconds != rows[i].seconds)
			fail_msg("'%s' is %lld", rows[i].text,
			    (long long)seconds);
	}
}

static void
bad(void **state)
{
	static const char *const rows[] = { "", " ", "x", "+", "-", "+h",
	    "+1", "+1y", "+1hh", "+ 1h", "+-1h", "+1h ", "1h", "-1",
	    "+9999999s", "-999999w", "253402300800", "9999999999999",
	    "1800000000 ", "1800000000Z", "1.5", "0x10", "Now",
	    "2027-01-15", "2027-01-15T08:00:00", "2027-01-15T08:00Z",
	    "2027-01-15T08:00:00Zx", "2027-01-15T08:00:00+0100",
	    "2027-01-15T08:00:00+24:00", "2027-01-15T08:00:00+01:60",
	    "2027-01-15T08:00:00.Z", "2027-1-15T08:00:00Z",
	    "2027-13-15T08:00:00Z", "2027-00-15T08:00:00Z",
	    "2027-02-29T08:00:00Z", "2027-01-00T08:00:00Z",
	    "2027-01-15T24:00:00Z", "2027-01-15T08:60:00Z",
	    "2027-01-15T08:00:60Z", "2027-01-15_08:00:00Z",
	    "1969-12-31T23:59:59Z", "27-01-15T08:00:00Z",
	    "02027-01-15T08:00:00Z", "2027-01-15T", "2027-01-15T08:",
	    "\xd9\xa1", "2027-01-15T08:00:00+", "2027-01-15T08:00:00-:" };
	int64_t seconds;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (when_parse(rows[i], NOW, &seconds) == 0 || seconds != -1)
			fail_msg("'%s' is %lld", rows[i], (long long)seconds);
	}
}

static void
printed(void **state)
{
	char text[WHEN_SIZE];

	(void)state;
	when_print(NOW, text);
	assert_string_equal(text, "2027-01-15T08:00:00Z");
	when_print(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	when_print(-1, text);
	assert_string_equal(text, "-");
	when_print(INT64_MAX, text);
	assert_string_equal(text, "-");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(printed),
	};

	return cmocka_run_group_tests_name("when", tests, NULL, NULL);
}
