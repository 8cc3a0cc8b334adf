/* Every recorded credential against every recorded key set, by floor 1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "facts/claims.h"
#include "facts/jwks.h"
#include "facts/jwt.h"
#include "facts/metadata.h"
#include "ground/json.h"
#include "recorded.h"
#include "web/web_credential.h"

#define LEEWAY 60	/* seconds */

static const struct web_credential_rules rules = {
    .max_credential = 16384, .cookie_prefix = "" };

/* What each is, with the keys that signed it. */
static const struct {
	const char *name;
	enum reason reason;	/* GRANTED: as far as src/facts can see */
	int verifies[RECORDED_SETS];
} expected[RECORDED_TOKENS] = {
	{ "anonymous-jwt", REASON_GRANTED, { 1, 1, 0 } },
	{ "anonymous-opaque", REASON_NEEDS_RESOLVER, { 0, 0, 0 } },
	{ "refresh-token", REASON_WRONG_TYPE, { 0, 0, 0 } },
	{ "anonymous-cookie", REASON_WRONG_TYPE, { 0, 0, 0 } },
	{ "user-jwt", REASON_GRANTED, { 1, 1, 0 } },
	{ "user-cookie", REASON_WRONG_TYPE, { 0, 0, 0 } },
	{ "id-token", REASON_WRONG_TYPE, { 0, 0, 0 } },
	{ "user-jwt-refreshed", REASON_GRANTED, { 1, 1, 0 } },
	{ "confidential-jwt", REASON_GRANTED, { 1, 1, 0 } },
	{ "other-origin-jwt", REASON_WRONG_ISSUER, { 1, 1, 0 } },
	{ "m2m-jwt", REASON_GRANTED, { 1, 1, 0 } },
	{ "hooked-jwt", REASON_GRANTED, { 1, 1, 0 } },
	{ "user-jwt-rotated", REASON_GRANTED, { 0, 1, 1 } },
	{ "user-jwt-retired", REASON_GRANTED, { 0, 1, 1 } },
};

struct fixture {
	struct recorded *recorded;
	struct jwks *sets[RECORDED_SETS];
};

static int
setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct error error = { "" };
	size_t i;

	fixture->recorded = recorded_load();
	for (i = 0; i < RECORDED_SETS; i++) {
		fixture->sets[i] = jwks_parse(fixture->recorded->sets[i],
		    strlen(fixture->recorded->sets[i]), &error);
		assert_non_null(fixture->sets[i]);
	}
	*state = fixture;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fixture = *state;
	size_t i;

	for (i = 0; i < RECORDED_SETS; i++)
		jwks_free(fixture->sets[i]);
	recorded_free(fixture->recorded);
	free(fixture);
	return 0;
}

/* The steps of floor 1 in the gate's order. */
static enum reason
judge(const struct recorded_token *token, const struct jwks *jwks,
    int64_t wall, struct facts *facts)
{
	struct moment now = { .wall = wall };
	struct credential credential;
	struct jwt jwt;
	const struct key *key;
	enum reason reason;
	char header[4096];

	facts_init(facts);
	snprintf(header, sizeof(header), "Bearer %s", token->token);
	if (web_credential_find(&credential, &rules, header, NULL,
	    &reason, NULL) != 0)
		return reason;
	reason = REASON_NEEDS_RESOLVER;
	if (credential.kind != CREDENTIAL_JWT)
		goto done;
	if (jwt_parse(&jwt, credential.text, credential.len, &reason,
	    NULL) != 0)
		goto done;
	reason = REASON_UNKNOWN_KEY;
	if ((key = jwks_find(jwks, jwt.kid)) == NULL)
		goto clear;
	reason = REASON_BAD_SIGNATURE;
	if (key_verifies(key, jwt.signing_input, jwt.signing_input_len,
	    jwt.signature, jwt.signature_len) != 1)
		goto clear;
	if (claims_read(jwt.claims, facts, &reason, NULL) != 0)
		goto clear;
	jwt.claims = NULL;	/* facts' now */
	if (claims_check(facts, RECORDED_ENDPOINT, &now, LEEWAY,
	    &reason) == 0)
		reason = REASON_GRANTED;
clear:
	jwt_clear(&jwt);
done:
	credential_clear(&credential);
	return reason;
}

