#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "admin/pam_service.h"
#include "scratch.h"

static void
put(const char *folder, const char *name, const char *text)
{
	scratch_write(scratch_path(folder, name), text, strlen(text));
}

static int
read_text(struct pam_service *service, const char *text, struct error *error)
{
	char *folder = scratch_make();
	int ret;

	put(folder, "x", text);
	put(folder, "common-auth", "auth [success=1 default=ignore] "
	    "pam_unix.so nullok\nauth requisite pam_deny.so\n"
	    "account required pam_other.so\n");
	put(folder, "circle", "auth include circle\n");
	assert_int_equal(mkfifo(scratch_path(folder, "pipe"), 0600), 0);
	memset(service, 0, sizeof(*service));
	error_clear(error);
	ret = pam_service_read(service, folder, "x", error);
	scratch_remove(folder);
	return ret;
}

static void
test_words(void **state)
{
	struct pam_service service;
	const struct pam_line *line = service.lines;
	struct error error;

	(void)state;
	assert_int_equal(read_text(&service, "# a comment\n\n"
	    "-auth\t[success=done  default=ignore] /lib/security/pam_a.so "
	    "one [two \\] words] \\\n three # no more\n"
	    "Account REQUIRED pam_b.so", &error), 0);
	assert_int_equal(service.count, 2);
	assert_int_equal(line[0].phase, PAM_SERVICE_AUTH);
	assert_string_equal(line[0].module, "pam_a.so");
	assert_int_equal(line[0].count, 3);
	assert_string_equal(line[0].words[0], "one");
	assert_string_equal(line[0].words[1], "two ] words");
	assert_string_equal(line[0].words[2], "three");
	assert_int_equal(line[1].phase, PAM_SERVICE_ACCOUNT);
	assert_string_equal(line[1].control, "REQUIRED");
	assert_int_equal(line[1].count, 0);
	pam_service_clear(&service);
}

static void
test_includes(void **state)
{
	static const struct {
		const char *text;
		size_t count;
	} rows[] = {
		{ "@include common-auth\n", 3 },
		{ "auth include common-auth\n", 2 },
		{ "auth substack common-auth\n", 3 },
		{ "account substack common-auth\naccount required b.so\n",
		    3 },
		{ "account include common-auth\n", 1 },
		{ "session include absent\n", 0 },
		{ "auth required a.so\n@include common-auth\nauth required "
		    "b.so\n", 5 },
	};
	struct pam_service service;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(read_text(&service, rows[i].text, &error),
		    0);
		if (service.count != rows[i].count)
			fail_msg("%s: %zu lines", rows[i].text,
			    service.count);
		pam_service_clear(&service);
	}
}

static void
test_actions(void **state)
{
	static const struct {
		const char *control, *value, *action;
	} rows[] = {
		{ "required", "success", "ok" },
		{ "required", "perm_denied", "bad" },
		{ "required", "ignore", "ignore" },
		{ "requisite", "auth_err", "die" },
		{ "sufficient", "success", "done" },
		{ "sufficient", "perm_denied", "ignore" },
		{ "optional", "auth_err", "ignore" },
		{ "[success=done default=ignore]", "success", "done" },
		{ "[success=done default=ignore]", "auth_err", "ignore" },
		{ "[default=ignore success=2]", "success", "2" },
		{ "[success=ok]", "perm_denied", "bad" },
		{ "[ auth_err=die  default=ok ]", "auth_err", "die" },
		{ "[xauth_err=die default=ok]", "auth_err", "ok" },
		{ "[]", "success", "bad" },
	};
	struct pam_service service;
	struct error error;
	char line[256], text[16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(line, sizeof(line), "auth %s a.so\n",
		    rows[i].control);
		assert_int_equal(read_text(&service, line, &error), 0);
		assert_int_equal(service.count, 1);
		if (strcmp(pam_service_action(service.lines, rows[i].value,
		    text), rows[i].action) != 0)
			fail_msg("%s: %s", rows[i].control, rows[i].value);
		pam_service_clear(&service);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "nonsense required a.so\n", "no phase" },
		{ "auth\n", "without control" },
		{ "auth required\n", "without control" },
		{ "auth [success=done a.so\n", "without control" },
		{ "auth required a.so [open\n", "bracket" },
		{ "@include\n", "of nothing" },
		{ "@include absent\n", "No such file" },
		{ "auth include absent\n", "No such file" },
		{ "auth include circle\n", "circles" },
		{ "@include pipe\n", "no file" },
		{ "@include .\n", "no file" },
		{ "@include /dev/zero\n", "no file" },
		{ "auth include /nonexistent/x\n", "No such file" },
	};
	struct pam_service service;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (read_text(&service, rows[i].text, &error) != -1 ||
		    strstr(error.text, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].text, error.text);
		pam_service_clear(&service);
	}
}

static void
test_limits(void **state)
{
	static char text[65536];
	struct pam_service service;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i <= PAM_SERVICE_LINES; i++)
		(void)strcat(text, "auth required a.so\n");
	assert_int_equal(read_text(&service, text, &error), -1);
	assert_non_null(strstr(error.text, "too many lines"));
	pam_service_clear(&service);
	(void)strcpy(text, "auth required a.so");
	for (i = 0; i <= PAM_SERVICE_WORDS; i++)
		(void)strcat(text, " w");
	assert_int_equal(read_text(&service, text, &error), -1);
	assert_non_null(strstr(error.text, "too many words"));
	pam_service_clear(&service);
	memset(text, 'x', 5000);
	text[5000] = '\0';
	assert_int_equal(read_text(&service, text, &error), -1);
	assert_non_null(strstr(error.text, "too long"));
	pam_service_clear(&service);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_includes),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
