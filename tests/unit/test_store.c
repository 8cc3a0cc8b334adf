/* What is kept by key: within its bytes, the latest used, until its time; and
 * the keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nginx/digest.h"
#include "nginx/store.h"

#define MAX 65536
#define FOREVER INT64_MAX

/* A digest of a number, which all lists get their share of. */
static void
make_key(unsigned int number, unsigned char key[STORE_KEY_SIZE])
{
	unsigned int i;

	for (i = 0; i < STORE_KEY_SIZE; i++) {
		number = number * 1664525U + 1013904223U;
		key[i] = (unsigned char)(number >> 24);
	}
}

static void
put(struct store *store, unsigned int number, int64_t until, size_t len)
{
	unsigned char key[STORE_KEY_SIZE];
	char *text = malloc(len + 16);

	assert_non_null(text);
	memset(text, 'x', len + 16);
	(void)snprintf(text, 16, "%u", number);
	make_key(number, key);
	store_put(store, key, until, text, len);
	free(text);
}

/* 1 if it is there, and its own; 0 if it is not. */
static int
has(struct store *store, unsigned int number, int64_t now)
{
	unsigned char key[STORE_KEY_SIZE];
	char wanted[16];
	const char *text;
	size_t len;

	make_key(number, key);
	text = store_find(store, key, now, &len);
	if (text == NULL) {
		assert_int_equal(len, 0);
		return 0;
	}
	(void)snprintf(wanted, sizeof(wanted), "%u", number);
	assert_memory_equal(text, wanted, strlen(wanted) + 1);
	return 1;
}

static unsigned int
count(struct store *store, unsigned int from, unsigned int to)
{
	unsigned int number, found = 0;

	for (number = from; number < to; number++)
		found += (unsigned int)has(store, number, 0);
	return found;
}

static void
test_kept(void **state)
{
	struct store *store = store_new(MAX);
	unsigned char key[STORE_KEY_SIZE];
	const char *text;
	size_t len;

	(void)state;
	assert_non_null(store);
	assert_int_equal(has(store, 1, 0), 0);
	put(store, 1, FOREVER, 640);
	put(store, 2, FOREVER, 16);
	assert_int_equal(has(store, 1, 0), 1);
	assert_int_equal(has(store, 2, 0), 1);
	assert_int_equal(has(store, 3, 0), 0);
	make_key(1, key);
	store_put(store, key, FOREVER, "other", 5);
	text = store_find(store, key, 0, &len);
	assert_non_null(text);
	assert_int_equal(len, 5);
	assert_memory_equal(text, "other", 5);
	store_put(store, key, FOREVER, "", 0);
	assert_non_null(store_find(store, key, 0, &len));
	assert_int_equal(len, 0);
	store_forget(store);
	assert_int_equal(has(store, 1, 0) + has(store, 2, 0), 0);
	put(store, 2, FOREVER, 640);
	assert_int_equal(has(store, 2, 0), 1);
	store_free(store);
	store_free(NULL);
}

static void
test_expiry(void **state)
{
	struct store *store = store_new(MAX);

	(void)state;
	assert_non_null(store);
	put(store, 1, 1000, 100);
	put(store, 2, 2000, 100);
	put(store, 3, 0, 100);
	put(store, 4, -1, 100);
	assert_int_equal(has(store, 1, 999), 1);
	assert_int_equal(has(store, 1, 1000), 0);
	assert_int_equal(has(store, 1, 0), 0);
	assert_int_equal(has(store, 2, 1000), 1);
	assert_int_equal(has(store, 3, 0), 0);
	assert_int_equal(has(store, 4, 0), 0);
	put(store, 2, 500, 100);
	assert_int_equal(has(store, 2, 1000), 0);
	store_free(store);
}

static void
test_bound(void **state)
{
	struct store *store = store_new(MAX);
	unsigned int found, number;

	(void)state;
	assert_non_null(store);
	for (number = 0; number < 10000; number++)
		put(store, number, FOREVER, 640);
	found = count(store, 0, 10000);
	/* no more than fits with the least that an entry can take */
	assert_true(found <= MAX / (640 + STORE_KEY_SIZE));
	assert_true(found >= MAX / 1024);
	assert_int_equal(count(store, 10000 - found, 10000), found);
	put(store, 1, FOREVER, MAX / 2);
	assert_int_equal(has(store, 1, 0), 1);
	assert_true(count(store, 2, 10000) <= MAX / 2 / 640);
	/* what fits nowhere turns nobody out but what it would replace */
	found = count(store, 2, 10000);
	put(store, 1, FOREVER, MAX);
	put(store, 1, FOREVER, SIZE_MAX / 2 > MAX ? MAX * 2 : MAX);
	assert_int_equal(has(store, 1, 0), 0);
	assert_int_equal(count(store, 2, 10000), found);
	store_free(store);
	assert_null(store_new(0));
	assert_null(store_new(16));
}

