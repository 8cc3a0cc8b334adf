#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pam/pam_options.h"

#define P "policy=mail"

static int
read_words(const char *first, const char *second, struct pam_options *options,
    char *why, size_t size)
{
	const char *words[] = { first, second };

	why[0] = '\0';
	return pam_options_read(options, first == NULL ? 0 : second == NULL ?
	    1 : 2, words, why, size);
}

static void
test_good(void **state)
{
	struct pam_options options;
	char why[256];

	(void)state;
	assert_int_equal(read_words(P, NULL, &options, why, sizeof(why)), 0);
	assert_string_equal(options.policy, "mail");
	assert_string_equal(options.socket, "/run/authgear/ask.sock");
	assert_string_equal(options.daemon_user, "authgear");
	assert_null(options.prompt);
	assert_int_equal(options.accept, 1U << SHAPE_JWT |
	    1U << SHAPE_RANDOM | 1U << SHAPE_SESSION);
	assert_int_equal(options.use_first_pass, 0);
	assert_int_equal(options.deadline, 3);
	assert_int_equal(options.fail_delay, 0);
	assert_int_equal(options.ignore_without_auth, 0);
	assert_int_equal(options.allow_root, 0);
	assert_null(options.env);
	assert_int_equal(options.fail_without_daemon, 0);
	assert_null(options.config);
	assert_int_equal(read_words(P, "accept=session,jwt", &options, why,
	    sizeof(why)), 0);
	assert_int_equal(options.accept, 1U << SHAPE_JWT |
	    1U << SHAPE_SESSION);
	assert_int_equal(read_words("root=allow", P, &options, why,
	    sizeof(why)), 0);
	assert_int_equal(options.allow_root, 1);
	assert_int_equal(read_words(P, "account_without_auth=ignore",
	    &options, why, sizeof(why)), 0);
	assert_int_equal(options.ignore_without_auth, 1);
	assert_int_equal(read_words(P, "without_daemon=fail", &options, why,
	    sizeof(why)), 0);
	assert_int_equal(options.fail_without_daemon, 1);
	assert_int_equal(read_words(P, "without_daemon=check", &options, why,
	    sizeof(why)), 0);
	assert_int_equal(options.fail_without_daemon, 0);
	assert_int_equal(read_words(P, "config=/etc/a.conf", &options, why,
	    sizeof(why)), 0);
	assert_string_equal(options.config, "/etc/a.conf");
	assert_int_equal(read_words(P, "use_first_pass", &options, why,
	    sizeof(why)), 0);
	assert_int_equal(options.use_first_pass, 1);
	assert_int_equal(read_words(P, "deadline=60", &options, why,
	    sizeof(why)), 0);
	assert_int_equal(options.deadline, 60);
	assert_int_equal(read_words(P, "fail_delay=2", &options, why,
	    sizeof(why)), 0);
	assert_int_equal(options.fail_delay, 2);
	assert_int_equal(read_words(P, "env=AUTHGEAR_USER_ID,"
	    "AUTHGEAR_CLAIM_TEAM", &options, why, sizeof(why)), 0);
	assert_true(pam_options_has_env(&options, "AUTHGEAR_USER_ID"));
	assert_true(pam_options_has_env(&options, "AUTHGEAR_CLAIM_TEAM"));
	assert_false(pam_options_has_env(&options, "AUTHGEAR_USER"));
	assert_false(pam_options_has_env(&options, "AUTHGEAR_CLAIM_TEA"));
	assert_false(pam_options_has_env(&options, ""));
}

static const char *const bad[] = {
	"polic=mail", "Policy=mail", "debug", "", "=", "=x", "policy=x",
	"without_daemon", "without_daemon=", "without_daemon=ignore",
	"without_daemon=Check", "config", "config=", "config=a.conf",
	"socket=", "socket=run/x", "socket", "daemon_user=",
	"daemon_user=a:b", "accept=", "accept=jwt,", "accept=,jwt",
	"accept=jwt;session", "accept=token", "accept=JWT", "accept",
	"use_first_pass=yes", "use_first_pass=", "prompt=", "deadline=0",
	"deadline=61", "deadline=-1", "deadline=3s", "deadline= 3",
	"deadline=003", "deadline=", "deadline", "fail_delay=61",
	"fail_delay=1.5", "account_without_auth=allow",
	"account_without_auth=", "root=yes", "root=Allow", "root", "env=",
	"env=PATH", "env=LD_PRELOAD", "env=AUTHGEAR_", "env=authgear_x",
	"env=AUTHGEAR_X,", "env=AUTHGEAR_X=1", "env=AUTHGEAR_X PATH",
};

static void
test_bad(void **state)
{
	struct pam_options options;
	char why[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (read_words(P, bad[i], &options, why, sizeof(why)) == 0)
			fail_msg("%s: taken", bad[i]);
		if (strlen(why) <= 10)
			fail_msg("%s: \"%s\"", bad[i], why);
	}
	assert_int_equal(read_words(NULL, NULL, &options, why, sizeof(why)),
	    -1);
	assert_non_null(strstr(why, "policy="));
	assert_int_equal(read_words("root=deny", NULL, &options, why,
	    sizeof(why)), -1);
	assert_int_equal(read_words("policy=", NULL, &options, why,
	    sizeof(why)), -1);
	assert_int_equal(read_words("policy=a b", NULL, &options, why,
	    sizeof(why)), -1);
	assert_int_equal(read_words("policy=Mail", NULL, &options, why,
	    sizeof(why)), -1);
}

/* Each row but one may be given once only. */
static void
test_twice(void **state)
{
	static const char *const values[] = { P, "socket=/a", "daemon_user=a",
	    "accept=jwt", "use_first_pass", "prompt=x", "deadline=1",
	    "fail_delay=1", "account_without_auth=deny", "root=deny",
	    "env=AUTHGEAR_X" };
	const char *words[3] = { P, NULL, NULL };
	struct pam_options options;
	char why[256], said[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		words[1] = words[2] = values[i];
		(void)snprintf(said, sizeof(said), "option %.*s is given twice",
		    (int)strcspn(values[i], "="), values[i]);
		if (pam_options_read(&options, 3, words, why,
		    sizeof(why)) == 0)
			fail_msg("%s: taken twice", values[i]);
		assert_string_equal(why, said);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
