#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ground/buffer.h"

static void
grows_to_its_limit(void **state)
{
	struct buffer buffer;
	size_t i;

	(void)state;
	buffer_init(&buffer, 1000);
	assert_string_equal(buffer.data, "");
	for (i = 0; i < 1000; i++)
		assert_int_equal(buffer_append(&buffer, "x", 1), 0);
	assert_int_equal(buffer.len, 1000);
	assert_int_equal(strlen(buffer.data), 1000);
	assert_int_equal(buffer_append(&buffer, "", 0), 0);
	assert_int_equal(buffer_append(&buffer, "x", 1), -1);
	assert_int_equal(buffer.failed, 1);
	assert_int_equal(buffer.len, 1000);
	assert_int_equal(buffer_append(&buffer, "", 0), -1);
	buffer_clear(&buffer);
	buffer_clear(NULL);
}

static void
failure_stays_until_reset(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 4);
	assert_int_equal(buffer_append_string(&buffer, "12345"), -1);
	assert_int_equal(buffer_append_string(&buffer, "1"), -1);
	assert_int_equal(buffer_append_format(&buffer, "%d", 1), -1);
	assert_int_equal(buffer.len, 0);
	buffer_reset(&buffer);
	assert_int_equal(buffer_append_string(&buffer, "1234"), 0);
	buffer_reset(&buffer);
	assert_string_equal(buffer.data, "");
	assert_int_equal(buffer.failed, 0);
	buffer_clear(&buffer);
	assert_int_equal(buffer.limit, 4);
	assert_int_equal(buffer_append(&buffer, "\0ab", 3), 0);
	assert_memory_equal(buffer.data, "\0ab", 4);
	buffer_clear(&buffer);
}

static void
formats(void **state)
{
	struct buffer buffer;
	char word[600];

	(void)state;
	memset(word, 'w', sizeof(word));
	word[sizeof(word) - 1] = '\0';
	buffer_init(&buffer, 2000);
	assert_int_equal(buffer_append_format(&buffer, "%d-%s", 7, "a"), 0);
	assert_string_equal(buffer.data, "7-a");
	assert_int_equal(buffer_append_format(&buffer, "%s", word), 0);
	assert_int_equal(buffer.len, 602);
	assert_string_equal(buffer.data + 3, word);
	buffer_clear(&buffer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_to_its_limit),
		cmocka_unit_test(failure_stays_until_reset),
		cmocka_unit_test(formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
