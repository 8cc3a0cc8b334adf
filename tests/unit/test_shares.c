#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ground/shares.h"

static int
setup(void **state)
{
	*state = shares_new();
	return *state == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	shares_free(*state);
	return 0;
}

static void
taken_and_given(void **state)
{
	assert_int_equal(shares_of(*state, "10.0.0.1"), 0);
	assert_int_equal(shares_take(*state, "10.0.0.1"), 1);
	assert_int_equal(shares_take(*state, "10.0.0.1"), 1);
	assert_int_equal(shares_take(*state, "10.0.0.2"), 1);
	assert_int_equal(shares_of(*state, "10.0.0.1"), 2);
	assert_int_equal(shares_of(*state, "10.0.0.2"), 1);
	assert_int_equal(shares_all(*state), 3);
	shares_give(*state, "10.0.0.1");
	shares_give(*state, "10.0.0.2");
	assert_int_equal(shares_of(*state, "10.0.0.1"), 1);
	assert_int_equal(shares_of(*state, "10.0.0.2"), 0);
	/* never below nothing */
	shares_give(*state, "10.0.0.2");
	shares_give(*state, "10.0.0.3");
	assert_int_equal(shares_all(*state), 1);
}

static void
addresses(void **state)
{
	static const struct {
		const char *a, *b;
		int is_same;
	} cases[] = {
		{ "10.0.0.1", "::ffff:10.0.0.1", 1 },
		{ "10.0.0.1", "::ffff:a00:1", 1 },
		{ "10.0.0.1", "10.0.0.2", 0 },
		{ "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", 1 },
		{ "2001:db8:1:2::1", "2001:db8:1:3::1", 0 },
		{ NULL, "", 1 }, { "", "unix:", 1 }, { "300.1.1.1", "x", 1 },
		{ "10.0.0.1", "", 0 }, { "::1", "10.0.0.1", 0 },
		/* programs that ask for their clients */
		{ "0/10.0.0.1", "0/::ffff:10.0.0.1", 1 },
		{ "0/10.0.0.1", "10.0.0.1", 0 }, { "0/", "", 0 },
		{ "0/10.0.0.1", "1/10.0.0.1", 0 }, { "0/", "1/", 0 },
		{ "256/", "65536/", 0 }, { "7/x", "7/", 1 },
		{ "7/2001:db8:1:2::1", "7/2001:db8:1:2::9", 1 },
		{ "7/2001:db8:1:2::1", "2001:db8:1:2::1", 0 },
		{ "7/2001:db8:1:2::1", "8/2001:db8:1:2::1", 0 },
		{ "7/10.0.0.1", "7/10.0.0.2", 0 }, { "7/", "7/10.0.0.1", 0 },
		{ "/10.0.0.1", "", 1 }, { "10", "", 1 },
	};
	unsigned char a[SHARES_ADDRESS], b[SHARES_ADDRESS];
	int is_same;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		shares_address(cases[i].a, a);
		shares_address(cases[i].b, b);
		is_same = memcmp(a, b, sizeof(a)) == 0;
		if (is_same != cases[i].is_same)
			fail_msg("%s and %s", cases[i].a != NULL ?
			    cases[i].a : "NULL", cases[i].b);
	}
}

/* More addresses than it has room for: those hold nothing. */
static void
bounded(void **state)
{
	char address[32], taken[5000];
	int i, count = 0;

	for (i = 0; i < 5000; i++) {
		(void)snprintf(address, sizeof(address), "10.%d.%d.7",
		    i / 200, i % 200);
		taken[i] = (char)shares_take(*state, address);
		count += taken[i];
		assert_int_equal(shares_of(*state, address), taken[i]);
	}
	assert_in_range(count, 1500, 2048);
	assert_int_equal(shares_all(*state), count);
	for (i = 0; i < 5000; i++) {
		(void)snprintf(address, sizeof(address), "10.%d.%d.7",
		    i / 200, i % 200);
		if (taken[i])
			shares_give(*state, address);
	}
	assert_int_equal(shares_all(*state), 0);
	assert_int_equal(shares_take(*state, "10.0.0.1"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(taken_and_given, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(bounded, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
