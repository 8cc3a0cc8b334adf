#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ground/json.h"

static const struct {
	const char *text;
	size_t len;
} refused[] = {
#define TEXT(string) { string, sizeof(string) - 1 }
	TEXT(""),
	TEXT(" "),
	TEXT("[]"),
	TEXT("1"),
	TEXT("null"),
	TEXT("\"text\""),
	TEXT("{"),
	TEXT("{}}"),
	TEXT("{} x"),
	TEXT("{}\0"),
	TEXT("{}{}"),
	TEXT("{\"a\":1,}"),
	TEXT("{a:1}"),
	TEXT("{'a':1}"),
	TEXT("{\"a\":01}"),
	TEXT("{\"a\":+1}"),
	TEXT("{\"a\":.5}"),
	TEXT("{\"a\":NaN}"),
	TEXT("{\"a\":1e999}"),
	TEXT("{\"a\":9223372036854775808}"),
	TEXT("{\"a\":-9223372036854775809}"),
	TEXT("{\"a\":1,\"a\":1}"),
	TEXT("{\"a\":1,\"\\u0061\":2}"),
	TEXT("{\"a\":{\"b\":1,\"b\":2}}"),
	TEXT("{\"a\":\"\\u0000\"}"),
	TEXT("{\"a\":\"x\0y\"}"),
	TEXT("{\"a\\u0000\":1}"),
	TEXT("{\"a\":\"\xff\"}"),
	TEXT("{\"a\":\"\xc0\x80\"}"),
	TEXT("{\"a\":\"\xed\xa0\x80\"}"),
	TEXT("{\"a\":\"\\ud800\"}"),
	TEXT("{\"a\":\"\n\"}"),
	TEXT("{\"a\":\"\\x\"}"),
	TEXT("{\"a\":\""),
	TEXT("{\"a\":\"\\"),
	TEXT("\xef\xbb\xbf{}"),
	TEXT("{} // x"),
#undef TEXT
};

static void
refused_texts(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (json_parse(refused[i].text, refused[i].len) != NULL)
			fail_msg("parsed: %s", refused[i].text);
	}
}

/* {"a":[[...]]} with this many brackets of both kinds in all. */
static struct json *
nested(int depth)
{
	char text[8192] = "{\"a\":";
	size_t len = strlen(text);
	int i;

	for (i = 1; i < depth; i++)
		text[len++] = '[';
	for (i = 1; i < depth; i++)
		text[len++] = ']';
	text[len++] = '}';
	return json_parse(text, len);
}

static void
depth(void **state)
{
	static const char brackets[] = "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[["
	    "[[[[[[[[[[\\\"[[[[[[[[[[[[[[[[[[[[[[\"}";
	struct json *json;

	(void)state;
	assert_non_null(json = nested(JSON_MAX_DEPTH));
	json_free(json);
	assert_null(nested(JSON_MAX_DEPTH + 1));
	assert_null(nested(2000));
	assert_non_null(json = json_parse(brackets, sizeof(brackets) - 1));
	json_free(json);
}

static void
seconds(void **state)
{
	static const struct {
		const char *text;
		enum json_find find;
		int64_t value;
	} cases[] = {
		{ "0", JSON_FOUND, 0 },
		{ "1795436084", JSON_FOUND, 1795436084 },
		{ "9007199254740992", JSON_FOUND, JSON_MAX_SECONDS },
		{ "9007199254740993", JSON_WRONG_TYPE, 0 },
		{ "9223372036854775807", JSON_WRONG_TYPE, 0 },
		{ "-1", JSON_WRONG_TYPE, 0 },
		{ "1.0", JSON_WRONG_TYPE, 0 },
		{ "1e3", JSON_WRONG_TYPE, 0 },
		{ "1e300", JSON_WRONG_TYPE, 0 },
		{ "1.5", JSON_WRONG_TYPE, 0 },
		{ "\"1\"", JSON_WRONG_TYPE, 0 },
		{ "null", JSON_WRONG_TYPE, 0 },
		{ "true", JSON_WRONG_TYPE, 0 },
		{ "[1]", JSON_WRONG_TYPE, 0 },
		{ "{}", JSON_WRONG_TYPE, 0 },
	};
	struct json *json;
	char text[64];
	int64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strcpy(text, "{\"a\":");
		strcat(text, cases[i].text);
		strcat(text, "}");
		assert_non_null(json = json_parse(text, strlen(text)));
		value = 7;
		if (json_find_seconds(json, "a", &value) != cases[i].find ||
		    value != cases[i].value)
			fail_msg("%s", cases[i].text);
		assert_int_equal(json_find_seconds(json, "b", &value),
		    JSON_ABSENT);
		json_free(json);
	}
}

