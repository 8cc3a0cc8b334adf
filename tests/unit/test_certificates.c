#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "facts/certificates.h"

/* A good one is tested where it is made anew: tests/e2e/test_init.py. */
static void
refused(void **state)
{
	static const char *const cases[] = {
		"", "\n", "x", "-----BEGIN CERTIFICATE-----",
		"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nAAAA\n"
		    "-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\n!!!!\n"
		    "-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
		    "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n"
		    "\nAAAAAAAAAAAAAAAAAAAAAA==\n"
		    "-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"
		    "-----END CERTIFICATE REQUEST-----\n",
	};
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		error_clear(&error);
		if (certificates_check(cases[i], strlen(cases[i]),
		    &error) != -1)
			fail_msg("passed: %s", cases[i]);
		assert_true(error.text[0] != '\0');
	}
	error_clear(&error);
	assert_int_equal(certificates_check("x", CERTIFICATES_MAX_FILE + 1,
	    &error), -1);
	assert_non_null(strstr(error.text, "large"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
