#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ground/moment.h"

#define BOOT "00000000-0000-4000-8000-000000000001"
#define OTHER "00000000-0000-4000-8000-000000000002"

static void
ages(void **state)
{
	static const struct {
		const char *name;
		int64_t stamp, now, age;
		const char *boot_id;
	} cases[] = {
		{ "now", 1000, 1000, 0, BOOT },
		{ "2.5 s ago", 1000, 3500, 2500, BOOT },
		{ "at the boot", 0, 5, 5, BOOT },
		{ "a thread that read the clock later", 1001, 1000, 0, BOOT },
		{ "a minute ahead", 61000, 1000, 0, BOOT },
		{ "more than a minute", 61001, 1000, -1, BOOT },
		{ "the end of time", INT64_MAX, 1000, -1, BOOT },
		{ "before the boot", -1, 1000, -1, BOOT },
		{ "its beginning", INT64_MIN, 1000, -1, BOOT },
		{ "another boot", 1000, 3500, -1, OTHER },
		{ "no boot", 1000, 3500, -1, "" }
	};
	struct moment now = { 1700000000, 0, BOOT };
	struct moment stamp = { 1700000000, 0, "" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		now.boottime = cases[i].now;
		stamp.boottime = cases[i].stamp;
		strcpy(stamp.boot_id, cases[i].boot_id);
		if (moment_age(&stamp, &now) != cases[i].age)
			fail_msg("%s", cases[i].name);
	}
}

/* The wall clock, which an administrator sets, has no say in it. */
static void
wall(void **state)
{
	const struct moment stamp = { 1900000000, 1000, BOOT };
	const struct moment now = { 5, 2000, BOOT };

	(void)state;
	assert_int_equal(moment_age(&stamp, &now), 1000);
}

static void
credible(void **state)
{
	const struct moment now = { 5, 2000, BOOT };

	(void)state;
	assert_true(moment_is_credible(0, &now));
	assert_true(moment_is_credible(2000 + MOMENT_AHEAD_MS, &now));
	assert_false(moment_is_credible(2001 + MOMENT_AHEAD_MS, &now));
	assert_false(moment_is_credible(-1, &now));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ages),
		cmocka_unit_test(wall),
		cmocka_unit_test(credible)
	};

	return cmocka_run_group_tests_name("moment", tests, NULL, NULL);
}
