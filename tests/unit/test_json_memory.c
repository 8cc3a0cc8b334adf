/* JSON without memory: a text is read right, or refused as that. */
#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "ground/json.h"
#include "ground/json_parse.h"

static size_t allocations, failing;	/* which one fails; 0: none */
static int fails_after;			/* and all behind it */

/* Each block ends where nothing may be read or written, but for what aligns
 * it; its first page says how long it is. */
static void *
allocate(size_t size)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t room = (size + 15) & ~(size_t)15;
	const size_t pages = page + (room + page - 1) / page * page;
	char *memory;

	allocations++;
	if (failing != 0 && (allocations == failing ||
	    (fails_after && allocations > failing)))
		return NULL;
	memory = mmap(NULL, pages + page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(memory != MAP_FAILED);
	assert_int_equal(mprotect(memory + pages, page, PROT_NONE), 0);
	memset(memory + page, 0xa5, pages - page);
	memcpy(memory, &pages, sizeof(pages));
	return memory + pages - room;
}

static void
release(void *pointer)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t at = (uintptr_t)pointer & ~(uintptr_t)(page - 1);
	size_t pages;

	if (pointer == NULL)
		return;
	/* none of ours is longer than a page */
	memcpy(&pages, (char *)(at - page), sizeof(pages));
	assert_int_equal(pages, 2 * page);
	assert_int_equal(munmap((char *)(at - page), pages + page), 0);
}

/* What it is without a failure, to compare with; NULL: refused so. */
static char *
read_right(const char *text, enum json_refusal *refusal)
{
	struct json *json;
	char *right;

	failing = allocations = 0;
	json = json_parse(text, strlen(text), refusal);
	if (json == NULL)
		return NULL;
	right = json_dumps((json_t *)json, 0);
	assert_non_null(right);
	json_free(json);
	return right;
}

/* One allocation fails.  1 if the text was refused for it. */
static int
try_one(const char *text, const char *right, enum json_refusal why)
{
	enum json_refusal refusal;
	struct json *json = json_parse(text, strlen(text), &refusal);
	const size_t nth = failing;
	char *read;

	if (json == NULL && refusal != JSON_NO_MEMORY &&
	    (right != NULL || refusal != why))
		fail_msg("%s: allocation %zu: %d", text, nth, (int)refusal);
	if (json == NULL)
		return refusal == JSON_NO_MEMORY;
	if (right == NULL)
		fail_msg("%s: allocation %zu: taken", text, nth);
	failing = 0;
	assert_non_null(read = json_dumps((json_t *)json, 0));
	assert_string_equal(read, right);
	release(read);
	json_free(json);
	failing = nth;
	return 0;
}

/* Each allocation in turn, alone and with all that follow; how often the text
 * was refused for that. */
static size_t
try_text(const char *text)
{
	enum json_refusal why = JSON_NOT_REFUSED;
	size_t total, refusals = 0;
	char *right;

	json_set_alloc_funcs(allocate, release);
	right = read_right(text, &why);
	total = allocations;
	for (fails_after = 0; fails_after < 2; fails_after++)
		for (failing = 1; failing <= total; failing++) {
			allocations = 0;
			refusals += (size_t)try_one(text, right, why);
		}
	failing = 0;
	release(right);
	json_set_alloc_funcs(malloc, free);
	return refusals;
}

static void
whole_texts(void **state)
{
	static const char *const texts[] = {
		"{\"iss\":\"https://auth.example.test\",\"sub\":"
		    "\"5c9d0f3a-7be1-4f5e-9d55-0f9e8f1b7a11\",\"iat\":"
		    "1795436084,\"aud\":[\"https://auth.example.test\","
		    "\"https://mail.example/api\"],\"ok\":true,\"no\":false,"
		    "\"x\":null,\"f\":-1.25e-3,\"big\":"
		    "123456789012345678901234567890}",
		"{\"a1\":1,\"a2\":2,\"a3\":{\"b\":\"\\u00e9\\ud83d\\ude00\","
		    "\"bb\":[[],{},[{\"c\":\"0123456789012345678901234567890"
		    "12345678901234567890\"}]]}}",
		"{\"n\":1e-300,\"nn\":1e-3}",
		/* more than a table and a list begin with */
		"{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,"
		    "\"h\":8,\"i\":9,\"j\":[1,2,3,4,5,6,7,8,9,10,11,12]}",
		/* never taken, whatever fails */
		"{\"abcdefghijklmno\":1,\"abcdefghijklmno\":1}",
		"{\"a\":{\"b\":[{\"c\":1,\"c\":2}]}}",
		"{\"a\":[\"abcdefghijklmno\\q\"]}",
		"{\"a\":[1,2,{\"b\":\"c\"}}",
		"{\"a\":{\"b\":\"c\"},\"d\":1e400}",
		"{\"a\":\"b\"} x",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (try_text(texts[i]) < 4)
			fail_msg("%s: hardly ever refused", texts[i]);
}

/* The form with the string for each '?'. */
static void
compose(char *text, const char *form, const char *string)
{
	for (; *form != '\0'; form++) {
		if (*form == '?')
			text = stpcpy(text, string);
		else
			*text++ = *form;
	}
	*text = '\0';
}

/* Strings about the sizes that a buffer has before it grows. */
static void
lengths_of_strings(void **state)
{
	static const char *const forms[] = { "{\"?\":1}", "{\"a\":\"?\"}",
		"{\"a\":[\"?\",\"?\"],\"b\":{\"?\":\"?\"}}",
		"{\"?\":1,\"?\":1}" };
	static const char *const ends[] = { "", "\\n", "\\\"", "\\u00e9",
		"\\ud83d\\ude00", "\\nz", "\xc3\xa9" };
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzabcdefghijkl";
	char string[64], text[512];
	size_t form, end, len;

	(void)state;
	for (form = 0; form < sizeof(forms) / sizeof(forms[0]); form++)
		for (end = 0; end < sizeof(ends) / sizeof(ends[0]); end++)
			for (len = 8; len < 34; len++) {
				(void)snprintf(string, sizeof(string), "%.*s%s",
				    (int)len, letters, ends[end]);
				compose(text, forms[form], string);
				assert_true(try_text(text) > 0);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_texts),
		cmocka_unit_test(lengths_of_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
