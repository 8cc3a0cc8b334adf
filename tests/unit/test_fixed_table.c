/* Values by key in sets of a few places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ground/fixed_table.h"

#define KEY_SIZE 20
#define PLACES 4

struct value {
	int number;
	int may_give_way;
};

/* One set, so that who gives way is known. */
static int
setup(void **state)
{
	*state = fixed_table_new(1, PLACES, KEY_SIZE, sizeof(struct value));
	return *state == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	fixed_table_free(*state);
	return 0;
}

static int
smallest(const void *value, const void *other, const void *context)
{
	const struct value *a = value, *b = other;

	assert_string_equal(context, "context");
	return a->may_give_way && (b == NULL || a->number < b->number);
}

static struct value *
find(struct fixed_table *table, const char *key)
{
	return fixed_table_find(table, key, strlen(key));
}

static struct value *
place(struct fixed_table *table, const char *key, fixed_table_rule *rule)
{
	return fixed_table_place(table, key, strlen(key), rule, "context");
}

static void
put(struct fixed_table *table, const char *key, int number, int may_give_way)
{
	struct value *value = place(table, key, smallest);

	assert_non_null(value);
	value->number = number;
	value->may_give_way = may_give_way;
}

static void
found_by_key(void **state)
{
	struct value *value;

	assert_null(find(*state, "a"));
	value = place(*state, "a", NULL);
	assert_non_null(value);
	assert_int_equal(value->number, 0);
	value->number = 7;
	assert_ptr_equal(find(*state, "a"), value);
	assert_ptr_equal(place(*state, "a", NULL), value);
	assert_int_equal(value->number, 7);
	/* neither its beginning nor what begins as it does */
	assert_null(find(*state, "aa"));
	put(*state, "aa", 8, 0);
	assert_int_equal(find(*state, "a")->number, 7);
	assert_int_equal(find(*state, "aa")->number, 8);
}

static void
keys_of_bytes(void **state)
{
	static const unsigned char zeros[KEY_SIZE + 1];
	struct value *value;

	value = fixed_table_place(*state, zeros, KEY_SIZE, NULL, NULL);
	assert_non_null(value);
	assert_ptr_equal(fixed_table_find(*state, zeros, KEY_SIZE), value);
	assert_null(fixed_table_find(*state, zeros, KEY_SIZE - 1));
	/* no keys at all */
	assert_null(fixed_table_place(*state, zeros, 0, smallest, "context"));
	assert_null(fixed_table_find(*state, zeros, 0));
	assert_null(fixed_table_place(*state, zeros, KEY_SIZE + 1, smallest,
	    "context"));
	assert_null(fixed_table_find(*state, zeros, KEY_SIZE + 1));
}

static void
dropped(void **state)
{
	put(*state, "a", 7, 0);
	put(*state, "b", 8, 0);
	fixed_table_drop(*state, find(*state, "a"));
	assert_null(find(*state, "a"));
	assert_int_equal(find(*state, "b")->number, 8);
	assert_int_equal(place(*state, "c", NULL)->number, 0);
	assert_int_equal(place(*state, "a", NULL)->number, 0);
}

static void
who_gives_way(void **state)
{
	struct value *value;

	put(*state, "a", 5, 1);
	put(*state, "b", 2, 0);
	put(*state, "c", 4, 1);
	put(*state, "d", 6, 1);
	/* nobody without a rule, its own place with any */
	assert_null(place(*state, "e", NULL));
	assert_ptr_equal(place(*state, "b", smallest), find(*state, "b"));
	assert_int_equal(find(*state, "c")->number, 4);
	/* the smallest of those that may; what it was is still to be seen */
	value = place(*state, "e", smallest);
	assert_non_null(value);
	assert_int_equal(value->number, 4);
	assert_null(find(*state, "c"));
	assert_ptr_equal(find(*state, "e"), value);
	/* a free one before all of them */
	fixed_table_drop(*state, find(*state, "d"));
	put(*state, "f", 1, 0);
	assert_int_equal(find(*state, "a")->number, 5);
	value->may_give_way = find(*state, "a")->may_give_way = 0;
	assert_null(place(*state, "g", smallest));
	assert_null(find(*state, "g"));
}

static void
each_of_them(void **state)
{
	struct value *value = NULL;
	int sum = 0;

	assert_null(fixed_table_next(*state, NULL));
	put(*state, "a", 1, 0);
	put(*state, "b", 10, 0);
	put(*state, "c", 100, 0);
	put(*state, "d", 1000, 0);
	fixed_table_drop(*state, find(*state, "b"));
	while ((value = fixed_table_next(*state, value)) != NULL)
		sum += value->number;
	assert_int_equal(sum, 1101);
	assert_null(fixed_table_next(NULL, NULL));
	fixed_table_free(NULL);
}

/* Keys of one set neither see nor push out those of another. */
static void
sets(void **state)
{
	struct fixed_table *table = fixed_table_new(64, PLACES, KEY_SIZE,
	    sizeof(struct value));
	char key[KEY_SIZE + 1];
	int held[64] = { 0 }, i, count = 0;
	struct value *value = NULL;
	size_t set;

	(void)state;
	assert_non_null(table);
	for (i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		set = fixed_table_set(table, key, strlen(key));
		assert_true(set < 64);
		value = place(table, key, NULL);
		assert_int_equal(value != NULL, held[set] < PLACES);
		if (value == NULL)
			continue;
		value->number = i;
		held[set]++;
		count++;
	}
	assert_int_equal(count, 64 * PLACES);
	for (i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		value = find(table, key);
		assert_true(value == NULL || value->number == i);
	}
	for (value = NULL; (value = fixed_table_next(table, value)) != NULL;)
		count--;
	assert_int_equal(count, 0);
	fixed_table_free(table);
}

/* Who knows which keys are of one set in a table knows nothing of another. */
static void
scattered(void **state)
{
	struct fixed_table *one = fixed_table_new(64, PLACES, KEY_SIZE, 1);
	struct fixed_table *other = fixed_table_new(64, PLACES, KEY_SIZE, 1);
	unsigned char key[14] = { '6', 1 };
	int i, held = 0, most[64] = { 0 };
	size_t set;

	(void)state;
	assert_true(one != NULL && other != NULL);
	fixed_table_scatter(one, 0);
	fixed_table_scatter(other, 0xdecade11);
	fixed_table_scatter(NULL, 1);
	for (i = 0; i < 65536; i++) {
		key[12] = (unsigned char)(i >> 8);
		key[13] = (unsigned char)i;
		set = fixed_table_set(other, key, sizeof(key));
		assert_true(set < 64);
		if (fixed_table_set(one, key, sizeof(key)) != 7)
			continue;
		held++;
		most[set]++;
	}
	assert_in_range(held, 900, 1150);
	for (i = 0; i < 64; i++)
		assert_in_range(most[i], 1, 64);
	fixed_table_free(one);
	fixed_table_free(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(found_by_key, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(keys_of_bytes, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(who_gives_way, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(each_of_them, setup,
		    teardown),
		cmocka_unit_test(sets),
		cmocka_unit_test(scattered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
