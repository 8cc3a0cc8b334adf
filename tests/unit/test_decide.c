/* The policy table: each rule held, failed and without its fact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gate/decide.h"
#include "ground/json.h"
#include "ground/json_parse.h"

#define NOW 1000000
#define LEEWAY 60
#define NAME "https://example.test/name"
#define OK REASON_GRANTED
#define NEVAL REASON_NOT_EVALUABLE

/* One policy and one credential, as text; NULL: no rule, no fact. */
struct row {
	const char *name;
	struct {
		const char *clients, *role, *all_roles, *scope;
		int verified_only, anonymous_users, age, by_claim;
	} policy;
	struct {
		const char *audience, *client, *roles, *scopes, *claims;
		enum fact anonymous, verified;
		int is_client;
		int64_t authenticated_at;
	} facts;
	enum reason expected;
};

#define USER .audience = "https://a", .client = "web", .anonymous = FACT_NO
#define M2M .audience = "https://a", .client = "job", .is_client = 1

static const struct row rows[] = {
	{ "a user", { 0 }, { USER }, OK },
	{ "an M2M token nobody named", { 0 }, { M2M },
	    REASON_CLIENT_NOT_ALLOWED },
	{ "another audience", { 0 }, { .audience = "https://b",
	    .client = "web", .anonymous = FACT_NO }, REASON_WRONG_AUDIENCE },
	{ "an audience among others", { 0 }, { .audience =
	    "https://b https://a", .anonymous = FACT_NO }, OK },
	{ "no audience", { 0 }, { .anonymous = FACT_NO }, NEVAL },
	{ "audience goes before client", { .clients = "x" }, { .audience =
	    "https://b", .client = "web" }, REASON_WRONG_AUDIENCE },

	{ "a named client", { .clients = "app web" }, { USER }, OK },
	{ "another client", { .clients = "app" }, { USER },
	    REASON_CLIENT_NOT_ALLOWED },
	{ "no client", { .clients = "app" }, { .audience = "https://a",
	    .anonymous = FACT_NO }, NEVAL },
	{ "a named M2M client", { .clients = "job" }, { M2M }, OK },
	{ "another M2M client", { .clients = "web" }, { M2M },
	    REASON_CLIENT_NOT_ALLOWED },

	{ "an anonymous user", { 0 }, { .audience = "https://a",
	    .anonymous = FACT_YES }, REASON_ANONYMOUS_USER },
	{ "an anonymous user let in", { .anonymous_users = 1 }, { .audience =
	    "https://a", .anonymous = FACT_YES }, OK },
	{ "anonymous not told", { 0 }, { .audience = "https://a" }, NEVAL },
	{ "anonymous not asked", { .anonymous_users = 1 }, { .audience =
	    "https://a" }, OK },
	{ "an anonymous M2M token", { .clients = "job" }, { M2M,
	    .anonymous = FACT_YES }, REASON_ANONYMOUS_USER },

	{ "verified", { .verified_only = 1 }, { USER,
	    .verified = FACT_YES }, OK },
	{ "unverified", { .verified_only = 1 }, { USER,
	    .verified = FACT_NO }, REASON_UNVERIFIED_USER },
	{ "verified not told", { .verified_only = 1 }, { USER }, NEVAL },
	{ "an M2M token is not verified", { .verified_only = 1,
	    .clients = "job" }, { M2M }, NEVAL },

	{ "one of the roles", { .role = "a b" }, { USER, .roles = "b" }, OK },
	{ "none of the roles", { .role = "a b" }, { USER, .roles = "c" },
	    REASON_ROLE_MISSING },
	{ "told to have no role", { .role = "a" }, { USER, .roles = "" },
	    REASON_ROLE_MISSING },
	{ "roles not told", { .role = "a" }, { USER }, NEVAL },
	{ "all roles", { .all_roles = "a b" }, { USER, .roles = "b c a" },
	    OK },
	{ "not all roles", { .all_roles = "a b" }, { USER, .roles = "a" },
	    REASON_ROLE_MISSING },
	{ "all roles not told", { .all_roles = "a" }, { USER }, NEVAL },
	{ "one, not all", { .role = "a", .all_roles = "a b" }, { USER,
	    .roles = "a" }, REASON_ROLE_MISSING },
	{ "M2M without roles", { .clients = "job", .role = "a" }, { M2M },
	    NEVAL },

	{ "scopes", { .scope = "r w" }, { USER, .scopes = "w x r" }, OK },
	{ "a scope missing", { .scope = "r w" }, { USER, .scopes = "r" },
	    REASON_SCOPE_MISSING },
	{ "told to have no scope", { .scope = "r" }, { USER, .scopes = "" },
	    REASON_SCOPE_MISSING },
	{ "scopes not told", { .scope = "r" }, { USER }, NEVAL },
	{ "M2M with scope", { .clients = "job", .scope = "r" }, { M2M,
	    .scopes = "r" }, OK },

	{ "just young enough", { .age = 100 }, { USER,
	    .authenticated_at = NOW - 100 - LEEWAY }, OK },
	{ "just too old", { .age = 100 }, { USER,
	    .authenticated_at = NOW - 101 - LEEWAY },
	    REASON_AUTHENTICATION_TOO_OLD },
	{ "just not in the future", { .age = 100 }, { USER,
	    .authenticated_at = NOW + LEEWAY }, OK },
	{ "in the future", { .age = 100 }, { USER,
	    .authenticated_at = NOW + LEEWAY + 1 },
	    REASON_AUTHENTICATION_TOO_OLD },
	{ "age not told", { .age = 100 }, { USER,
	    .authenticated_at = FACTS_NO_TIME }, NEVAL },
	{ "age not asked", { 0 }, { USER,
	    .authenticated_at = FACTS_NO_TIME }, OK },
	{ "the beginning of time", { .age = INT32_MAX }, { USER }, OK },

	{ "a name", { .by_claim = 1 }, { USER, .claims =
	    "{\"" NAME "\":\"lena\"}" }, OK },
	{ "an empty name", { .by_claim = 1 }, { USER, .claims =
	    "{\"" NAME "\":\"\"}" }, NEVAL },
	{ "a number for a name", { .by_claim = 1 }, { USER, .claims =
	    "{\"" NAME "\":7}" }, NEVAL },
	{ "null for a name", { .by_claim = 1 }, { USER, .claims =
	    "{\"" NAME "\":null}" }, NEVAL },
	{ "no name", { .by_claim = 1 }, { USER, .claims = "{}" }, NEVAL },
	{ "no claims", { .by_claim = 1 }, { USER }, NEVAL },
	{ "a role goes before a scope", { .role = "a", .scope = "r" },
	    { USER, .roles = "", .scopes = "" }, REASON_ROLE_MISSING },
	{ "a scope goes before the age", { .scope = "r", .age = 1 },
	    { USER, .scopes = "" }, REASON_SCOPE_MISSING },
};

