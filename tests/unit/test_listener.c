#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/layer/listener_inherit.h"

static void
test_parse(void **state)
{
	static const struct {
		const char *spec;
		int ret;
	} rows[] = {
		{ "unix:/run/a.sock", 0 },
		{ "unix:/run/a.sock,serve=auth,mode=0600", 0 },
		{ "127.0.0.1:970", 0 },
		{ "[::1]:970,serve=auth", 0 },
		{ "", -1 }, { "unix:", -1 }, { "unix:relative", -1 },
		{ "/run/a.sock", -1 }, { "0.0.0.0:970", -1 },
		{ "127.0.0.2:970", -1 }, { "localhost:970", -1 },
		{ ":970", -1 }, { "[::]:970", -1 }, { "127.0.0.1:", -1 },
		{ "127.0.0.1:65536", -1 }, { "127.0.0.1:-1", -1 },
		{ "127.0.0.1:97x", -1 }, { "127.0.0.1:970,mode=0600", -1 },
		{ "127.0.0.1:970,group=root", -1 },
		{ "unix:/a,mode=999", -1 }, { "unix:/a,mode=01777", -1 },
		{ "unix:/a,mode=", -1 }, { "unix:/a,mode=0600,mode=0600", -1 },
		{ "unix:/a,serve=login", 0 }, { "unix:/a,", -1 },
		{ "unix:/a,serve=ask,mode=0660", 0 },
		{ "unix:/a,serve=asks", -1 },
		{ "unix:/a,serve=", -1 }, { "127.0.0.1:970,serve=ask", -1 },
		{ "unix:/a,serve=auth,serve=auth", -1 },
		{ "unix:/a,group=no-such-group-here", -1 },
	};
	struct listener listener;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		error_clear(&error);
		if (listener_parse(rows[i].spec, &listener, &error) !=
		    rows[i].ret || (rows[i].ret == -1) !=
		    (error.text[0] != '\0'))
			fail_msg("%s: %s", rows[i].spec, error_text(&error));
		if (listener.fd != -1)
			fail_msg("%s: descriptor %d", rows[i].spec,
			    listener.fd);
	}
}

static void
test_unix(void **state)
{
	char folder[] = "/tmp/listener.XXXXXX", spec[100];
	struct listener first, second;
	struct error error;
	struct stat st;
	int fd;

	(void)state;
	error_clear(&error);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(spec, sizeof(spec), "unix:%s/s,mode=0640", folder);
	assert_int_equal(listener_parse(spec, &first, &error), 0);
	assert_int_equal(listener_parse(spec, &second, &error), 0);
	assert_int_equal(listener_open(&first, &error), 0);
	assert_int_equal(lstat(first.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_true((fcntl(first.fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(first.fd, F_GETFD) & FD_CLOEXEC) != 0);
	/* one that answers stays */
	assert_int_equal(listener_open(&second, &error), -1);
	/* a dead one is replaced */
	(void)close(first.fd);
	first.fd = -1;
	error_clear(&error);
	assert_int_equal(listener_open(&second, &error), 0);
	/* the first no longer owns the file */
	listener_close(&first);
	assert_int_equal(lstat(second.path, &st), 0);
	listener_close(&second);
	assert_int_equal(lstat(second.path, &st), -1);
	/* a file is left alone */
	fd = open(second.path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd != -1);
	(void)close(fd);
	assert_int_equal(listener_open(&second, &error), -1);
	assert_int_equal(lstat(second.path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	(void)unlink(second.path);
	(void)rmdir(folder);
}

static void
expect_refusal(const char *spec, const char *said)
{
	struct listener listener;
	struct error error;

	error_clear(&error);
	assert_int_equal(listener_parse(spec, &listener, &error), 0);
	assert_int_equal(listener_open(&listener, &error), -1);
	if (strstr(error_text(&error), said) == NULL)
		fail_msg("%s: %s", spec, error_text(&error));
	listener_close(&listener);
}

static void
test_refusals(void **state)
{
	char folder[] = "/tmp/listener.XXXXXX", spec[200], name[100];
	struct listener first;
	struct error error;

	(void)state;
	error_clear(&error);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(name, sizeof(name), "unix:%s/none/s", folder);
	(void)snprintf(spec, sizeof(spec), "cannot listen on %s: ", name);
	expect_refusal(name, spec);
	expect_refusal(name, "make its directory first");
	(void)rmdir(folder);
	assert_int_equal(listener_parse("127.0.0.1:0", &first, &error), 0);
	assert_int_equal(listener_open(&first, &error), 0);
	expect_refusal(first.text, "another port");
	listener_close(&first);
}

static void
test_tcp(void **state)
{
	struct listener listener;
	struct error error;

	(void)state;
	error_clear(&error);
	assert_int_equal(listener_parse("127.0.0.1:0", &listener, &error), 0);
	assert_int_equal(listener_open(&listener, &error), 0);
	assert_true(listener.port > 0);
	listener_close(&listener);
	listener_close(&listener);
}

static void
test_inherit(void **state)
{
	static const struct {
		const char *name;
		struct listener_inherit from;
		int ret;
	} rows[] = {
		{ "nothing is set", { NULL, NULL, NULL, 7 }, 0 },
		{ "of another process", { "8", "1", "auth", 7 }, 0 },
		{ "a pid that is none", { "7x", "1", NULL, 7 }, 0 },
		{ "no descriptor", { "7", "0", NULL, 7 }, 0 },
		{ "no number", { "7", "x", NULL, 7 }, -1 },
		{ "less than none", { "7", "-1", NULL, 7 }, -1 },
		{ "more than fit", { "7", "3", NULL, 7 }, -1 },
		{ "no socket", { "7", "1", "login", 7 }, -1 },
		{ "nothing behind the -", { "7", "1", "auth-", 7 }, -1 },
		{ "an empty name", { "7", "1", "", 7 }, -1 },
		{ "a name is missing", { "7", "2", "auth", 7 }, -1 },
	};
	struct listener out[2];
	struct error error;
	size_t count, i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		error_clear(&error);
		count = 9;
		if (listener_inherit(&rows[i].from, out, 2, &count,
		    &error) != rows[i].ret || count != 0)
			fail_msg("%s: %s", rows[i].name, error_text(&error));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_inherit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
