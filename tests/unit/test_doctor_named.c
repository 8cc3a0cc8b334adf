#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin/doctor.h"
#include "admin/doctor_named.h"
#include "scratch.h"

/* The last line, and all of them. */
static char said[4096], lines[16384];
static enum doctor_finding found;

void
doctor_say(struct doctor *doctor, enum doctor_finding finding,
    const char *subject, const char *remedy, const char *format, ...)
{
	char text[2048];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void)snprintf(said, sizeof(said), "%s: %s [%s]", subject, text,
	    remedy == NULL ? "" : remedy);
	found = finding;
	(void)strncat(lines, said, sizeof(lines) - strlen(lines) - 1);
	doctor->counts[finding]++;
}

static int
setup(void **state)
{
	*state = scratch_make();
	return 0;
}

static int
teardown(void **state)
{
	scratch_remove(*state);
	return 0;
}

static void
expect(enum doctor_finding finding, const char *text)
{
	if (found != finding || strstr(said, text) == NULL)
		fail_msg("%d: %s, not %d: %s", (int)found, said, (int)finding,
		    text);
}

static void
test_policy(void **state)
{
	static const char settings[] = "[authgear]\n"
	    "endpoint = https://a.example\n[policy web]\n[policy admin]\n";
	const char *at = *state;
	struct doctor doctor = { .config = "FILE" };
	struct error error = { "" };
	struct settings *read;
	const char *path = scratch_path(at, "settings");

	doctor_named_policy(&doctor, "x", "wbe", DOCTOR_BY_MODULE, NULL);
	expect(DOCTOR_GOOD, "x: policy wbe, by the module");
	scratch_write(path, settings, sizeof(settings) - 1);
	read = settings_load(path, &error);
	assert_non_null(read);
	doctor.settings = read;
	doctor_named_policy(&doctor, "x", "web", DOCTOR_BY_MODULE, NULL);
	expect(DOCTOR_GOOD, "policy web");
	doctor_named_policy(&doctor, "x", "wbe", DOCTOR_BY_MODULE, "unix:/a");
	expect(DOCTOR_BAD, "is not in FILE: everybody is refused");
	/* not "default", which counts where no policy is named */
	doctor_named_policy(&doctor, "x", "default", DOCTOR_BY_MODULE, NULL);
	expect(DOCTOR_BAD, "policy-unknown");
	assert_int_equal(word_list_add(&doctor.listens, "/a", 2), 0);
	doctor_named_policy(&doctor, "x", "wbe", DOCTOR_BY_MODULE, "unix:/a");
	expect(DOCTOR_BAD, "is not in FILE");
	doctor_named_policy(&doctor, "x", "wbe", DOCTOR_BY_MODULE, "unix:/b");
	expect(DOCTOR_UNKNOWN, "listens at unix:/b");
	doctor_named_policy(&doctor, "x", "wbe", DOCTOR_BY_MODULE,
	    "127.0.0.1:970");
	expect(DOCTOR_BAD, "is not in FILE");
	word_list_clear(&doctor.listens);
	settings_free(read);
}

static void
test_socket(void **state)
{
	const char *at = *state;
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct doctor doctor = { .config = "FILE" };
	char address[4096];
	int fd;

	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s/s",
	    at);
	(void)snprintf(address, sizeof(address), "unix:%s", name.sun_path);
	doctor_named_socket(&doctor, "x", address);
	expect(DOCTOR_BAD, "nobody listens at /");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_not_equal(fd, -1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&name,
	    sizeof(name)), 0);
	doctor_named_socket(&doctor, "x", address);
	expect(DOCTOR_BAD, "Connection refused");
	assert_int_equal(listen(fd, 0), 0);
	doctor_named_socket(&doctor, "x", address);
	expect(DOCTOR_GOOD, "somebody listens at /");
	doctor.web_user = "nobody";
	assert_int_equal(chmod(at, 0700), 0);
	assert_int_equal(chmod(name.sun_path, 0666), 0);
	doctor_named_socket(&doctor, "x", address);
	expect(DOCTOR_BAD, "nobody may not connect to /");
	assert_int_equal(chmod(at, 0755), 0);
	doctor_named_socket(&doctor, "x", address);
	expect(DOCTOR_GOOD, "somebody listens at /");
	assert_int_equal(chmod(name.sun_path, 0660), 0);
	doctor_named_socket(&doctor, "x", address);
	expect(DOCTOR_BAD, "nobody may not connect to /");
	doctor.web_user = "root";
	doctor_named_socket(&doctor, "x", address);
	expect(DOCTOR_GOOD, "somebody listens at /");
	doctor.web_user = NULL;
	(void)close(fd);
	doctor_named_socket(&doctor, "x", address);
	expect(DOCTOR_BAD, "Connection refused");
	doctor_named_socket(&doctor, "x", "unix:/dev/null");
	expect(DOCTOR_BAD, "nobody listens at /dev/null");
	doctor_named_socket(&doctor, "x", "unix:run/authgear/nginx.sock");
	expect(DOCTOR_BAD, "nobody listens at run");
	memset(address + 5, 'a', 200);
	address[5] = '/';
	address[205] = '\0';
	doctor_named_socket(&doctor, "x", address);
	expect(DOCTOR_UNKNOWN, "whether anybody listens");
	memset(doctor.counts, 0, sizeof(doctor.counts));
	doctor_named_socket(&doctor, "x", "127.0.0.1:970");
	assert_int_equal(doctor.counts[DOCTOR_GOOD] +
	    doctor.counts[DOCTOR_BAD] + doctor.counts[DOCTOR_UNKNOWN], 0);
}