static void
split(struct word_list *list, const char *text)
{
	if (text != NULL)
		assert_int_equal(word_list_split(list, text, " "), 0);
}

static struct policy *
make_policy(const struct row *row)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	assert_non_null(policy);
	split(&policy->audience, "https://a https://other");
	split(&policy->clients, row->policy.clients);
	split(&policy->require_role, row->policy.role);
	split(&policy->require_all_roles, row->policy.all_roles);
	split(&policy->require_scope, row->policy.scope);
	policy->verified_only = row->policy.verified_only;
	policy->anonymous_users = row->policy.anonymous_users;
	policy->max_authentication_age = row->policy.age;
	if (row->policy.by_claim) {
		policy->remote_user = POLICY_REMOTE_USER_CLAIM;
		policy->remote_user_claim = strdup(NAME);
	}
	return policy;
}

static void
make_facts(const struct row *row, struct facts *facts)
{
	facts_init(facts);
	facts->kind = CREDENTIAL_JWT;
	facts->user_id = strdup("u");
	if (row->facts.client != NULL)
		facts->client_id = strdup(row->facts.client);
	split(&facts->audience, row->facts.audience);
	split(&facts->roles, row->facts.roles);
	facts->has_roles = row->facts.roles != NULL;
	split(&facts->scopes, row->facts.scopes);
	facts->has_scopes = row->facts.scopes != NULL;
	facts->is_anonymous = row->facts.anonymous;
	facts->is_verified = row->facts.verified;
	facts->is_client = row->facts.is_client;
	facts->authenticated_at = row->facts.authenticated_at;
	if (row->facts.claims != NULL)
		facts->claims = json_parse(row->facts.claims,
		    strlen(row->facts.claims), NULL);
}

static void
every_rule(void **state)
{
	const struct moment now = { .wall = NOW };
	struct policy *policy;
	struct facts facts;
	enum reason got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		policy = make_policy(&rows[i]);
		make_facts(&rows[i], &facts);
		got = decide(&facts, policy, &now, LEEWAY);
		if (got != rows[i].expected)
			fail_msg("%s: %s, not %s", rows[i].name,
			    reason_name(got), reason_name(rows[i].expected));
		facts_clear(&facts);
		policy_free(policy);
	}
}

static void
the_name(void **state)
{
	const struct row by_claim = { "", { .by_claim = 1 }, { .claims =
	    "{\"" NAME "\":\"Stra\xc3\x9f" "e\"}" }, OK };
	const struct row by_sub = { "", { 0 }, { 0 }, OK };
	struct policy *policy = make_policy(&by_claim);
	struct facts facts;
	enum reason reason;
	char *name;

	(void)state;
	make_facts(&by_claim, &facts);
	name = decide_remote_user(&facts, policy, &reason);
	assert_string_equal(name, "Stra\xc3\x9f" "e");
	assert_int_equal(reason, REASON_GRANTED);
	free(name);
	facts_clear(&facts);
	assert_null(decide_remote_user(&facts, policy, &reason));
	assert_int_equal(reason, REASON_NOT_EVALUABLE);
	policy_free(policy);

	policy = make_policy(&by_sub);
	assert_null(decide_remote_user(&facts, policy, &reason));
	assert_int_equal(reason, REASON_NOT_EVALUABLE);
	make_facts(&by_sub, &facts);
	name = decide_remote_user(&facts, policy, &reason);
	assert_string_equal(name, "u");
	free(name);
	free(facts.user_id);
	facts.user_id = strdup("");
	assert_null(decide_remote_user(&facts, policy, &reason));
	facts_clear(&facts);
	policy_free(policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule),
		cmocka_unit_test(the_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
