#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ground/hash.h"

static void
known_digests(void **state)
{
	static const struct {
		const char *name;
		const char *data;
		size_t len;
		const char *hex;
	} cases[] = {
		{ "nothing", "", 0, "e3b0c44298fc1c149afbf4c8996fb924"
		    "27ae41e4649b934ca495991b7852b855" },
		{ "abc", "abc", 3, "ba7816bf8f01cfea414140de5dae2223"
		    "b00361a396177a9cb410ff61f20015ad" },
		{ "a NUL", "\0", 1, "6e340b9cffb37a989ca544e6bb780a2c"
		    "78901d3fb33738768511a30617afa01d" },
	};
	char hex[HASH_HEX_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (hash_hex(cases[i].data, cases[i].len, hex) != 0 ||
		    strcmp(hex, cases[i].hex) != 0)
			fail_msg("%s: %s", cases[i].name, hex);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
