#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ground/word_list.h"

static void
split(void **state)
{
	static const struct {
		const char *text;
		const char *separators;
		const char *joined;
	} cases[] = {
		{ "", ",", "" }, { " , ,, ", ",", "" }, { "a", ",", "a|" },
		{ " a , b ", ",", "a|b|" }, { "a b,c", ",", "a b|c|" },
		{ "a b\tc", " \t", "a|b|c|" }, { "a,,b,", ",", "a|b|" },
		{ "\t", ", \t", "" }, { "a, b c", ", \t", "a|b|c|" },
	};
	struct word_list list = { NULL, 0 };
	char joined[64];
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(word_list_split(&list, cases[i].text,
		    cases[i].separators), 0);
		joined[0] = '\0';
		for (j = 0; j < list.count; j++) {
			strcat(joined, list.words[j]);
			strcat(joined, "|");
		}
		if (strcmp(joined, cases[i].joined) != 0)
			fail_msg("%s: %s", cases[i].text, joined);
		word_list_clear(&list);
	}
	word_list_clear(NULL);
}

static void
sets(void **state)
{
	struct word_list ab = { NULL, 0 }, bc = { NULL, 0 }, b = { NULL, 0 };
	struct word_list none = { NULL, 0 };

	(void)state;
	assert_int_equal(word_list_split(&ab, "a b", " "), 0);
	assert_int_equal(word_list_split(&bc, "b c", " "), 0);
	assert_int_equal(word_list_add(&b, "bcd", 1), 0);
	assert_int_equal(word_list_has(&ab, "a"), 1);
	assert_int_equal(word_list_has(&ab, "A"), 0);
	assert_int_equal(word_list_has(&ab, ""), 0);
	assert_int_equal(word_list_has(&ab, "a b"), 0);
	assert_int_equal(word_list_meets(&ab, &bc), 1);
	assert_int_equal(word_list_meets(&ab, &none), 0);
	assert_int_equal(word_list_meets(&none, &none), 0);
	assert_int_equal(word_list_covers(&ab, &b), 1);
	assert_int_equal(word_list_covers(&ab, &bc), 0);
	assert_int_equal(word_list_covers(&none, &none), 1);
	assert_int_equal(word_list_covers(&none, &b), 0);
	word_list_clear(&ab);
	word_list_clear(&bc);
	word_list_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split),
		cmocka_unit_test(sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
