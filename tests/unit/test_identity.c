/* What a grant tells, as names and values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ground/json.h"
#include "ground/json_parse.h"
#include "web/identity.h"

static char told[16384];

static void
note(void *context, const char *name, const char *value)
{
	const size_t len = strlen(told);

	assert_ptr_equal(context, told);
	(void)snprintf(told + len, sizeof(told) - len, "%s=%s\n", name, value);
}

static int
tell(const struct decision *decision)
{
	told[0] = '\0';
	return identity_tell(decision, note, told);
}

static char *roles[] = { NULL, NULL };
static char mail_name[] = "mail", user[] = "u-1", client[] = "portal";
static char exported[] = "https://a.test/team-name";
static char *exports[] = { exported };
static struct policy policy;
static struct facts facts;
static struct decision decision;

static int
setup(void **state)
{
	static char staff[] = "staff", admin[] = "admin";

	(void)state;
	memset(&policy, 0, sizeof(policy));
	policy.name = mail_name;
	facts_init(&facts);
	facts.user_id = user;
	roles[0] = staff;
	roles[1] = admin;
	facts.roles.words = roles;
	facts.roles.count = 2;
	decision = (struct decision){ .verdict = VERDICT_GRANTED,
	    .reason = REASON_GRANTED, .policy = &policy, .facts = &facts,
	    .remote_user = "alice" };
	return 0;
}

static void
whole(void **state)
{
	static const char text[] = "{\"https://a.test/team-name\":\"red\"}";

	(void)state;
	assert_int_equal(tell(&decision), 0);
	assert_string_equal(told, "AUTHGEAR_SESSION_VALID=true\n"
	    "REMOTE_USER=alice\nAUTHGEAR_DECISION=granted\n"
	    "AUTHGEAR_POLICY=mail\nAUTHGEAR_USER_ID=u-1\n"
	    "AUTHGEAR_USER_ROLES=staff,admin\n");
	facts.client_id = client;
	facts.is_anonymous = FACT_NO;
	facts.has_amr = 1;
	facts.authenticated_at = 7;
	facts.expires_at = 9;
	policy.export.words = exports;
	policy.export.count = 1;
	facts.claims = json_parse(text, sizeof(text) - 1, NULL);
	assert_non_null(facts.claims);
	assert_int_equal(tell(&decision), 0);
	assert_non_null(strstr(told, "AUTHGEAR_CLIENT_ID=portal\n"));
	assert_non_null(strstr(told, "AUTHGEAR_USER_ANONYMOUS=false\n"));
	assert_non_null(strstr(told, "AUTHGEAR_SESSION_AMR=\n"));
	assert_non_null(strstr(told,
	    "AUTHGEAR_SESSION_AUTHENTICATED_AT=7\nAUTHGEAR_EXPIRES_AT=9\n"
	    "AUTHGEAR_CLAIM_HTTPS_A_TEST_TEAM_NAME=red\n"));
	json_free(facts.claims);
	facts.claims = NULL;
}

/* A list must be read as it was meant. */
static void
words(void **state)
{
	static const char *const bad[] = { "", " a", "a ", "a,b", " " };
	static char text[64], longest[IDENTITY_VALUE_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strcpy(text, bad[i]);
		roles[1] = text;
		if (tell(&decision) != -1)
			fail_msg("a role '%s': %s", bad[i], told);
	}
	memset(longest, 'a', IDENTITY_VALUE_MAX);
	roles[1] = longest;
	assert_int_equal(tell(&decision), -1);
	longest[IDENTITY_VALUE_MAX - sizeof("staff,")] = '\0';
	assert_int_equal(tell(&decision), 0);
}

static void
no_grants(void **state)
{
	static const struct {
		const char *name;
		enum verdict verdict;
		enum reason reason;
		const struct facts *facts;
		const char *remote_user;
		const char *told;
	} rows[] = {
		{ "not blocked", VERDICT_NOT_BLOCKED, REASON_GRANTED, &facts,
		    "alice", "" },
		{ "a reason of a denial", VERDICT_GRANTED, REASON_EXPIRED,
		    &facts, "alice", "" },
		{ "no user", VERDICT_GRANTED, REASON_GRANTED, &facts, NULL,
		    "" },
		{ "no facts", VERDICT_GRANTED, REASON_GRANTED, NULL, "alice",
		    "" },
		{ "an empty user", VERDICT_GRANTED, REASON_GRANTED, &facts, "",
		    "AUTHGEAR_SESSION_VALID=true\n" },
	};
	struct decision other = decision;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		other.verdict = rows[i].verdict;
		other.reason = rows[i].reason;
		other.facts = rows[i].facts;
		other.remote_user = rows[i].remote_user;
		if (tell(&other) != -1 || strcmp(told, rows[i].told) != 0)
			fail_msg("%s: '%s'", rows[i].name, told);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(whole, setup),
		cmocka_unit_test_setup(words, setup),
		cmocka_unit_test_setup(no_grants, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
