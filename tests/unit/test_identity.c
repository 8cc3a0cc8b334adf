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

static unsigned int omitted;
static const char *no_room;	/* for this name */

static int
note(void *context, const char *name, const char *value)
{
	const size_t len = strlen(told);

	assert_ptr_equal(context, told);
	if (no_room != NULL && strcmp(name, no_room) == 0)
		return 0;
	(void)snprintf(told + len, sizeof(told) - len, "%s=%s\n", name, value);
	return 1;
}

static int
tell(const struct decision *decision)
{
	told[0] = '\0';
	return identity_tell(decision, note, told, &omitted);
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
	    "AUTHGEAR_SESSION_AMR=\nAUTHGEAR_USER_ROLES=staff,admin\n"
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
	assert_int_equal(tell(&decision), 0);
	assert_int_equal(omitted, IDENTITY_ROLES);
	assert_null(strstr(told, "ROLES"));
	longest[IDENTITY_VALUE_MAX - sizeof("staff,")] = '\0';
	assert_int_equal(tell(&decision), 0);
	assert_int_equal(omitted, 0);
	/* too long, and bad as well */
	memset(longest, 'a', IDENTITY_VALUE_MAX);
	longest[7] = ',';
	assert_int_equal(tell(&decision), -1);
}

/* Who it is has room or nothing has; the rest is left out. */
static void
room(void **state)
{
	static const struct {
		const char *name;
		int answer;
		unsigned int omitted;
	} rows[] = {
		{ "REMOTE_USER", -1, 0 }, { "AUTHGEAR_USER_ID", -1, 0 },
		{ "AUTHGEAR_POLICY", -1, 0 }, { "AUTHGEAR_CLIENT_ID", -1, 0 },
		{ "AUTHGEAR_USER_ANONYMOUS", -1, 0 },
		{ "AUTHGEAR_EXPIRES_AT", -1, 0 },
		{ "AUTHGEAR_SCOPE", 0, IDENTITY_SCOPE },
		{ "AUTHGEAR_SESSION_AMR", 0, IDENTITY_AMR },
		{ "AUTHGEAR_USER_ROLES", 0, IDENTITY_ROLES },
		{ "AUTHGEAR_CLAIM_HTTPS_A_TEST_TEAM_NAME", 0,
		    IDENTITY_CLAIMS },
	};
	static const char text[] = "{\"https://a.test/team-name\":\"red\"}";
	char words[IDENTITY_WORDS_SIZE];
	size_t i;

	(void)state;
	facts.client_id = client;
	facts.is_anonymous = FACT_NO;
	facts.expires_at = 9;
	facts.has_amr = 1;
	facts.scopes = facts.roles;
	policy.export.words = exports;
	policy.export.count = 1;
	facts.claims = json_parse(text, sizeof(text) - 1, NULL);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		no_room = rows[i].name;
		if (tell(&decision) != rows[i].answer ||
		    omitted != rows[i].omitted)
			fail_msg("%s: %u, %s", no_room, omitted, told);
	}
	no_room = NULL;
	json_free(facts.claims);
	facts.claims = NULL;
	identity_words(IDENTITY_ROLES | IDENTITY_SCOPE | IDENTITY_AMR |
	    IDENTITY_CLAIMS, words);
	assert_string_equal(words, "roles,scope,amr,claims");
	identity_words(0, words);
	assert_string_equal(words, "");
	identity_words(IDENTITY_CLAIMS, words);
	assert_string_equal(words, "claims");
}

/* identity_roles: what is not meant is not left out. */
static void
roles_told(void **state)
{
	static char staff[] = "staff", other[] = "other";
	static char longest[IDENTITY_VALUE_MAX + 1];
	char *one[] = { staff }, *two[] = { other, staff };
	const struct word_list required = { one, 1 }, more = { two, 2 };
	const struct word_list none = { NULL, 0 };
	const struct {
		const char *name;
		enum policy_identity_roles told;
		struct word_list any, all;
		const char *wanted;
	} rows[] = {
		{ "all", POLICY_IDENTITY_ALL, required, none,
		    "AUTHGEAR_USER_ROLES=staff,admin\n" },
		{ "none", POLICY_IDENTITY_NONE, required, required, NULL },
		{ "required, any of", POLICY_IDENTITY_REQUIRED, more, none,
		    "AUTHGEAR_USER_ROLES=staff\n" },
		{ "required, all of", POLICY_IDENTITY_REQUIRED, none, required,
		    "AUTHGEAR_USER_ROLES=staff\n" },
		{ "required, and none is", POLICY_IDENTITY_REQUIRED, none,
		    none, NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		policy.identity_roles = rows[i].told;
		policy.require_role = rows[i].any;
		policy.require_all_roles = rows[i].all;
		if (tell(&decision) != 0 || omitted != 0 ||
		    (rows[i].wanted == NULL ? strstr(told, "ROLES") != NULL :
		    strstr(told, rows[i].wanted) == NULL))
			fail_msg("%s: %u, %s", rows[i].name, omitted, told);
	}
	/* what is not told needs no room */
	memset(longest, 'a', IDENTITY_VALUE_MAX);
	roles[1] = longest;
	policy.require_role = required;
	assert_int_equal(tell(&decision), 0);
	assert_int_equal(omitted, 0);
	assert_non_null(strstr(told, "AUTHGEAR_USER_ROLES=staff\n"));
	policy.identity_roles = POLICY_IDENTITY_NONE;
	assert_int_equal(tell(&decision), 0);
	assert_int_equal(omitted, 0);
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
		cmocka_unit_test_setup(room, setup),
		cmocka_unit_test_setup(roles_told, setup),
		cmocka_unit_test_setup(no_grants, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
