#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ground/reason.h"

/* The table of the documentation, by HTTP status. */
static const struct {
	enum reason first;
	enum reason last;
	enum verdict verdict;
	int http_status;
	const char *challenge_error;
} ranges[] = {
	{ REASON_NO_CREDENTIAL, REASON_NO_CREDENTIAL, VERDICT_DENIED, 401,
	    NULL },
	{ REASON_MALFORMED, REASON_KEY_REVOKED, VERDICT_DENIED, 401,
	    "invalid_token" },
	{ REASON_AUTHENTICATION_TOO_OLD, REASON_AUTHENTICATION_TOO_OLD,
	    VERDICT_DENIED, 401, "insufficient_user_authentication" },
	{ REASON_FORGED_IDENTITY, REASON_HEADERS_TOO_LARGE, VERDICT_DENIED,
	    400, NULL },
	{ REASON_SCOPE_MISSING, REASON_SCOPE_MISSING, VERDICT_FORBIDDEN, 403,
	    "insufficient_scope" },
	{ REASON_ROLE_MISSING, REASON_POLICY_UNKNOWN, VERDICT_FORBIDDEN, 403,
	    NULL },
	{ REASON_KEYS_UNREACHABLE, REASON_STATE_BUSY,
	    VERDICT_UNDECIDED, 503, NULL },
	{ REASON_SETTINGS_INVALID, REASON_OUT_OF_MEMORY, VERDICT_UNDECIDED,
	    500, NULL },
	{ REASON_NOT_BLOCKED, REASON_NOT_BLOCKED, VERDICT_NOT_BLOCKED, 200,
	    NULL },
	{ REASON_GRANTED, REASON_GRANTED, VERDICT_GRANTED, 200, NULL },
};

static void
verdicts_and_statuses(void **state)
{
	unsigned int reason = 0;
	const char *error, *wanted;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		assert_int_equal(ranges[i].first, reason);
		for (; reason <= ranges[i].last; reason++) {
			wanted = ranges[i].challenge_error;
			error = reason_challenge_error(reason);
			if (reason_verdict(reason) != ranges[i].verdict ||
			    reason_http_status(reason) !=
			    ranges[i].http_status ||
			    (error == NULL) != (wanted == NULL) ||
			    (wanted != NULL && strcmp(error, wanted) != 0))
				fail_msg("%s", reason_name(reason));
		}
	}
	assert_int_equal(reason, REASON_COUNT);
}

static void
names_are_unique(void **state)
{
	unsigned int i, j;
	const char *name;

	(void)state;
	for (i = 0; i < REASON_COUNT; i++) {
		name = reason_name(i);
		assert_true(strlen(name) > 0 && strlen(name) < 40);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"),
		    strlen(name));
		for (j = 0; j < i; j++)
			assert_string_not_equal(name, reason_name(j));
	}
}

static void
sentences_end(void **state)
{
	const char *sentence;
	unsigned int i;
	size_t len;

	(void)state;
	for (i = 0; i < REASON_COUNT; i++) {
		sentence = reason_sentence(i);
		len = strlen(sentence);
		assert_true(len > 20 && len < 300);
		assert_int_equal(sentence[len - 1], '.');
		assert_null(strpbrk(sentence, "\"\\\r\n"));
	}
}

static void
beyond_the_table_nothing_is_granted(void **state)
{
	(void)state;
	assert_int_equal(reason_verdict((enum reason)REASON_COUNT),
	    VERDICT_UNDECIDED);
	assert_int_equal(reason_http_status((enum reason)1000), 500);
	assert_string_equal(verdict_name((enum verdict)77), "denied");
	assert_string_equal(verdict_name((enum verdict)0), "denied");
	assert_string_equal(verdict_name(VERDICT_GRANTED), "granted");
	assert_string_equal(verdict_name(VERDICT_FORBIDDEN), "forbidden");
	assert_string_equal(verdict_name(VERDICT_UNDECIDED), "undecided");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_and_statuses),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(sentences_end),
		cmocka_unit_test(beyond_the_table_nothing_is_granted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
