#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ground/base64url.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static const struct {
	const char *text;
	const char *bytes;
	size_t len;
} good[] = {
	{ "", "", 0 },
	{ "Zg", "f", 1 },
	{ "Zm8", "fo", 2 },
	{ "Zm9v", "foo", 3 },
	{ "Zm9vYmFy", "foobar", 6 },
	{ "AA", "\0", 1 },
	{ "__-_", "\xff\xff\xbf", 3 },
	{ "-_8", "\xfb\xff", 2 },
};

static const char *const bad[] = {
	"A", "AAAAA", "Zg==", "Zg=", "Zm8=", "Zm9v=", "Zm9v\n", " Zg", "Z g",
	"+/8", "//8A", "Zm9v.", "Zh", "Zv", "Z_", "Zm9", "Zm-", "Zm\x80v",
};

static void
known_values(void **state)
{
	unsigned char out[16];
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (base64url_decode(good[i].text, strlen(good[i].text), out,
		    sizeof(out), &len) != 0 || len != good[i].len ||
		    memcmp(out, good[i].bytes, len) != 0)
			fail_msg("%s", good[i].text);
	}
}

static void
refused_texts(void **state)
{
	unsigned char out[16];
	size_t i, len = 99;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (base64url_decode(bad[i], strlen(bad[i]), out, sizeof(out),
		    &len) != -1)
			fail_msg("decoded: %s", bad[i]);
		assert_int_equal(len, 0);
	}
	assert_int_equal(base64url_decode("Zm\0v", 4, out, sizeof(out), &len),
	    -1);
}

/* Of all last characters exactly those with zero bits behind the bytes. */
static void
one_text_for_each_byte_string(void **state)
{
	unsigned char out[4];
	char text[4] = "AAA";
	size_t i, j, len;
	int passed;

	(void)state;
	for (i = 0; i < 64; i++) {
		text[1] = alphabet[i];
		passed = base64url_decode(text, 2, out, sizeof(out), &len);
		assert_int_equal(passed, i % 16 == 0 ? 0 : -1);
		for (j = 0; j < 64; j++) {
			text[2] = alphabet[j];
			passed = base64url_decode(text, 3, out, sizeof(out),
			    &len);
			assert_int_equal(passed, j % 4 == 0 ? 0 : -1);
		}
	}
}

static void
every_byte_by_itself(void **state)
{
	unsigned char out[1];
	char text[2];
	unsigned int i;
	size_t len;

	(void)state;
	for (i = 0; i < 256; i++) {
		text[0] = (char)i;
		text[1] = 'A';
		if (i != 0 && strchr(alphabet, (int)i) != NULL)
			assert_int_equal(base64url_decode(text, 2, out, 1,
			    &len), 0);
		else
			assert_int_equal(base64url_decode(text, 2, out, 1,
			    &len), -1);
	}
}

static void
room_to_spare(void **state)
{
	unsigned char out[3];
	size_t i, len;

	(void)state;
	assert_int_equal(base64url_decode("Zm9v", 4, out, 2, &len), -1);
	assert_int_equal(base64url_decode("Zm9v", 4, out, 3, &len), 0);
	assert_int_equal(base64url_decode("", 0, out, 0, &len), 0);
	for (i = 0; i < 20; i++)
		assert_true(base64url_decoded_max(i) >= i * 3 / 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(refused_texts),
		cmocka_unit_test(one_text_for_each_byte_string),
		cmocka_unit_test(every_byte_by_itself),
		cmocka_unit_test(room_to_spare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