static void
members(void **state)
{
	static const char text[] = "{\"s\":\"x\",\"t\":true,\"f\":false,"
	    "\"n\":null,\"l\":[\"a\",{},3],\"o\":{\"k\":\"v\"}}";
	struct json *json = json_parse(text, sizeof(text) - 1);
	const struct json *value;
	const char *string = "old";
	int boolean = 9;

	(void)state;
	assert_non_null(json);
	assert_int_equal(json_find_string(json, "s", &string), JSON_FOUND);
	assert_string_equal(string, "x");
	assert_int_equal(json_find_string(json, "n", &string),
	    JSON_WRONG_TYPE);
	assert_null(string);
	assert_int_equal(json_find_boolean(json, "t", &boolean), JSON_FOUND);
	assert_int_equal(boolean, 1);
	assert_int_equal(json_find_boolean(json, "f", &boolean), JSON_FOUND);
	assert_int_equal(boolean, 0);
	assert_int_equal(json_find_boolean(json, "s", &boolean),
	    JSON_WRONG_TYPE);
	assert_int_equal(json_find_array(json, "o", &value), JSON_WRONG_TYPE);
	assert_null(value);
	assert_int_equal(json_find_array(json, "l", &value), JSON_FOUND);
	assert_int_equal(json_array_length(value), 3);
	assert_string_equal(json_string_of(json_array_at(value, 0)), "a");
	assert_true(json_is_an_object(json_array_at(value, 1)));
	assert_null(json_string_of(json_array_at(value, 2)));
	assert_null(json_array_at(value, 3));
	assert_int_equal(json_array_length(json), 0);
	assert_int_equal(json_has(json, "n"), 1);
	assert_int_equal(json_has(json, "m"), 0);
	json_free(json);
	json_free(NULL);
}

static void
texts_of_members(void **state)
{
	static const char text[] = "{\"s\":\"a b\",\"i\":-3,\"t\":true,"
	    "\"n\":null,\"o\":{\"z\":1,\"a\":[1, 2]}}";
	static const char *const expected[][2] = {
		{ "s", "a b" }, { "i", "-3" }, { "t", "true" },
		{ "o", "{\"a\":[1,2],\"z\":1}" },
	};
	struct json *json = json_parse(text, sizeof(text) - 1);
	char *member;
	size_t i;

	(void)state;
	assert_non_null(json);
	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		member = json_member_text(json, expected[i][0]);
		assert_string_equal(member, expected[i][1]);
		free(member);
	}
	assert_null(json_member_text(json, "n"));
	assert_null(json_member_text(json, "absent"));
	json_free(json);
}

static void
quoted(void **state)
{
	char *text;

	(void)state;
	text = json_quote("a\"\\\n\x01");
	assert_string_equal(text, "\"a\\\"\\\\\\n\\u0001\"");
	free(text);
	assert_null(json_quote("\xff"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_texts),
		cmocka_unit_test(depth),
		cmocka_unit_test(seconds),
		cmocka_unit_test(members),
		cmocka_unit_test(texts_of_members),
		cmocka_unit_test(quoted),
	};

	json_use_aborting_allocator();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