static void
each_token_against_each_set(void **state)
{
	const struct fixture *fixture = *state;
	const struct recorded_token *token;
	struct facts facts;
	enum reason reason, wanted;
	size_t i, set;

	for (i = 0; i < RECORDED_TOKENS; i++) {
		token = &fixture->recorded->tokens[i];
		assert_string_equal(token->name, expected[i].name);
		for (set = 0; set < RECORDED_SETS; set++) {
			wanted = expected[i].reason;
			if (!expected[i].verifies[set] &&
			    (wanted == REASON_GRANTED ||
			    wanted == REASON_WRONG_ISSUER))
				wanted = REASON_UNKNOWN_KEY;
			reason = judge(token, fixture->sets[set],
			    token->recorded_at, &facts);
			if (reason != wanted)
				fail_msg("%s, set %zu: %s", token->name, set,
				    reason_name(reason));
			facts_clear(&facts);
		}
	}
}

static void
expect(const struct fixture *fixture, const struct recorded_token *token,
    int64_t wall, enum reason wanted)
{
	struct facts facts;
	enum reason reason = judge(token, fixture->sets[RECORDED_ROTATED],
	    wall, &facts);

	if (reason != wanted)
		fail_msg("%s at %lld: %s", token->name, (long long)wall,
		    reason_name(reason));
	facts_clear(&facts);
}

static void
each_token_at_other_times(void **state)
{
	const struct fixture *fixture = *state;
	const struct recorded_token *token;
	int64_t expires_at;
	size_t i;

	for (i = 0; i < RECORDED_TOKENS; i++) {
		if (expected[i].reason != REASON_GRANTED)
			continue;
		token = &fixture->recorded->tokens[i];
		assert_int_equal(json_find_seconds(token->claims, "exp",
		    &expires_at), JSON_FOUND);
		expect(fixture, token, token->recorded_at - LEEWAY - 1,
		    REASON_NOT_YET_VALID);
		expect(fixture, token, expires_at + LEEWAY - 1,
		    REASON_GRANTED);
		expect(fixture, token, expires_at + LEEWAY, REASON_EXPIRED);
	}
}

/* Facts of a good token; the caller clears them. */
static void
read_facts(const struct fixture *fixture, const char *name,
    struct facts *facts)
{
	const struct recorded_token *token = recorded_find(fixture->recorded,
	    name);

	assert_int_equal(judge(token, fixture->sets[RECORDED_ROTATED],
	    token->recorded_at, facts), REASON_GRANTED);
}

static void
facts_of_a_user(void **state)
{
	struct facts facts;

	read_facts(*state, "user-jwt", &facts);
	assert_int_equal(facts.kind, CREDENTIAL_JWT);
	assert_string_equal(facts.user_id,
	    "fcf876b6-b5fa-4219-8dfc-c5a588c8c615");
	assert_string_equal(facts.client_id, "jwtclient");
	assert_int_equal(facts.is_client, 0);
	assert_int_equal(facts.has_roles, 1);
	assert_int_equal(facts.roles.count, 2);
	assert_true(word_list_has(&facts.roles, "mail:read"));
	assert_int_equal(facts.has_scopes, 1);
	assert_int_equal(facts.scopes.count, 3);
	assert_int_equal(facts.is_anonymous, FACT_NO);
	assert_int_equal(facts.is_verified, FACT_NO);
	assert_int_equal(facts.can_reauthenticate, FACT_YES);
	assert_int_equal(facts.issued_at, 1795436084);
	assert_int_equal(facts.expires_at, 1795436384);
	assert_int_equal(facts.authenticated_at, 1795436084);
	assert_int_equal(facts.not_before, FACTS_NO_TIME);
	assert_true(word_list_has(&facts.audience, RECORDED_ENDPOINT));
	facts_clear(&facts);
	read_facts(*state, "anonymous-jwt", &facts);
	assert_int_equal(facts.is_anonymous, FACT_YES);
	assert_int_equal(facts.has_roles, 1);
	assert_int_equal(facts.roles.count, 0);
	facts_clear(&facts);
}