/* Who was looked for is turned out last. */
static void
test_latest(void **state)
{
	struct store *store = store_new(MAX);
	unsigned int number;

	(void)state;
	assert_non_null(store);
	put(store, 1, FOREVER, 640);
	put(store, 2, FOREVER, 640);
	for (number = 100; number < 1000; number++) {
		put(store, number, FOREVER, 640);
		assert_int_equal(has(store, 1, 0), 1);
		assert_int_equal(has(store, number, 0), 1);
	}
	assert_int_equal(has(store, 2, 0), 0);
	assert_int_equal(has(store, 100, 0), 0);
	store_free(store);
}

/* A key that differs in any byte is another one. */
static void
test_keys(void **state)
{
	struct store *store = store_new(MAX);
	unsigned char key[STORE_KEY_SIZE];
	size_t i, len;

	(void)state;
	assert_non_null(store);
	make_key(1, key);
	store_put(store, key, FOREVER, "a", 1);
	for (i = 0; i < sizeof(key) * 8; i++) {
		key[i / 8] = (unsigned char)(key[i / 8] ^ (1U << (i % 8)));
		assert_null(store_find(store, key, 0, &len));
		key[i / 8] = (unsigned char)(key[i / 8] ^ (1U << (i % 8)));
	}
	assert_non_null(store_find(store, key, 0, &len));
	store_free(store);
}

#define PARTS 4

static void
digest(struct digest *maker, const char *const texts[PARTS],
    unsigned char out[DIGEST_SIZE])
{
	struct digest_part parts[PARTS];
	size_t i;

	for (i = 0; i < PARTS; i++) {
		parts[i].data = texts[i];
		parts[i].len = strlen(texts[i]);
	}
	assert_int_equal(digest_parts(maker, parts, PARTS, out), 0);
}

/* Policy, socket, Authorization, cookies: one byte, or its place, counts. */
static void
test_digest(void **state)
{
	static const char *const rows[][PARTS] = {
		{ "default", "unix:/a", "Bearer abc", "app_session=x" },
		{ "defaulu", "unix:/a", "Bearer abc", "app_session=x" },
		{ "default", "unix:/b", "Bearer abc", "app_session=x" },
		{ "default", "unix:/a", "Bearer abd", "app_session=x" },
		{ "default", "unix:/a", "bearer abc", "app_session=x" },
		{ "default", "unix:/a", "Bearer  abc", "app_session=x" },
		{ "default", "unix:/a", "Bearer abc", "app_session=y" },
		{ "default", "unix:/a", "Bearer abc", "app_session=x; a=b" },
		{ "default", "unix:/a", "Bearer abc", "" },
		{ "default", "unix:/a", "", "Bearer abc" },
		{ "default", "unix:/a", "Bearer abca", "pp_session=x" },
		{ "default", "unix:/aB", "earer abc", "app_session=x" },
		{ "defaultu", "nix:/a", "Bearer abc", "app_session=x" },
		{ "default", "unix:/a", "", "Bearer abcapp_session=x" },
		{ "", "", "", "" },
	};
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	unsigned char keys[ROWS][DIGEST_SIZE], other[DIGEST_SIZE];
	struct digest *maker = digest_new(), *second = digest_new();
	size_t i, j;

	(void)state;
	assert_non_null(maker);
	assert_non_null(second);
	for (i = 0; i < ROWS; i++) {
		digest(maker, rows[i], keys[i]);
		for (j = 0; j < i; j++)
			if (memcmp(keys[i], keys[j], DIGEST_SIZE) == 0)
				fail_msg("%zu is %zu", i, j);
		digest(maker, rows[i], other);
		assert_memory_equal(other, keys[i], DIGEST_SIZE);
		digest(second, rows[i], other);
		assert_memory_not_equal(other, keys[i], DIGEST_SIZE);
	}
	digest_free(maker);
	digest_free(second);
	digest_free(NULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_latest),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
