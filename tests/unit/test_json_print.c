#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "face/json_print.h"
#include "ground/json_parse.h"
#include "ground/json_scan.h"

/* {"a":...} of a text. */
static char *
print(const char *text)
{
	char *printed = NULL;
	size_t len;
	FILE *out = open_memstream(&printed, &len);

	assert_non_null(out);
	json_print_text(out, "{\"a\":", text);
	assert_int_equal(fputs("}", out) >= 0, 1);
	assert_int_equal(fclose(out), 0);
	return printed;
}

static void
texts(void **state)
{
	static const struct {
		const char *text;
		const char *printed;
	} rows[] = {
		{ "", "{\"a\":\"\"}" },
		{ "ann", "{\"a\":\"ann\"}" },
		{ "a\"b\\c/", "{\"a\":\"a\\\"b\\\\c/\"}" },
		{ "\b\f\n\r\t", "{\"a\":\"\\b\\f\\n\\r\\t\"}" },
		{ "\x01\x1f\x7f", "{\"a\":\"\\u0001\\u001F\\u007F\"}" },
		{ "\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0",
		    "{\"a\":\"\\u0080\\u009B\\u009F\xc2\xa0\"}" },
		{ "\xe2\x80\xae" "a\xe2\x81\xa7\xe2\x80\xa2",
		    "{\"a\":\"\\u202Ea\\u2067\xe2\x80\xa2\"}" },
		{ "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		    "{\"a\":\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"}" },
		{ NULL, "{\"a\":null}" },
		{ "a\xff", "{\"a\":null}" },
	};
	char *printed;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		printed = print(rows[i].text);
		assert_string_equal(printed, rows[i].printed);
		free(printed);
	}
}

/* Each byte that may stand in a text is read again as what it was. */
static void
is_read_again(void **state)
{
	enum json_refusal refusal;
	struct json *json;
	const char *again;
	char text[2] = "", *printed;
	int byte;

	(void)state;
	for (byte = 1; byte < 0x80; byte++) {
		text[0] = (char)byte;
		printed = print(text);
		json = json_parse(printed, strlen(printed), &refusal);
		assert_non_null(json);
		assert_int_equal(json_find_string(json, "a", &again),
		    JSON_FOUND);
		assert_string_equal(again, text);
		json_free(json);
		free(printed);
	}
}

static void
seconds(void **state)
{
	char printed[64] = "";
	FILE *out = fmemopen(printed, sizeof(printed), "w");

	(void)state;
	assert_non_null(out);
	json_print_seconds(out, "[", 0);
	json_print_seconds(out, ",", INT64_MAX);
	json_print_seconds(out, ",", -1);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(printed, "[0,9223372036854775807,null");
}

static void
what_is_utf8(void **state)
{
	static const struct {
		const char *text;
		int is_utf8;
	} rows[] = {
		{ "", 1 }, { "a", 1 }, { "\x7f", 1 }, { "\xc2\x80", 1 },
		{ "\xdf\xbf", 1 }, { "\xe0\xa0\x80", 1 },
		{ "\xed\x9f\xbf", 1 }, { "\xee\x80\x80", 1 },
		{ "\xef\xbf\xbf", 1 }, { "\xf0\x90\x80\x80", 1 },
		{ "\xf4\x8f\xbf\xbf", 1 },
		{ "\x80", 0 }, { "a\xbf", 0 }, { "\xc3", 0 },
		{ "\xc3" "a", 0 }, { "\xc0\x80", 0 }, { "\xc1\xbf", 0 },
		{ "\xe0\x9f\xbf", 0 }, { "\xe2\x82", 0 },
		{ "\xe2\x82" "a", 0 }, { "\xed\xa0\x80", 0 },
		{ "\xed\xbf\xbf", 0 }, { "\xf0\x8f\xbf\xbf", 0 },
		{ "\xf0\x9f\x98", 0 }, { "\xf4\x90\x80\x80", 0 },
		{ "\xf5\x80\x80\x80", 0 }, { "\xfe", 0 }, { "\xff", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (json_scan_is_utf8(rows[i].text) != rows[i].is_utf8)
			fail_msg("%zu: %s", i, rows[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(is_read_again),
		cmocka_unit_test(seconds),
		cmocka_unit_test(what_is_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