static void
facts_of_a_machine(void **state)
{
	struct facts facts;

	read_facts(*state, "m2m-jwt", &facts);
	assert_int_equal(facts.is_client, 1);
	assert_string_equal(facts.user_id, "client_id_m2mclient");
	assert_string_equal(facts.client_id, "m2mclient");
	assert_int_equal(facts.has_roles, 0);
	assert_int_equal(facts.is_anonymous, FACT_ABSENT);
	assert_int_equal(facts.is_verified, FACT_ABSENT);
	assert_int_equal(facts.authenticated_at, FACTS_NO_TIME);
	assert_true(word_list_has(&facts.scopes, "read:mail"));
	assert_true(word_list_has(&facts.audience,
	    "https://mail.example/api"));
	facts_clear(&facts);
}

static void
claims_that_a_hook_added(void **state)
{
	struct facts facts;
	char *text;

	read_facts(*state, "hooked-jwt", &facts);
	assert_int_equal(json_member_text(facts.claims,
	    "https://example.com/claims/department", &text), 0);
	assert_string_equal(text,
	    "Stra\xc3\x9f" "e 7 \xe2\x80\x94 \xe7\xb5\x8c\xe7\x90\x86");
	free(text);
	assert_int_equal(json_member_text(facts.claims,
	    "https://example.com/claims/quota", &text), 0);
	assert_string_equal(text, "{\"mail\":1073741824,"
	    "\"nested\":{\"a\":[1,2.5,null,true]}}");
	free(text);
	facts_clear(&facts);
}

static void
session_cookies(void **state)
{
	const struct fixture *fixture = *state;
	const struct recorded_token *token = recorded_find(fixture->recorded,
	    "user-cookie");
	struct credential credential;
	enum reason reason;
	char header[256];

	snprintf(header, sizeof(header), "session=%s", token->token);
	assert_int_equal(web_credential_find(&credential, &rules, NULL, header,
	    &reason, NULL), 0);
	assert_int_equal(credential.kind, CREDENTIAL_SESSION_COOKIE);
	assert_string_equal(credential.text, token->token);
	credential_clear(&credential);
}

static void
one_bit_of_a_signature(void **state)
{
	const struct fixture *fixture = *state;
	struct recorded_token token = *recorded_find(fixture->recorded,
	    "user-jwt");
	char *forged = strdup(token.token);
	struct facts facts;
	char *byte = strrchr(forged, '.') + 1;

	*byte = *byte == 'A' ? 'B' : 'A';
	token.token = forged;
	assert_int_equal(judge(&token, fixture->sets[RECORDED_FIRST],
	    token.recorded_at, &facts), REASON_BAD_SIGNATURE);
	facts_clear(&facts);
	free(forged);
}

static void
discovery(void **state)
{
	const struct fixture *fixture = *state;
	const char *text = fixture->recorded->discovery;
	struct metadata metadata;
	struct error error = { "" };

	assert_int_equal(metadata_parse(&metadata, text, strlen(text),
	    RECORDED_ENDPOINT, &error), 0);
	assert_string_equal(metadata.jwks_uri,
	    RECORDED_ENDPOINT "/oauth2/jwks");
	assert_string_equal(metadata.authorization_endpoint,
	    RECORDED_ENDPOINT "/oauth2/authorize");
	metadata_clear(&metadata);
	assert_int_equal(metadata_parse(&metadata, text, strlen(text),
	    "https://localhost:3000", &error), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_token_against_each_set),
		cmocka_unit_test(each_token_at_other_times),
		cmocka_unit_test(facts_of_a_user),
		cmocka_unit_test(facts_of_a_machine),
		cmocka_unit_test(claims_that_a_hook_added),
		cmocka_unit_test(session_cookies),
		cmocka_unit_test(one_bit_of_a_signature),
		cmocka_unit_test(discovery),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
