/* The line of a decision: complete, escaped, cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gate/decision_log.h"

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void
complete(void **state)
{
	char policy_name[] = "default", user[] = "u-1", client[] = "web";
	struct policy policy = { .name = policy_name };
	struct facts facts = { .user_id = user, .client_id = client };
	struct decision decision = { .verdict = VERDICT_FORBIDDEN,
	    .reason = REASON_ROLE_MISSING, .policy = &policy,
	    .kind = CREDENTIAL_JWT, .credential_hash = HASH,
	    .facts = &facts, .detail = { "two words" } };
	char line[512];

	(void)state;
	decision_log_line(&decision, "r1", line, sizeof(line));
	assert_string_equal(line, "decision=forbidden reason=role-missing "
	    "policy=default kind=jwt request=r1 user=u-1 client=web "
	    "credential=0011223344556677 detail=\"two words\" "
	    "meaning=\"The user lacks a role that the policy requires; grant "
	    "it in Authgear, then get a new token.\"");
}

static void
a_grant_needs_no_sentence(void **state)
{
	const struct decision decision = { .verdict = VERDICT_GRANTED,
	    .reason = REASON_GRANTED, .kind = CREDENTIAL_JWT };
	char line[512];

	(void)state;
	decision_log_line(&decision, "r1", line, sizeof(line));
	assert_string_equal(line,
	    "decision=granted reason=granted kind=jwt request=r1");
}

static void
little_is_known(void **state)
{
	const struct decision decision = { .verdict = VERDICT_DENIED };
	char line[512];

	(void)state;
	decision_log_line(&decision, NULL, line, sizeof(line));
	assert_string_equal(line,
	    "decision=denied reason=no-credential kind=none meaning=\"The "
	    "request carries no Authgear credential; the client must send an "
	    "access token as Authorization: Bearer.\"");
}

static void
nothing_can_be_forged(void **state)
{
	static const struct {
		const char *value, *expected;
	} cases[] = {
		{ "a b", "\"a b\"" },
		{ "", "\"\"" },
		{ "a=b", "\"a=b\"" },
		{ "a\"b", "\"a\\\"b\"" },
		{ "a\\b", "\"a\\\\b\"" },
		{ "a\nb", "\"a\\x0ab\"" },
		{ "a\r\x1b[31m", "\"a\\x0d\\x1b[31m\"" },
		{ "\x7f", "\"\\x7f\"" },
		{ "\xc2\x9b", "\"\\xc2\\x9b\"" },
		{ "granted\" decision=\"granted",
		    "\"granted\\\" decision=\\\"granted\"" },
	};
	struct facts facts;
	struct decision decision = { .verdict = VERDICT_FORBIDDEN,
	    .reason = REASON_ROLE_MISSING, .facts = &facts };
	char line[512], user[64];
	const char *found;
	size_t i;

	(void)state;
	memset(&facts, 0, sizeof(facts));
	facts.user_id = user;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strcpy(user, cases[i].value);
		decision_log_line(&decision, NULL, line, sizeof(line));
		found = strstr(line, " user=") + 6;
		assert_memory_equal(found, cases[i].expected,
		    strlen(cases[i].expected));
		assert_memory_equal(found + strlen(cases[i].expected),
		    " meaning=", 9);
	}
}

static void
cut(void **state)
{
	char user[] = "\n\n\n";
	struct facts facts = { .user_id = user };
	const struct decision decision = { .facts = &facts };
	char whole[512], line[512];
	size_t size, len;

	(void)state;
	decision_log_line(&decision, "r", whole, sizeof(whole));
	for (size = 0; size <= strlen(whole) + 2; size++) {
		memset(line, '#', sizeof(line));
		decision_log_line(&decision, "r", line, size);
		assert_int_equal(line[size], '#');
		if (size == 0)
			continue;
		len = strlen(line);
		assert_true(len < size);
		assert_memory_equal(line, whole, len);
		/* never in the middle of an escape */
		assert_false(len > 0 && line[len - 1] == '\\');
	}
	assert_string_equal(line, whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complete),
		cmocka_unit_test(a_grant_needs_no_sentence),
		cmocka_unit_test(little_is_known),
		cmocka_unit_test(nothing_can_be_forged),
		cmocka_unit_test(cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
