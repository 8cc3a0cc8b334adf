/* The marker of an attempt to log in, and the attempts that are over. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/login_attempts.h"
#include "web/login_marker.h"

#define NOW 1800000000
#define NONCE "0123456789abcdef"
#define OTHER "fedcba9876543210"
#define NAME LOGIN_MARKER "="
#define HOST "__Host-" LOGIN_MARKER "="

static void
there_and_back(void **state)
{
	struct login_marker marker = { NONCE, 0 }, got;
	char tail[LOGIN_TAIL_SIZE], text[64], cookie[LOGIN_COOKIE_SIZE];
	int is_https, got_https;

	(void)state;
	for (is_https = 0; is_https < 2; is_https++)
		for (marker.rounds = 0; marker.rounds <= LOGIN_ROUNDS_MAX;
		    marker.rounds++) {
			login_marker_tail(&marker, is_https, tail);
			assert_int_equal(strlen(tail), LOGIN_TAIL_SIZE - 1);
			(void)snprintf(text, sizeof(text), "/a?b%s", tail);
			assert_int_equal(login_marker_cut(text, &got,
			    &got_https), 0);
			assert_string_equal(text, "/a?b");
			assert_string_equal(got.nonce, NONCE);
			assert_int_equal(got.rounds, marker.rounds);
			assert_int_equal(got_https, is_https);
			login_marker_cookie(&marker, is_https, NOW, cookie);
			cookie[strcspn(cookie, ";")] = '\0';
			assert_int_equal(login_marker_read(cookie, is_https,
			    NOW, &got, 1), 1);
			assert_string_equal(got.nonce, NONCE);
			assert_int_equal(got.rounds, marker.rounds);
			assert_int_equal(login_marker_read(cookie, !is_https,
			    NOW, &got, 1), 0);
		}
}

static void
bounds(void **state)
{
	const struct login_marker marker = { NONCE, LOGIN_ROUNDS_MAX };
	char cookie[LOGIN_COOKIE_SIZE];

	(void)state;
	login_marker_cookie(&marker, 1, INT64_MIN, cookie);
	assert_non_null(strstr(cookie, "; SameSite=Lax"));
}

static void
no_tails(void **state)
{
	static const char *const rows[] = {
		"", "#", "/", "/a", "/#", "/#s", "/#s.0", "/#s" NONCE,
		"/#" NONCE ".0", "/#s" NONCE ".", "/#s" NONCE "0",
		"/#s" NONCE ".4", "/#s" NONCE ".-1", "/#s" NONCE ".00",
		"/#s" NONCE ".0 ", "/#S" NONCE ".0", "/#s 123456789abcdef.0",
		"/#s0123456789abcde.0", "/#s" NONCE "0.0",
		"/#s0123456789ABCDEF.0", "/#s" NONCE ".0#s" NONCE ".0",
		"/##s" NONCE ".0", "#s#s" NONCE ".0",
	};
	struct login_marker got;
	char text[64];
	int is_https;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s", rows[i]);
		if (login_marker_cut(text, &got, &is_https) != -1)
			fail_msg("%s", rows[i]);
		assert_string_equal(text, rows[i]);
	}
}

static void
cookies(void **state)
{
	static const struct {
		const char *cookies;
		size_t count;
	} rows[] = {
		{ NAME NONCE ".1800000000.0", 1 },
		{ " \t" NAME NONCE ".1800000000.0 \t", 1 },
		{ "a=b;" NAME NONCE ".1800000000.3;c=d", 1 },
		{ "a=b, " NAME NONCE ".1800000000.0, c=d", 1 },
		{ NAME "x; " NAME NONCE ".1800000000.1", 1 },
		{ NAME NONCE ".1800000000.0; " NAME OTHER ".1800000000.0", 2 },
		/* its age, by the daemon's clock */
		{ NAME NONCE ".1799999940.0", 1 },
		{ NAME NONCE ".1799999939.0", 0 },
		{ NAME NONCE ".1800000005.0", 1 },
		{ NAME NONCE ".1800000006.0", 0 },
		{ NAME NONCE ".0.0", 0 }, { NAME NONCE ".999999999999.0", 0 },
		{ NAME NONCE ".001800000000.0", 1 },
		{ NAME NONCE ".0001800000000.0", 0 },
		{ NAME NONCE ".18446744075509551616.0", 0 },
		{ NAME NONCE ".-1.0", 0 }, { NAME NONCE ".+1800000000.0", 0 },
		{ NAME NONCE ". 1800000000.0", 0 }, { NAME NONCE "..0", 0 },
		/* what is no marker */
		{ "", 0 }, { ";", 0 }, { ";;,;", 0 }, { NAME, 0 },
		{ LOGIN_MARKER, 0 }, { NAME "1", 0 }, { NAME "2", 0 },
		{ NAME NONCE, 0 }, { NAME NONCE ".", 0 },
		{ NAME NONCE ".1800000000", 0 },
		{ NAME NONCE ".1800000000.", 0 },
		{ NAME NONCE ".1800000000.4", 0 },
		{ NAME NONCE ".1800000000.00", 0 },
		{ NAME NONCE ".1800000000.0x", 0 },
		{ NAME NONCE ".1800000000.0.0", 0 },
		{ NAME NONCE ".1800000000.0 x", 0 },
		{ NAME "\"" NONCE ".1800000000.0\"", 0 },
		{ NAME "0123456789ABCDEF.1800000000.0", 0 },
		{ NAME "0123456789abcde.1800000000.0", 0 },
		{ NAME NONCE "0.1800000000.0", 0 },
		{ NAME " " NONCE ".1800000000.0", 0 },
		{ LOGIN_MARKER " =" NONCE ".1800000000.0", 0 },
		{ "Authgear-login=" NONCE ".1800000000.0", 0 },
		{ "x" NAME NONCE ".1800000000.0", 0 },
		{ "-" NAME NONCE ".1800000000.0", 0 },
		{ "x=" NAME NONCE ".1800000000.0", 0 },
		{ "x " NAME NONCE ".1800000000.0", 0 },
		{ HOST NONCE ".1800000000.0", 0 },
		{ "__Secure-" NAME NONCE ".1800000000.0", 0 },
	};
	struct login_marker got[4];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (login_marker_read(rows[i].cookies, 0, NOW, got, 4) !=
		    rows[i].count)
			fail_msg("%s", rows[i].cookies);
	assert_int_equal(login_marker_read(HOST NONCE ".1800000000.0", 1, NOW,
	    got, 4), 1);
	assert_int_equal(login_marker_read(NAME NONCE ".1800000000.0", 1, NOW,
	    got, 4), 0);
}

