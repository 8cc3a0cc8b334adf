#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ground/origin.h"

static const char *const good[] = {
	"https://accounts.example.com", "http://localhost:3100",
	"https://a", "https://127.0.0.1:8443", "https://[::1]:8443",
	"https://example.com:80", "http://example.com:443",
	"https://example.com:65535",
};

static const char *const bad[] = {
	"", "example.com", "ftp://example.com", "https://", "HTTPS://a",
	"https://Example.com", "https://example.com/", "https://a:443",
	"http://a:80", "https://a:", "https://a:0", "https://a:080",
	"https://a:65536", "https://a:123456", "https://a:8x",
	"https://user@a", "https://user:pw@a", "https://a?b", "https://a#b",
	"https://a b", "https://a\n", "https://.a", "https://-a",
	"https://[::1", "https://::1", "https://[]", "https://a/b",
	"https://a\\b", "https://\xc3\xa4", " https://a",
};

static void
checked(void **state)
{
	struct error error;
	char text[300];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		error_clear(&error);
		if (origin_check(good[i], &error) != 0)
			fail_msg("%s: %s", good[i], error_text(&error));
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		error_clear(&error);
		if (origin_check(bad[i], &error) != -1)
			fail_msg("passed: %s", bad[i]);
		assert_true(strlen(error.text) > 0);
		assert_int_equal(origin_check(bad[i], NULL), -1);
	}
	memset(text, 'a', sizeof(text));
	memcpy(text, "https://", 8);
	text[ORIGIN_MAX] = '\0';
	assert_int_equal(origin_check(text, NULL), 0);
	text[ORIGIN_MAX] = 'a';
	text[ORIGIN_MAX + 1] = '\0';
	assert_int_equal(origin_check(text, NULL), -1);
}

static void
loopback(void **state)
{
	static const struct {
		const char *origin;
		int is;
	} cases[] = {
		{ "http://localhost", 1 }, { "http://localhost:3000", 1 },
		{ "http://127.0.0.1:1", 1 }, { "http://127.8.9.1", 1 },
		{ "http://[::1]:1", 1 }, { "https://localhost", 0 },
		{ "http://localhost.example.com", 0 },
		{ "http://127.0.0.1.example.com", 0 },
		{ "http://128.0.0.1", 0 }, { "http://[::2]", 0 },
		{ "http://[::11]", 0 }, { "localhost", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (origin_is_loopback(cases[i].origin) != cases[i].is)
			fail_msg("%s", cases[i].origin);
	}
}

static void
of_urls(void **state)
{
	(void)state;
	assert_int_equal(origin_of_url("https://a", "https://a"), 1);
	assert_int_equal(origin_of_url("https://a", "https://a/b"), 1);
	assert_int_equal(origin_of_url("https://a", "https://a?b"), 1);
	assert_int_equal(origin_of_url("https://a", "https://a:8443/"), 0);
	assert_int_equal(origin_of_url("https://a", "https://a.evil/"), 0);
	assert_int_equal(origin_of_url("https://a", "https://a@evil/"), 0);
	assert_int_equal(origin_of_url("https://a", "http://a/"), 0);
	assert_int_equal(origin_of_url("https://a", ""), 0);
	assert_int_equal(origin_is_https("https://a"), 1);
	assert_int_equal(origin_is_https("http://a"), 0);
}

static void
placeholders(void **state)
{
	static const struct {
		const char *url;
		int is;
	} cases[] = {
		{ "https://authgear.example", 1 }, { "https://example", 1 },
		{ "https://accounts.example.com", 1 },
		{ "https://example.com:8443", 1 },
		{ "http://a.example.net", 1 },
		{ "https://a.b.example.org/x?y", 1 },
		{ "http://x.invalid", 1 },
		{ "https://a.example.", 1 }, { "https://myexample.com", 0 },
		{ "https://example.com.evil.net", 0 },
		{ "https://example.de", 0 }, { "https://a.test", 0 },
		{ "https://notexample", 0 }, { "https://a/example.com", 0 },
		{ "https://a?x=.example", 0 }, { "http://127.0.0.1:1", 0 },
		{ "https://[::1]", 0 }, { "example", 0 }, { "", 0 },
		{ "https://", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (origin_is_placeholder(cases[i].url) != cases[i].is)
			fail_msg("%s", cases[i].url);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checked),
		cmocka_unit_test(loopback),
		cmocka_unit_test(of_urls),
		cmocka_unit_test(placeholders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
