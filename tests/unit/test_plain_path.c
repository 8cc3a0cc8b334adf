/* Which paths a prefix of authgear_path has, and where a Destination leads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nginx/plain_path.h"

static const struct below {
	const char *path;
	const char *prefix;
	int is_below;
} belows[] = {
	{ "/admin", "/admin", 1 },
	{ "/admin/", "/admin", 1 },
	{ "/admin/users", "/admin", 1 },
	{ "/admin", "/admin/", 1 },
	{ "/admin/x", "/admin//", 1 },
	{ "/ADMIN/users", "/admin", 1 },
	{ "/Admin", "/aDMIN", 1 },
	{ "//admin", "/admin", 1 },
	{ "/a//b/c", "/a/b", 1 },
	{ "/a/b", "/a//b", 1 },
	{ "/admin.json", "/admin", 1 },
	{ "/admin;x=1/users", "/admin", 1 },
	{ "/admin-x", "/admin", 1 },
	{ "/admin x", "/admin", 1 },
	{ "/anything", "/", 1 },
	{ "/", "/", 1 },
	{ "/index.php/admin", "/index.php", 1 },
	{ "/a-b", "/a-", 1 },
	{ "/administrators", "/admin", 0 },
	{ "/admin_x", "/admin", 0 },
	{ "/admin1", "/admin", 0 },
	{ "/admin\xc3\xa4", "/admin", 0 },
	{ "/admi", "/admin", 0 },
	{ "/", "/admin", 0 },
	{ "", "/admin", 0 },
	{ "/x/admin", "/admin", 0 },
	{ "/index.php/admin", "/admin", 0 },
	{ "/a/b", "/ab", 0 },
	{ "/ab", "/a/b", 0 },
};

static void
test_below(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(belows) / sizeof(belows[0]); i++)
		if (plain_path_is_below(
		    (const unsigned char *)belows[i].path,
		    strlen(belows[i].path),
		    (const unsigned char *)belows[i].prefix,
		    strlen(belows[i].prefix)) != belows[i].is_below)
			fail_msg("%s below %s", belows[i].path,
			    belows[i].prefix);
}

static void
test_same(void **state)
{
	static const struct {
		const char *one, *other;
		int is_same;
	} rows[] = {
		{ "/admin", "/admin", 1 }, { "/admin/", "/admin", 1 },
		{ "/ADMIN", "/admin", 1 }, { "//admin", "/admin", 1 },
		{ "/", "//", 1 }, { "/", "/a", 0 }, { "/a", "/", 0 },
		{ "/admin", "/admins", 0 }, { "/a/b", "/a", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (plain_path_is_same((const unsigned char *)rows[i].one,
		    strlen(rows[i].one), (const unsigned char *)rows[i].other,
		    strlen(rows[i].other)) != rows[i].is_same)
			fail_msg("%s and %s", rows[i].one, rows[i].other);
}

static const struct destination {
	const char *text;
	const char *path;	/* NULL: none */
} destinations[] = {
	{ "/files/b.txt", "/files/b.txt" },
	{ "/", "/" },
	{ "http://h/files/b.txt", "/files/b.txt" },
	{ "https://h:8443/files/b?c", "/files/b" },
	{ "http://user@h/x", "/x" },
	{ "/files/b%20c.txt", "/files/b c.txt" },
	{ "/%6fffice/b", "/office/b" },
	{ "/files%2fb", "/files/b" },
	{ "//office//b", "/office/b" },
	{ "http://h//office/b", "/office/b" },
	{ "/./office/b", "/office/b" },
	{ "/files/./b/.", "/files/b/" },
	{ "/%2e/office", "/office" },
	{ "/files/d..e.txt", "/files/d..e.txt" },
	{ "/files/...", "/files/..." },
	{ "/a%25b", "/a%b" },
	{ "/a%2525b", "/a%25b" },
	{ "/a#b", "/a#b" },
	{ "", NULL },
	{ "office/b", NULL },
	{ "http://h", NULL },
	{ "http:/h", NULL },
	{ "h:80/x", NULL },
	{ "*", NULL },
	{ "/..", NULL },
	{ "/files/../office", NULL },
	{ "/files/%2e%2e/office", NULL },
	{ "/files/..%2foffice", NULL },
	{ "/files/.%2E/office", NULL },
	{ "/files/%2e%2E", NULL },
	{ "/a/..", NULL },
	{ "/a%00b", NULL },
	{ "/a%", NULL },
	{ "/a%2", NULL },
	{ "/a%zz", NULL },
	{ "/a%0ab", NULL },
	{ "/a%7fb", NULL },
	{ "/a\tb", NULL },
};

static void
test_destination(void **state)
{
	const struct destination *row;
	unsigned char *out;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(destinations) / sizeof(destinations[0]); i++) {
		row = &destinations[i];
		out = malloc(strlen(row->text) + 1);
		assert_non_null(out);
		len = plain_path_destination(
		    (const unsigned char *)row->text, strlen(row->text), out);
		if (len != (row->path == NULL ? 0 : strlen(row->path)) ||
		    (row->path != NULL &&
		    strcmp((char *)out, row->path) != 0))
			fail_msg("%s: %zu bytes", row->text, len);
		free(out);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_destination),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
