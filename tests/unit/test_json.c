#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "ground/json.h"
#include "ground/json_parse.h"

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
	TEXT("{\"a\":-1e400}"),
	TEXT("{\"a\":1.}"),
	TEXT("{\"a\":1.e5}"),
	TEXT("{\"a\":1e}"),
	TEXT("{\"a\":1e+}"),
	TEXT("{\"a\":-}"),
	TEXT("{\"a\":-01}"),
	TEXT("{\"a\":0x10}"),
	TEXT("{\"a\":1 1}"),
	TEXT("{\"a\":Infinity}"),
	TEXT("{\"a\":tru}"),
	TEXT("{\"a\":TRUE}"),
	TEXT("{\"a\":truex}"),
	TEXT("{\"a\":nul"),
	/* a NUL, wherever it stands */
	TEXT("\0{}"),
	TEXT("{\0}"),
	TEXT("{\"a\"\0:1}"),
	TEXT("{\"a\":\0" "1}"),
	TEXT("{\"a\":1\0}"),
	TEXT("{\"a\":-1.5e3\0}"),
	TEXT("{\"a\":true\0}"),
	TEXT("{\"a\":false\0}"),
	TEXT("{\"a\":null\0}"),
	TEXT("{\"a\":[1\0]}"),
	TEXT("{\"a\":[1\0,2]}"),
	TEXT("{\"a\":\"x\"\0}"),
	TEXT("{\"a\":{}\0}"),
	TEXT("{\"a\":[]\0}"),
	TEXT("{\"a\":1\0,\"b\":2}"),
	TEXT("{\"a\":true\0,\"b\":2}"),
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
	TEXT("{\"a\":\"\\udc00\"}"),
	TEXT("{\"a\":\"\\ud800\\ud800\"}"),
	TEXT("{\"a\":\"\\ud800\\n\"}"),
	TEXT("{\"a\":\"\\ud800x\"}"),
	TEXT("{\"a\":\"\\u12\"}"),
	TEXT("{\"a\":\"\\u12g4\"}"),
	TEXT("{\"a\":\"\\\0\"}"),
	TEXT("{\"a\":\"\xc3\"}"),
	TEXT("{\"a\":\"\xe0\x80\x80\"}"),
	TEXT("{\"a\":\"\xf0\x80\x80\x80\"}"),
	TEXT("{\"a\":\"\xf4\x90\x80\x80\"}"),
	TEXT("{\"a\":\"\xf8\x88\x80\x80\x80\"}"),
	TEXT("{\"a\":\"\xe2\x82\"}"),
	TEXT("{\"a\":\"\x80\"}"),
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
	enum json_refusal refusal;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		refusal = JSON_NOT_REFUSED;
		if (json_parse(refused[i].text, refused[i].len, &refusal) !=
		    NULL)
			fail_msg("parsed: %s", refused[i].text);
		/* for what it is, never for want of memory */
		if (refusal == JSON_NOT_REFUSED || refusal == JSON_NO_MEMORY)
			fail_msg("%s: %d", refused[i].text, (int)refusal);
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
	return json_parse(text, len, NULL);
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
	assert_non_null(json = json_parse(brackets, sizeof(brackets) - 1,
	    NULL));
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
		assert_non_null(json = json_parse(text, strlen(text), NULL));
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
	struct json *json = json_parse(text, sizeof(text) - 1, NULL);
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
	struct json *json = json_parse(text, sizeof(text) - 1, NULL);
	char *member;
	size_t i;

	(void)state;
	assert_non_null(json);
	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_int_equal(json_member_text(json, expected[i][0],
		    &member), 0);
		assert_string_equal(member, expected[i][1]);
		free(member);
	}
	assert_int_equal(json_member_text(json, "n", &member), 0);
	assert_null(member);
	assert_int_equal(json_member_text(json, "absent", &member), 0);
	assert_null(member);
	json_free(json);
}

static void
each_refusal_has_its_words(void **state)
{
	static const struct {
		const char *text;
		enum json_refusal refusal;
		const char *words;
	} rows[] = {
		{ "{", JSON_NOT_STRICT, "strict" },
		{ "{\"a\":1e400}", JSON_NUMBER_TOO_LARGE, "too large" },
		{ "{\"a\":[-1.0e999]}", JSON_NUMBER_TOO_LARGE, "too large" },
		{ "{\"a\":1,\"a\":1}", JSON_MEMBER_TWICE, "twice" },
		{ "{\"a\":1,\"b\":0,\"a\":2}", JSON_MEMBER_TWICE, "twice" },
		{ "{\"a\":{\"x\":1},\"b\":[0],\"a\":{\"y\":[1]}}",
		    JSON_MEMBER_TWICE, "twice" },
		{ "{\"a\":1,\"\\u0061\":\"1\"}", JSON_MEMBER_TWICE, "twice" },
		{ "{\"o\":[{\"k\":1,\"k\":2}]}", JSON_MEMBER_TWICE, "twice" },
		{ "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"
		    "]]]]]]]]]]]]]]]]}", JSON_TOO_DEEP, "deep" },
	};
	enum json_refusal refusal;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(json_parse(rows[i].text, strlen(rows[i].text),
		    &refusal));
		if (refusal != rows[i].refusal)
			fail_msg("%s: %d", rows[i].text, (int)refusal);
		assert_non_null(strstr(json_parse_refusal_text(refusal),
		    rows[i].words));
	}
}