static void
many_cookies(void **state)
{
	static const char one[] = NAME NONCE ".1800000000.0; ";
	const size_t len = sizeof(one) - 1;
	struct login_marker got[4];
	char *text;
	size_t i;

	(void)state;
	text = test_malloc(65536);
	for (i = 0; i + len < 65536; i += len)
		memcpy(text + i, one, len);
	text[i] = '\0';
	assert_int_equal(login_marker_read(text, 0, NOW, got, 4), 4);
	assert_int_equal(login_marker_read(text, 0, NOW, got, 0), 0);
	memset(text, 'a', 65535);
	text[65535] = '\0';
	memcpy(text, NAME, sizeof(NAME) - 1);
	assert_int_equal(login_marker_read(text, 0, NOW, got, 4), 0);
	memset(text, ';', 65535);
	assert_int_equal(login_marker_read(text, 0, NOW, got, 4), 0);
	test_free(text);
}

static void
attempts_end(void **state)
{
	struct login_attempts *attempts = login_attempts_new();
	char nonce[LOGIN_NONCE_SIZE];
	unsigned int i;

	(void)state;
	assert_non_null(attempts);
	assert_false(login_attempts_is_over(attempts, NONCE));
	assert_false(login_attempts_is_over(attempts, "0000000000000000"));
	login_attempts_end(attempts, NONCE);
	assert_true(login_attempts_is_over(attempts, NONCE));
	assert_false(login_attempts_is_over(attempts, OTHER));
	assert_false(login_attempts_is_over(attempts, "0000000000000000"));
	/* again is no second place */
	for (i = 0; i < 2 * LOGIN_ATTEMPTS_MAX; i++)
		login_attempts_end(attempts, OTHER);
	assert_true(login_attempts_is_over(attempts, NONCE));
	for (i = 0; i < LOGIN_ATTEMPTS_MAX - 2; i++) {
		(void)snprintf(nonce, sizeof(nonce), "%016x", i);
		login_attempts_end(attempts, nonce);
	}
	assert_true(login_attempts_is_over(attempts, NONCE));
	/* the oldest goes */
	login_attempts_end(attempts, "ffffffffffffffff");
	assert_false(login_attempts_is_over(attempts, NONCE));
	assert_true(login_attempts_is_over(attempts, OTHER));
	assert_true(login_attempts_is_over(attempts, "ffffffffffffffff"));
	login_attempts_free(attempts);
	login_attempts_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(bounds),
		cmocka_unit_test(no_tails),
		cmocka_unit_test(cookies),
		cmocka_unit_test(many_cookies),
		cmocka_unit_test(attempts_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