static void
write_page(const char *path, size_t len)
{
	scratch_write(path, "0123456789abcdef", len);
	assert_int_equal(chmod(path, 0644), 0);
}

static void
look(struct doctor *doctor, const char *root, const char *daemon)
{
	char words[4096];

	assert_true(snprintf(words, sizeof(words), "%s %s", root, daemon) <
	    (int)sizeof(words));
	doctor_named_pages(doctor, "x", words);
}

static void
test_pages(void **state)
{
	const char *at = *state;
	struct doctor doctor = { .user = geteuid() };
	char folder[4096];
	const char *page;

	(void)snprintf(folder, sizeof(folder), "%s/e", at);
	page = scratch_path(folder, "daemon");
	look(&doctor, "/", folder);
	expect(DOCTOR_BAD, "/e is no directory");
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	look(&doctor, "/", folder);
	expect(DOCTOR_BAD, "/e/daemon is no good page");
	write_page(page, 15);
	look(&doctor, "/", folder);
	expect(DOCTOR_BAD, "/e/daemon is no good page");
	write_page(page, 16);
	look(&doctor, "/", folder);
	expect(DOCTOR_GOOD, "/e/daemon");
	assert_int_equal(chmod(page, 0600), 0);
	look(&doctor, "/", folder);
	expect(DOCTOR_BAD, "cannot be read by web servers");
	assert_int_equal(chmod(page, 0644), 0);
	assert_int_equal(chmod(folder, 0700), 0);
	look(&doctor, "/", folder);
	expect(DOCTOR_BAD, "cannot be read by web servers");
	assert_int_equal(chmod(folder, 0775), 0);
	look(&doctor, "/", folder);
	expect(DOCTOR_BAD, "writable by nobody else");
	assert_int_equal(chmod(folder, 0755), 0);
	doctor.user++;
	look(&doctor, "/", folder);
	expect(DOCTOR_BAD, "must be of uid");
	doctor.user = DOCTOR_USER_UNKNOWN;
	look(&doctor, "/", folder);
	expect(DOCTOR_UNKNOWN, "is not known");
	memset(doctor.counts, 0, sizeof(doctor.counts));
	look(&doctor, folder, folder);
	assert_int_equal(doctor.counts[DOCTOR_GOOD], 0);
	assert_int_equal(doctor.counts[DOCTOR_BAD], 1);
}

/* A good page of another state changes with none of what is revoked here. */
static void
test_page_of_another(void **state)
{
	const char *at = *state;
	const char *path = scratch_path(at, "settings");
	struct doctor doctor = { .user = geteuid() };
	struct error error = { "" };
	struct settings *read;
	char text[8192], words[8192];

	(void)snprintf(text, sizeof(text), "[authgear]\nendpoint = "
	    "https://a.example\nstate = %s/s\n[policy web]\n", at);
	scratch_write(path, text, strlen(text));
	read = settings_load(path, &error);
	assert_non_null(read);
	doctor.settings = read;
	assert_int_equal(mkdir(scratch_path(at, "s.epoch"), 0755), 0);
	assert_int_equal(mkdir(scratch_path(at, "t.epoch"), 0755), 0);
	(void)snprintf(words, sizeof(words), "%s/t.epoch /nowhere", at);
	lines[0] = '\0';
	doctor_named_pages(&doctor, "x", words);
	assert_non_null(strstr(lines, "/t.epoch is not beside "));
	(void)snprintf(words, sizeof(words), "%s/t.epoch/../s.epoch /nowhere",
	    at);
	lines[0] = '\0';
	doctor_named_pages(&doctor, "x", words);
	assert_null(strstr(lines, "is not beside"));
	settings_free(read);
}

static void
test_pages_of(void **state)
{
	static const char *const wrong[] = { "off", "/a", "/a ", "a b", "/a b",
	    "a /b", " /a /b", "/a  /b", "/a /b ", "/a /b /c", "/a\t/b" };
	struct doctor doctor = { .user = geteuid() };
	size_t i;

	(void)state;
	doctor_named_pages(&doctor, "x", "");
	assert_int_equal(doctor.counts[DOCTOR_BAD], 0);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		doctor_named_pages(&doctor, "x", wrong[i]);
		expect(DOCTOR_BAD, "is not two directories");
	}
	doctor_named_pages(&doctor, "x", "/nowhere/a /nowhere/b");
	expect(DOCTOR_BAD, "/nowhere/b is no directory");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_policy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_page_of_another, setup,
		    teardown),
		cmocka_unit_test(test_pages_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
