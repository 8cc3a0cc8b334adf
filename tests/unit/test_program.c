#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "admin/program.h"

#define LIMIT 1000
#define LONG_MS 60000

static int
run(const char *script, int64_t msecs, struct program *program,
    struct error *error)
{
	const char *const arguments[] = { "/bin/sh", "-c", script, NULL };

	error_clear(error);
	return program_run(arguments, LIMIT, msecs, program, error);
}

static void
test_said(void **state)
{
	struct program program;
	struct error error;

	(void)state;
	assert_int_equal(run("echo out; echo err >&2; exit 3", LONG_MS,
	    &program, &error), 0);
	assert_string_equal(program.out.data, "out\n");
	assert_string_equal(program.last, "err\n");
	assert_int_equal(program.status, 3);
	program_clear(&program);
	assert_int_equal(run("kill -9 $$", LONG_MS, &program, &error), 0);
	assert_int_equal(program.status, -1);
	program_clear(&program);
}

/* Nothing of ours but PATH and LC_ALL (what else there is the shell makes);
 * nothing to read. */
static void
test_alone(void **state)
{
	struct program program;
	struct error error;

	(void)state;
	assert_int_equal(run("cat; env | grep -vE '^(PATH|LC_ALL|PWD|SHLVL|_|"
	    "OLDPWD)='; echo $LC_ALL", LONG_MS, &program, &error), 0);
	assert_string_equal(program.out.data, "C\n");
	program_clear(&program);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *script;
		int64_t msecs;
		const char *why;
	} rows[] = {
		{ "yes", LONG_MS, "too much" },
		{ "sleep 1000", 50, "too long" },
		/* what it started holds its output open */
		{ "sleep 1000 & exit 0", 50, "too long" },
		{ "yes >&2", 50, "too long" },
		{ "trap '' TERM; while :; do :; done", 50, "too long" },
	};
	const char *const absent[] = { "/nonexistent", NULL };
	struct program program;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (run(rows[i].script, rows[i].msecs, &program,
		    &error) != -1 || strstr(error.text, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].script, error.text);
		program_clear(&program);
	}
	error_clear(&error);
	assert_int_equal(program_run(absent, LIMIT, LONG_MS, &program,
	    &error), -1);
	assert_non_null(strstr(error.text, "No such file"));
	program_clear(&program);
	assert_int_equal(program_is_there("/nonexistent"), 0);
	assert_int_equal(program_is_there("/bin/sh"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_said),
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
