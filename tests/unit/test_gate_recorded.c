/* What a real Authgear issued, against each of its key sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gate_fixture.h"
#include "ground/json.h"
#include "mint.h"
#include "recorded.h"

#define POLICIES \
	"[policy default]\n" \
	"[policy open]\n" \
	"anonymous_users = allow\n" \
	"[policy mail]\n" \
	"audience = https://mail.example/api\n" \
	"clients = m2mclient\n" \
	"[policy mailany]\n" \
	"audience = https://mail.example/api\n" \
	"[policy staff]\n" \
	"require_role = staff\n" \
	"[policy department]\n" \
	"remote_user = claim:https://example.com/claims/department\n" \
	"[policy quota]\n" \
	"remote_user = claim:https://example.com/claims/quota\n"

/* The verdict when the key is there, when it is not yet known to be gone
 * (its clock is that of the token), and under which policy. */
#define ROW(name, policy, first, rotated, retired) \
	{ name, policy, { REASON_ ## first, REASON_ ## rotated, \
	    REASON_ ## retired } }

static const struct {
	const char *name, *policy;
	enum reason expected[RECORDED_SETS];
} rows[] = {
	ROW("anonymous-jwt", "default", ANONYMOUS_USER, ANONYMOUS_USER,
	    KEY_UNSETTLED),
	ROW("anonymous-jwt", "open", GRANTED, GRANTED, KEY_UNSETTLED),
	ROW("anonymous-opaque", "open", NEEDS_RESOLVER, NEEDS_RESOLVER,
	    NEEDS_RESOLVER),
	ROW("refresh-token", "open", WRONG_TYPE, WRONG_TYPE, WRONG_TYPE),
	ROW("anonymous-cookie", "open", NEEDS_RESOLVER, NEEDS_RESOLVER,
	    NEEDS_RESOLVER),
	ROW("user-jwt", "default", GRANTED, GRANTED, KEY_UNSETTLED),
	ROW("user-jwt", "staff", GRANTED, GRANTED, KEY_UNSETTLED),
	ROW("user-jwt", "mail", WRONG_AUDIENCE, WRONG_AUDIENCE,
	    KEY_UNSETTLED),
	ROW("user-cookie", "default", NEEDS_RESOLVER, NEEDS_RESOLVER,
	    NEEDS_RESOLVER),
	ROW("id-token", "default", WRONG_TYPE, WRONG_TYPE, WRONG_TYPE),
	ROW("user-jwt-refreshed", "default", GRANTED, GRANTED,
	    KEY_UNSETTLED),
	ROW("confidential-jwt", "default", GRANTED, GRANTED, KEY_UNSETTLED),
	ROW("other-origin-jwt", "default", WRONG_ISSUER, WRONG_ISSUER,
	    WRONG_ISSUER),
	ROW("m2m-jwt", "default", WRONG_AUDIENCE, WRONG_AUDIENCE,
	    KEY_UNSETTLED),
	ROW("m2m-jwt", "mail", GRANTED, GRANTED, KEY_UNSETTLED),
	ROW("m2m-jwt", "mailany", CLIENT_NOT_ALLOWED, CLIENT_NOT_ALLOWED,
	    KEY_UNSETTLED),
	ROW("hooked-jwt", "department", GRANTED, GRANTED, KEY_UNSETTLED),
	ROW("hooked-jwt", "quota", NOT_EVALUABLE, NOT_EVALUABLE,
	    KEY_UNSETTLED),
	ROW("hooked-jwt", "staff", ROLE_MISSING, ROLE_MISSING,
	    KEY_UNSETTLED),
	ROW("user-jwt-rotated", "default", KEY_UNSETTLED, GRANTED, GRANTED),
	ROW("user-jwt-rotated", "department", KEY_UNSETTLED, NOT_EVALUABLE,
	    NOT_EVALUABLE),
	ROW("user-jwt-retired", "default", KEY_UNSETTLED, GRANTED, GRANTED),
};

static struct gate_fixture *
fixture_at(const struct recorded *recorded, enum recorded_set set,
    int64_t wall)
{
	struct gate_fixture *fixture = gate_fixture_new(RECORDED_ENDPOINT,
	    "", POLICIES);

	free(fixture->metadata);
	fixture->metadata = mint_text("%s", recorded->discovery);
	gate_fixture_serve(fixture, recorded->sets[set]);
	fixture->now.wall = wall;
	return fixture;
}

static const struct decision *
ask(struct gate_fixture *fixture, const struct recorded_token *token,
    const char *policy)
{
	struct web_question question = { .policy_name = policy };
	const struct decision *decision;
	char *cookie;

	if (strcmp(token->kind, "idp cookie") != 0)
		return gate_fixture_ask(fixture, policy, token->token);
	cookie = mint_text("session=%s", token->token);
	question.cookie = cookie;
	decision = gate_fixture_question(fixture, &question);
	free(cookie);
	return decision;
}

static void
every_credential(void **state)
{
	struct recorded *recorded = recorded_load();
	const struct recorded_token *token;
	const struct decision *decision;
	struct gate_fixture *fixture;
	size_t i, set;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (set = 0; set < RECORDED_SETS; set++) {
			token = recorded_find(recorded, rows[i].name);
			fixture = fixture_at(recorded,
			    (enum recorded_set)set, token->recorded_at);
			decision = ask(fixture, token, rows[i].policy);
			if (decision->reason != rows[i].expected[set])
				fail_msg("%s, policy %s, set %zu: %s (%s)",
				    rows[i].name, rows[i].policy, set,
				    reason_name(decision->reason),
				    decision->detail.text);
			assert_int_equal(decision->verdict,
			    reason_verdict(decision->reason));
			assert_int_equal(decision->remote_user != NULL,
			    decision->reason == REASON_GRANTED);
			gate_fixture_free(fixture);
		}
	recorded_free(recorded);
}

static void
all_are_in_the_table(void **state)
{
	struct recorded *recorded = recorded_load();
	size_t i, row;

	(void)state;
	for (i = 0; i < RECORDED_TOKENS; i++) {
		for (row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
			if (strcmp(recorded->tokens[i].name,
			    rows[row].name) == 0)
				break;
		assert_true(row < sizeof(rows) / sizeof(rows[0]));
	}
	recorded_free(recorded);
}

/* Once a fetch began clearly after it was issued, its key is gone. */
static void
retired(void **state)
{
	struct recorded *recorded = recorded_load();
	const struct recorded_token *token = recorded_find(recorded,
	    "user-jwt");
	struct gate_fixture *fixture = fixture_at(recorded, RECORDED_RETIRED,
	    token->recorded_at + 61);

	(void)state;
	assert_int_equal(ask(fixture, token, "default")->reason,
	    REASON_UNKNOWN_KEY);
	assert_int_equal(fixture->jwks_count, 1);
	gate_fixture_pass(fixture, 1000 * (300 + 60 - 61));
	assert_int_equal(ask(fixture, token, "default")->reason,
	    REASON_EXPIRED);
	assert_int_equal(fixture->jwks_count, 1);
	gate_fixture_free(fixture);
	recorded_free(recorded);
}

static void
facts_are_told(void **state)
{
	struct recorded *recorded = recorded_load();
	const struct recorded_token *token = recorded_find(recorded,
	    "hooked-jwt");
	struct gate_fixture *fixture = fixture_at(recorded, RECORDED_FIRST,
	    token->recorded_at);
	const struct decision *decision = ask(fixture, token, "department");
	char *quota;

	(void)state;
	assert_string_equal(decision->remote_user,
	    "Stra\xc3\x9f" "e 7 \xe2\x80\x94 \xe7\xb5\x8c\xe7\x90\x86");
	assert_string_equal(decision->facts->user_id, token->user_id);
	assert_string_equal(decision->facts->client_id, "jwtclient");
	assert_int_equal(strlen(decision->facts->key_id), 36);
	assert_int_equal(decision->facts->kind, CREDENTIAL_JWT);
	assert_int_equal(decision->kind, CREDENTIAL_JWT);
	assert_int_equal(json_member_text(decision->facts->claims,
	    "https://example.com/claims/quota", &quota), 0);
	assert_string_equal(quota,
	    "{\"mail\":1073741824,\"nested\":{\"a\":[1,2.5,null,true]}}");
	free(quota);

	token = recorded_find(recorded, "m2m-jwt");
	fixture->now.wall = token->recorded_at;
	decision = ask(fixture, token, "mail");
	assert_string_equal(decision->remote_user, "client_id_m2mclient");
	assert_true(decision->facts->is_client);
	gate_fixture_free(fixture);
	recorded_free(recorded);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_credential),
		cmocka_unit_test(all_are_in_the_table),
		cmocka_unit_test(retired),
		cmocka_unit_test(facts_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
