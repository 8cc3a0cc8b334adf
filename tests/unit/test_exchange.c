#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ground/exchange.h"

static void
headers(void **state)
{
	struct exchange *exchange = exchange_new("https://a/", 100);
	int i;

	(void)state;
	assert_non_null(exchange);
	assert_int_equal(exchange_add_header(exchange, "", "x"), -1);
	assert_int_equal(exchange_add_header(exchange, "a:", "x"), -1);
	assert_int_equal(exchange_add_header(exchange, "a\n", "x"), -1);
	assert_int_equal(exchange_add_header(exchange, "a", "x\r\ny: z"), -1);
	assert_int_equal(exchange->header_count, 0);
	for (i = 0; i < EXCHANGE_MAX_HEADERS; i++)
		assert_int_equal(exchange_add_header(exchange, "a", "x"), 0);
	assert_int_equal(exchange_add_header(exchange, "a", "x"), -1);
	exchange_free(exchange);
	exchange_free(NULL);
}

static void
methods(void **state)
{
	static const char *const bad[] = { "", "get", "GET ", " GET", "GET\r\n",
	    "M-SEARCH", "G\xc3\x84T", "ABCDEFGHIJKLMNOPQ" };
	static const char *const good[] = { "HEAD", "A", "ABCDEFGHIJKLMNOP" };
	struct exchange *exchange = exchange_new("https://a/", 100);
	size_t i;

	(void)state;
	assert_non_null(exchange);
	assert_string_equal(exchange->method, "GET");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (exchange_set_method(exchange, bad[i]) != -1)
			fail_msg("%s", bad[i]);
		assert_string_equal(exchange->method, "GET");
	}
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (exchange_set_method(exchange, good[i]) != 0)
			fail_msg("%s", good[i]);
		assert_string_equal(exchange->method, good[i]);
	}
	exchange_reset(exchange);
	assert_string_equal(exchange->method, "ABCDEFGHIJKLMNOP");
	exchange_free(exchange);
}

static void
answers_are_forgotten(void **state)
{
	struct exchange *exchange = exchange_new("https://a/", 3);

	(void)state;
	assert_non_null(exchange);
	assert_int_equal(exchange->outcome, EXCHANGE_UNSENT);
	exchange->outcome = EXCHANGE_ANSWERED;
	exchange->status = 200;
	error_set(&exchange->error, "x");
	assert_int_equal(buffer_append_string(&exchange->body, "1234"), -1);
	exchange_reset(exchange);
	assert_int_equal(exchange->outcome, EXCHANGE_UNSENT);
	assert_int_equal(exchange->status, 0);
	assert_string_equal(exchange->error.text, "");
	assert_int_equal(buffer_append_string(&exchange->body, "123"), 0);
	assert_string_equal(exchange->url, "https://a/");
	exchange_free(exchange);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers),
		cmocka_unit_test(methods),
		cmocka_unit_test(answers_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
