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
test_right_below(void **state)
{
	static const struct below rows[] = {
		{ "/admin", "/admin", 1 }, { "/admin/", "/admin", 1 },
		{ "/admin/users", "/admin/", 1 }, { "/x", "/", 1 },
		{ "//a///b/c", "/a//b/", 1 }, { "", "/", 1 },
		{ "/ADMIN", "/admin", 0 }, { "/admin.json", "/admin", 0 },
		{ "/admin;x/y", "/admin", 0 }, { "/admin-x", "/admin", 0 },
		{ "/admin x", "/admin", 0 }, { "/a-b", "/a-", 0 },
		{ "/admi", "/admin", 0 }, { "", "/admin", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (plain_path_is_right_below(
		    (const unsigned char *)rows[i].path, strlen(rows[i].path),
		    (const unsigned char *)rows[i].prefix,
		    strlen(rows[i].prefix)) != rows[i].is_below)
			fail_msg("%s right below %s", rows[i].path,
			    rows[i].prefix);
}

/* NULL: as it is. */
static const struct reading {
	const char *path;
	const char *cut, *slashed, *cut_slashed, *slashed_cut;
} readings[] = {
	{ "/", NULL, NULL, NULL, NULL },
	{ "/a/b.c/..d/...", NULL, NULL, NULL, NULL },
	{ "/admin;x/users", "/admin/users", NULL, "/admin/users",
	    "/admin/users" },
	{ "/;x/admin", "/admin", NULL, "/admin", "/admin" },
	{ "/..;/admin", "/admin", NULL, "/admin", "/admin" },
	{ "/a/..;x=1/admin", "/admin", NULL, "/admin", "/admin" },
	{ "/a/b/..;/../admin", "/admin", "/a/b/admin", "/admin", "/admin" },
	{ "/a/.;/admin;", "/a/admin", NULL, "/a/admin", "/a/admin" },
	{ "/a/b;/..;", "/a/", NULL, "/a/", "/a/" },
	{ "\\admin", NULL, "/admin", "/admin", "/admin" },
	{ "/a\\..\\admin", NULL, "/admin", "/admin", "/admin" },
	{ "/..\\admin", NULL, "/admin", "/admin", "/admin" },
	{ "/a\\\\b", NULL, "/a/b", "/a/b", "/a/b" },
	{ "/a;\\admin", "/a", "/a;/admin", "/a", "/a/admin" },
	{ "/a;\\../b\\..", "/a/b\\..", "/", "/a/", "/" },
	{ "/..;\\..;/x", "/x", "/..;/..;/x", "/x", "/x" },
	{ "/../../..", "/", "/", "/", "/" },
	{ "/a/b/../..", "/", "/", "/", "/" },
	{ "/a//./b/../c/", "/a/c/", "/a/c/", "/a/c/", "/a/c/" },
};

static void
is_read(const char *path, enum plain_path_reading reading, const char *wanted)
{
	const size_t len = strlen(path);
	unsigned char *out = malloc(len), *copy = malloc(len);
	size_t got;

	assert_non_null(out);
	assert_non_null(copy);
	memcpy(copy, path, len);
	got = plain_path_read(copy, len, reading, out);
	if (wanted == NULL)
		wanted = path;
	if (got != strlen(wanted) || memcmp(out, wanted, got) != 0)
		fail_msg("%s, reading %d: %.*s", path, (int)reading, (int)got,
		    (const char *)out);
	free(out);
	free(copy);
}

static void
test_readings(void **state)
{
	const struct reading *row;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
		row = &readings[i];
		is_read(row->path, PLAIN_PATH_CUT, row->cut);
		is_read(row->path, PLAIN_PATH_SLASHED, row->slashed);
		is_read(row->path, PLAIN_PATH_CUT_SLASHED, row->cut_slashed);
		is_read(row->path, PLAIN_PATH_SLASHED_CUT, row->slashed_cut);
	}
	is_read("/a;b\\c/./d/../e//", PLAIN_PATH_AS_IT_IS, "/a;b\\c/e/");
}

static void
test_inside(void **state)
{
	static const struct {
		const char *prefix, *path;
		int is_inside;
	} rows[] = {
		{ "/dav/secret", "/dav", 1 }, { "/dav/secret", "/dav/", 1 },
		{ "/dav/secret", "/", 1 }, { "/dav//secret/", "//DAV/", 1 },
		{ "/DAV/a/b", "/dav", 1 }, { "/dav", "/dav", 0 },
		{ "/dav/", "/dav", 0 }, { "/dav", "/dav/", 0 },
		{ "/", "/", 0 }, { "/", "/dav", 0 }, { "/dav.txt", "/dav", 0 },
		{ "/dav;x", "/dav", 0 }, { "/david/x", "/dav", 0 },
		{ "/dav", "/dav/secret", 0 }, { "/other", "/dav", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (plain_path_is_inside(
		    (const unsigned char *)rows[i].prefix,
		    strlen(rows[i].prefix),
		    (const unsigned char *)rows[i].path,
		    strlen(rows[i].path)) != rows[i].is_inside)
			fail_msg("%s in %s", rows[i].prefix, rows[i].path);
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
		cmocka_unit_test(test_right_below),
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_readings),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_destination),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