/* A number that nobody reads may have any length. */
static void
numbers_beyond_64_bits(void **state)
{
	static const char *const numbers[] = { "9223372036854775808",
		"-9223372036854775809", "18446744073709551616",
		"123456789012345678901234567890123456789012345678901234" };
	static const char limits[] = "{\"a\":9223372036854775807,"
	    "\"b\":-9223372036854775808}";
	char text[256], *member;
	struct json *json;
	const char *string;
	int64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		(void)snprintf(text, sizeof(text), "{\"x\":%s,\"l\":[1,%s],"
		    "\"s\":\"%s\",\"t\":1795436084}", numbers[i], numbers[i],
		    numbers[i]);
		assert_non_null(json = json_parse(text, strlen(text), NULL));
		assert_int_equal(json_find_seconds(json, "x", &value),
		    JSON_WRONG_TYPE);
		assert_int_equal(json_find_string(json, "x", &string),
		    JSON_WRONG_TYPE);
		assert_int_equal(json_find_seconds(json, "t", &value),
		    JSON_FOUND);
		assert_int_equal(value, 1795436084);
		assert_int_equal(json_find_string(json, "s", &string),
		    JSON_FOUND);
		assert_string_equal(string, numbers[i]);
		assert_int_equal(json_member_text(json, "x", &member), 0);
		assert_null(member);
		json_free(json);
	}
	assert_non_null(json = json_parse(limits, sizeof(limits) - 1, NULL));
	assert_int_equal(json_member_text(json, "b", &member), 0);
	assert_string_equal(member, "-9223372036854775808");
	free(member);
	json_free(json);
}

static void
reals(void **state)
{
	static const char text[] = "{\"a\":1.5,\"b\":-2.5e-3,\"c\":1e5}";
	static const char edges[] = "{\"a\":1.7976931348623157e308,"
	    "\"b\":1e-400}";
	static const char over[] = "{\"a\":1.797693134862316e308}";
	struct json *json;
	char *member;

	(void)state;
	assert_non_null(json = json_parse(text, sizeof(text) - 1, NULL));
	assert_int_equal(json_member_text(json, "a", &member), 0);
	assert_string_equal(member, "1.5");
	free(member);
	json_free(json);
	/* the largest of all, and what is too small for any */
	assert_non_null(json = json_parse(edges, sizeof(edges) - 1, NULL));
	json_free(json);
	assert_null(json_parse(over, sizeof(over) - 1, NULL));
}

static char *seen[64];
static size_t seen_count;

static void *
allocate_filled(size_t size)
{
	char *memory = malloc(size + sizeof(size_t));

	memcpy(memory, &size, sizeof(size));
	return memory + sizeof(size_t);
}

/* Looks for the claim in what is given back. */
static void
search_and_free(void *pointer)
{
	char *memory = pointer;
	size_t size;

	if (memory == NULL)
		return;
	memcpy(&size, memory - sizeof(size_t), sizeof(size));
	if (memmem(memory, size, "claim-of-a-user", 15) != NULL &&
	    seen_count < sizeof(seen) / sizeof(seen[0]))
		seen[seen_count++] = memory;
	free(memory - sizeof(size_t));
}

static void
freed_values_are_wiped(void **state)
{
	static const char text[] = "{\"a\":[{\"claim-of-a-user-name\":"
	    "\"claim-of-a-user-value\"}],\"b\":\"claim-of-a-user\"}";
	struct json *json;

	(void)state;
	json_set_alloc_funcs(allocate_filled, search_and_free);
	assert_non_null(json = json_parse(text, sizeof(text) - 1, NULL));
	seen_count = 0;
	json_free(json);
	json_set_alloc_funcs(malloc, free);
	assert_int_equal(seen_count, 0);
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
		cmocka_unit_test(each_refusal_has_its_words),
		cmocka_unit_test(numbers_beyond_64_bits),
		cmocka_unit_test(reals),
		cmocka_unit_test(freed_values_are_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
