#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "fcgi/reply.h"
#include "ground/json.h"
#include "ground/json_parse.h"
#include "web/identity.h"

static const char id[] = "0123456789abcdef";

/* A decision that grants, with every fact. */
struct granted {
	struct policy policy;
	struct facts facts;
	struct decision decision;
	char name[16];
	char user_id[16];
	char client_id[16];
};

static void
add(struct word_list *list, const char *word)
{
	assert_int_equal(word_list_add(list, word, strlen(word)), 0);
}

static void
granted_init(struct granted *granted)
{
	struct facts *facts = &granted->facts;

	memset(granted, 0, sizeof(*granted));
	strcpy(granted->name, "members");
	strcpy(granted->user_id, "user-1");
	strcpy(granted->client_id, "app-1");
	granted->policy.name = granted->name;
	facts->user_id = granted->user_id;
	facts->client_id = granted->client_id;
	facts->is_anonymous = FACT_NO;
	facts->is_verified = FACT_YES;
	facts->can_reauthenticate = FACT_YES;
	facts->authenticated_at = 1700000000;
	facts->expires_at = 1700000300;
	facts->issued_at = FACTS_NO_TIME;
	facts->not_before = FACTS_NO_TIME;
	add(&facts->scopes, "openid");
	add(&facts->scopes, "offline_access");
	add(&facts->roles, "admin");
	add(&facts->roles, "editor");
	granted->decision.verdict = VERDICT_GRANTED;
	granted->decision.reason = REASON_GRANTED;
	granted->decision.policy = &granted->policy;
	granted->decision.facts = facts;
	granted->decision.remote_user = "alice";
}

static void
granted_clear(struct granted *granted)
{
	word_list_clear(&granted->facts.scopes);
	word_list_clear(&granted->facts.roles);
	json_free(granted->facts.claims);
}

static void
test_authorizer(void **state)
{
	static const char wanted[] = "Status: 200 OK\r\n"
	    "Variable-REMOTE_USER: alice\r\n"
	    "Variable-AUTHGEAR_DECISION: granted\r\n"
	    "Variable-AUTHGEAR_POLICY: members\r\n"
	    "Variable-AUTHGEAR_USER_ID: user-1\r\n"
	    "Variable-AUTHGEAR_CLIENT_ID: app-1\r\n"
	    "Variable-AUTHGEAR_USER_ANONYMOUS: false\r\n"
	    "Variable-AUTHGEAR_USER_VERIFIED: true\r\n"
	    "Variable-AUTHGEAR_USER_CAN_REAUTHENTICATE: true\r\n"
	    "Variable-AUTHGEAR_SESSION_AUTHENTICATED_AT: 1700000000\r\n"
	    "Variable-AUTHGEAR_EXPIRES_AT: 1700000300\r\n"
	    "Variable-AUTHGEAR_SCOPE: openid offline_access\r\n"
	    "Variable-AUTHGEAR_USER_ROLES: admin,editor\r\n"
	    "Variable-AUTHGEAR_REQUEST_ID: 0123456789abcdef\r\n"
	    "\r\n";
	struct granted granted;
	struct reply reply;

	(void)state;
	granted_init(&granted);
	reply_decision(&reply, REPLY_AUTHORIZER, &granted.decision, id);
	assert_string_equal(reply.text, wanted);
	assert_int_equal(reply.len, sizeof(wanted) - 1);
	assert_int_equal(reply.reason, REASON_GRANTED);
	granted_clear(&granted);
}

static void
test_responder(void **state)
{
	static const char claims[] = "{\"https://example.com/team\":\"b\","
	    "\"email_verified\":true,\"hidden\":1,\"null\":null,"
	    "\"empty\":\"\"}";
	static const char bad[] = "{\"null\":\"a\\r\\nB: c\"}";
	static const char wanted[] = "Status: 200 OK\r\n"
	    "X-Authgear-Session-Valid: true\r\n"
	    "X-Authgear-Remote-User: alice\r\n"
	    "X-Authgear-Decision: granted\r\n"
	    "X-Authgear-Policy: members\r\n"
	    "X-Authgear-User-Id: user-1\r\n"
	    "X-Authgear-Client-Id: app-1\r\n"
	    "X-Authgear-User-Anonymous: false\r\n"
	    "X-Authgear-User-Verified: true\r\n"
	    "X-Authgear-User-Can-Reauthenticate: true\r\n"
	    "X-Authgear-Session-Authenticated-At: 1700000000\r\n"
	    "X-Authgear-Expires-At: 1700000300\r\n"
	    "X-Authgear-Scope: openid offline_access\r\n"
	    "X-Authgear-Session-Amr: pwd otp\r\n"
	    "X-Authgear-User-Roles: admin,editor\r\n"
	    "X-Authgear-Claim-Https-Example-Com-Team: b\r\n"
	    "X-Authgear-Claim-Email-Verified: true\r\n"
	    "X-Authgear-Request-Id: 0123456789abcdef\r\n"
	    "\r\n";
	struct granted granted;
	struct reply reply;

	(void)state;
	granted_init(&granted);
	add(&granted.facts.amr, "pwd");
	add(&granted.facts.amr, "otp");
	granted.facts.has_amr = 1;
	add(&granted.policy.export, "https://example.com/team");
	add(&granted.policy.export, "email_verified");
	add(&granted.policy.export, "null");
	add(&granted.policy.export, "nothere");
	add(&granted.policy.export, "empty");
	granted.facts.claims = json_parse(claims, sizeof(claims) - 1, NULL);
	assert_non_null(granted.facts.claims);
	reply_decision(&reply, REPLY_RESPONDER, &granted.decision, id);
	assert_string_equal(reply.text, wanted);
	reply_decision(&reply, REPLY_AUTHORIZER, &granted.decision, id);
	assert_non_null(strstr(reply.text,
	    "\r\nVariable-AUTHGEAR_CLAIM_HTTPS_EXAMPLE_COM_TEAM: b\r\n"));
	/* empty, as a real resolver has it */
	word_list_clear(&granted.facts.amr);
	reply_decision(&reply, REPLY_RESPONDER, &granted.decision, id);
	assert_non_null(strstr(reply.text,
	    "\r\nX-Authgear-Session-Amr: \r\n"));
	json_free(granted.facts.claims);
	granted.facts.claims = json_parse(bad, sizeof(bad) - 1, NULL);
	assert_non_null(granted.facts.claims);
	reply_decision(&reply, REPLY_RESPONDER, &granted.decision, id);
	assert_int_equal(reply.reason, REASON_REPLY_UNSENDABLE);
	word_list_clear(&granted.policy.export);
	granted_clear(&granted);
}

static void *
no_memory(size_t size)
{
	(void)size;
	return NULL;
}

/* A claim that there is no memory for is not left out of a yes. */
static void
test_export_without_memory(void **state)
{
	static const char claims[] = "{\"quota\":{\"mail\":1}}";
	struct granted granted;
	struct reply reply;

	(void)state;
	granted_init(&granted);
	add(&granted.policy.export, "quota");
	granted.facts.claims = json_parse(claims, sizeof(claims) - 1, NULL);
	assert_non_null(granted.facts.claims);
	reply_decision(&reply, REPLY_RESPONDER, &granted.decision, id);
	assert_non_null(strstr(reply.text, "\r\nX-Authgear-Claim-Quota: "));
	json_set_alloc_funcs(no_memory, free);
	reply_decision(&reply, REPLY_RESPONDER, &granted.decision, id);
	json_set_alloc_funcs(malloc, free);
	assert_null(strstr(reply.text, "Status: 200"));
	assert_non_null(strstr(reply.text, "Status: 500"));
	word_list_clear(&granted.policy.export);
	granted_clear(&granted);
}

static void
test_pass(void **state)
{
	char name[] = "members";
	struct policy policy = { .name = name };
	struct decision decision = { .policy = &policy, .may_pass = 1 };
	struct reply reply;

	(void)state;
	reply_decision(&reply, REPLY_AUTHORIZER, &decision, id);
	assert_true(reply.is_pass);
	assert_string_equal(reply.text, "Status: 200 OK\r\n"
	    "Variable-AUTHGEAR_DECISION: pass\r\n"
	    "Variable-AUTHGEAR_POLICY: members\r\n"
	    "Variable-AUTHGEAR_REQUEST_ID: 0123456789abcdef\r\n\r\n");
	/* only without a credential, and never with an identity */
	decision.reason = REASON_EXPIRED;
	reply_decision(&reply, REPLY_AUTHORIZER, &decision, id);
	assert_false(reply.is_pass);
	assert_int_equal(reply.reason, REASON_REPLY_UNSENDABLE);
	decision.reason = REASON_NO_CREDENTIAL;
	decision.remote_user = "alice";
	reply_decision(&reply, REPLY_AUTHORIZER, &decision, id);
	assert_false(reply.is_pass);
	decision.remote_user = NULL;
	decision.may_pass = 0;
	reply_decision(&reply, REPLY_AUTHORIZER, &decision, id);
	assert_false(reply.is_pass);
	assert_non_null(strstr(reply.text, "Status: 401 "));
}

static void
test_absent(void **state)
{
	static const char wanted[] = "Status: 200 OK\r\n"
	    "Variable-REMOTE_USER: alice\r\n"
	    "Variable-AUTHGEAR_DECISION: granted\r\n"
	    "Variable-AUTHGEAR_POLICY: members\r\n"
	    "Variable-AUTHGEAR_USER_ID: user-1\r\n"
	    "Variable-AUTHGEAR_REQUEST_ID: 0123456789abcdef\r\n"
	    "\r\n";
	struct granted granted;
	struct reply reply;

	(void)state;
	granted_init(&granted);
	granted_clear(&granted);
	granted.facts.client_id = NULL;
	granted.facts.is_anonymous = FACT_ABSENT;
	granted.facts.is_verified = FACT_ABSENT;
	granted.facts.can_reauthenticate = FACT_ABSENT;
	granted.facts.authenticated_at = FACTS_NO_TIME;
	granted.facts.expires_at = FACTS_NO_TIME;
	reply_decision(&reply, REPLY_AUTHORIZER, &granted.decision, id);
	assert_string_equal(reply.text, wanted);
}

static void
expect_unsendable(const struct granted *granted, const char *what)
{
	static const char first[] = "Status: 500 Internal Server Error\r\n";
	struct reply reply;
	int role;

	for (role = REPLY_AUTHORIZER; role <= REPLY_RESPONDER; role++) {
		reply_decision(&reply, (enum reply_role)role,
		    &granted->decision, id);
		if (reply.reason != REASON_REPLY_UNSENDABLE ||
		    strncmp(reply.text, first, sizeof(first) - 1) != 0)
			fail_msg("sent: %s", what);
		assert_null(strstr(reply.text, "Variable-"));
		assert_null(strstr(reply.text, "alice"));
		assert_non_null(strstr(reply.text, id));
		assert_int_equal(strlen(reply.text), reply.len);
	}
}

static void
test_unsendable_names(void **state)
{
	static const char *const names[] = {
		"", " ", " alice", "alice ", "alice\r\nStatus: 200", "a\nb",
		"a\rb", "a\tb", "a\x7f", "a\x01", "\x1f"
	};
	struct granted granted;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		granted_init(&granted);
		granted.decision.remote_user = names[i];
		expect_unsendable(&granted, names[i]);
		granted_clear(&granted);
	}
}

static void
test_unsendable_words(void **state)
{
	static const char *const roles[] = {
		"a,b", ",", "", " a", "a ", "a\nb"
	};
	static const char *const scopes[] = { "a b", "", "a\rb" };
	struct granted granted;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		granted_init(&granted);
		add(&granted.facts.roles, roles[i]);
		expect_unsendable(&granted, roles[i]);
		granted_clear(&granted);
	}
	for (i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		granted_init(&granted);
		add(&granted.facts.scopes, scopes[i]);
		expect_unsendable(&granted, scopes[i]);
		granted_clear(&granted);
	}
}

static void
test_too_large(void **state)
{
	struct granted granted;
	struct reply reply;
	char *name;
	size_t len, largest = 0;

	(void)state;
	granted_init(&granted);
	for (len = 2500; len < 4200; len++) {
		name = malloc(len + 1);
		assert_non_null(name);
		memset(name, 'x', len);
		name[len] = '\0';
		granted.decision.remote_user = name;
		reply_decision(&reply, REPLY_RESPONDER, &granted.decision, id);
		assert_true(reply.len <= REPLY_MAX);
		if (reply.reason == REASON_GRANTED) {
			assert_non_null(strstr(reply.text, name));
			assert_int_equal(largest, len == 2500 ? 0 : len - 1);
			largest = len;
		}
		free(name);
	}
	assert_true(largest > 2500 && largest < 3500);
	granted_clear(&granted);
}

/* Count of roles of 36 bytes, as Authgear's may be. */
static void
add_roles(struct granted *granted, size_t count)
{
	char role[64];
	size_t i;

	for (i = 0; i < count; i++) {
		(void)snprintf(role, sizeof(role), "role_%031zu", i);
		add(&granted->facts.roles, role);
	}
}

/* What has no room is left out whole, and told: never cut, never a 500. */
static void
test_omitted(void **state)
{
	static const char *const names[][2] = {
		{ "\r\nVariable-AUTHGEAR_USER_ROLES: admin,editor",
		    "\r\nVariable-AUTHGEAR_USER_ROLES_OMITTED: 1\r\n" },
		{ "\r\nX-Authgear-User-Roles: admin,editor",
		    "\r\nX-Authgear-User-Roles-Omitted: 1\r\n" },
	};
	struct granted granted;
	struct reply reply;
	size_t count, most = 0;
	int role;

	(void)state;
	for (role = REPLY_AUTHORIZER; role <= REPLY_RESPONDER; role++) {
		for (count = 0; count <= 256; count++) {
			granted_init(&granted);
			add_roles(&granted, count);
			reply_decision(&reply, (enum reply_role)role,
			    &granted.decision, id);
			assert_int_equal(reply.reason, REASON_GRANTED);
			assert_true(reply.len <= REPLY_MAX);
			assert_non_null(strstr(reply.text, id));
			assert_non_null(strstr(reply.text, "offline_access"));
			assert_null(strstr(reply.text, "OMITTED: roles"));
			if (strstr(reply.text, names[role][0]) != NULL) {
				assert_null(strstr(reply.text,
				    names[role][1]));
				assert_int_equal(reply.omitted, 0);
				most = count;
			} else {
				assert_non_null(strstr(reply.text,
				    names[role][1]));
				assert_int_equal(reply.omitted,
				    IDENTITY_ROLES);
				assert_int_not_equal(most, count);
			}
			granted_clear(&granted);
		}
		assert_in_range(most, 70, 90);
	}
}

/* Of claims each by itself; roles go first, since a user may write claims. */
static void
test_omitted_others(void **state)
{
	static const char wanted[] = "\r\nX-Authgear-User-Roles-Omitted: 1\r\n"
	    "X-Authgear-Omitted: scope,amr,claims\r\n";
	struct granted granted;
	struct reply reply;
	char claims[4096], filler[3500];

	(void)state;
	granted_init(&granted);
	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	(void)snprintf(claims, sizeof(claims),
	    "{\"bio\":\"%s\",\"team\":\"b\"}", filler);
	granted.facts.claims = json_parse(claims, strlen(claims), NULL);
	assert_non_null(granted.facts.claims);
	add(&granted.policy.export, "bio");
	add(&granted.policy.export, "team");
	reply_decision(&reply, REPLY_RESPONDER, &granted.decision, id);
	assert_non_null(strstr(reply.text, "\r\nX-Authgear-User-Roles: "
	    "admin,editor\r\nX-Authgear-Claim-Team: b\r\n"
	    "X-Authgear-Omitted: claims\r\n"));
	assert_int_equal(reply.omitted, IDENTITY_CLAIMS);
	granted.facts.has_amr = 1;
	add(&granted.facts.amr, filler);
	add(&granted.facts.scopes, filler);
	add(&granted.facts.roles, filler);
	reply_decision(&reply, REPLY_RESPONDER, &granted.decision, id);
	assert_int_equal(reply.reason, REASON_GRANTED);
	assert_non_null(strstr(reply.text, wanted));
	assert_null(strstr(reply.text, "xxxx"));
	reply_decision(&reply, REPLY_AUTHORIZER, &granted.decision, id);
	assert_non_null(strstr(reply.text, "AUTHGEAR_OMITTED: scope,claims\r"));
	reply_ask(&reply, &granted.decision, "", id);
	assert_non_null(strstr(reply.text, "AUTHGEAR_OMITTED: scope,claims\r"));
	assert_non_null(strstr(reply.text, "ROLES_OMITTED: 1\r"));
	word_list_clear(&granted.policy.export);
	word_list_clear(&granted.facts.amr);
	granted_clear(&granted);
}

/* A grant without who, or of another reason, is no grant. */
static void
test_no_grant(void **state)
{
	struct granted granted;

	(void)state;
	granted_init(&granted);
	granted.decision.remote_user = NULL;
	expect_unsendable(&granted, "no name");
	granted.decision.remote_user = "alice";
	granted.decision.policy = NULL;
	expect_unsendable(&granted, "no policy");
	granted.decision.policy = &granted.policy;
	granted.facts.user_id = NULL;
	expect_unsendable(&granted, "no user id");
	granted.decision.facts = NULL;
	expect_unsendable(&granted, "no facts");
	granted.decision.facts = &granted.facts;
	granted.decision.reason = REASON_EXPIRED;
	expect_unsendable(&granted, "granted as expired");
	granted.decision.verdict = VERDICT_DENIED;
	granted.decision.reason = REASON_GRANTED;
	expect_unsendable(&granted, "denied as granted");
	granted_clear(&granted);
}

static void
test_refusals(void **state)
{
	struct decision decision;
	struct reply reply;
	char status[32], reason[64], body[256];
	const char *error;
	int i, code;

	(void)state;
	for (i = 0; i < REASON_NOT_BLOCKED; i++) {
		memset(&decision, 0, sizeof(decision));
		decision.reason = (enum reason)i;
		decision.verdict = reason_verdict(decision.reason);
		decision.retry_after = 7;
		reply_decision(&reply, REPLY_RESPONDER, &decision, id);
		assert_int_equal(reply.reason, i);
		code = reason_http_status(decision.reason);
		snprintf(status, sizeof(status), "Status: %d ", code);
		assert_int_equal(strncmp(reply.text, status,
		    strlen(status)), 0);
		snprintf(reason, sizeof(reason), "\r\nX-Authgear-Reason: "
		    "%s\r\n", reason_name(decision.reason));
		assert_non_null(strstr(reply.text, reason));
		error = reason_challenge_error(decision.reason);
		snprintf(body, sizeof(body), "\r\n\r\n{\"error\":\"%s\","
		    "\"reason\":\"%s\",\"request_id\":\"%s\"}\n",
		    error != NULL ? error : verdict_name(decision.verdict),
		    reason_name(decision.reason), id);
		assert_non_null(strstr(reply.text, body));
		assert_int_equal(strstr(reply.text, "WWW-Authenticate") !=
		    NULL, code == 401 || i == REASON_SCOPE_MISSING);
		assert_int_equal(strstr(reply.text, "\r\nRetry-After: 7\r\n")
		    != NULL, code == 503);
		assert_null(strstr(reply.text, "Variable-"));
	}
}

static void
test_challenges(void **state)
{
	char scope[] = "scope", bad[] = "a\"b", name[] = "p";
	char *words[] = { scope, scope };
	struct policy policy = {
		.name = name, .max_authentication_age = 300,
		.require_scope = { words, 2 }
	};
	struct decision decision = { .policy = &policy };
	struct reply reply;

	(void)state;
	decision.reason = REASON_NO_CREDENTIAL;
	reply_decision(&reply, REPLY_AUTHORIZER, &decision, id);
	assert_non_null(strstr(reply.text,
	    "\r\nWWW-Authenticate: Bearer realm=\"authgear\"\r\n"));
	decision.reason = REASON_EXPIRED;
	reply_decision(&reply, REPLY_AUTHORIZER, &decision, id);
	assert_non_null(strstr(reply.text, "\r\nWWW-Authenticate: Bearer "
	    "realm=\"authgear\", error=\"invalid_token\"\r\n"));
	decision.reason = REASON_AUTHENTICATION_TOO_OLD;
	reply_decision(&reply, REPLY_AUTHORIZER, &decision, id);
	assert_non_null(strstr(reply.text, "\r\nWWW-Authenticate: Bearer "
	    "realm=\"authgear\", error=\"insufficient_user_authentication\", "
	    "max_age=\"300\"\r\n"));
	decision.reason = REASON_SCOPE_MISSING;
	decision.verdict = VERDICT_FORBIDDEN;
	reply_decision(&reply, REPLY_AUTHORIZER, &decision, id);
	assert_non_null(strstr(reply.text, "\r\nWWW-Authenticate: Bearer "
	    "realm=\"authgear\", error=\"insufficient_scope\", "
	    "scope=\"scope scope\"\r\n"));
	policy.accept_basic = 1;
	decision.reason = REASON_EXPIRED;
	reply_decision(&reply, REPLY_AUTHORIZER, &decision, id);
	assert_non_null(strstr(reply.text, "\r\nWWW-Authenticate: Basic "
	    "realm=\"authgear\", charset=\"UTF-8\"\r\n"));
	assert_null(strstr(reply.text, "Bearer"));
	policy.accept_basic = 0;
	decision.reason = REASON_SCOPE_MISSING;
	words[1] = bad;
	reply_decision(&reply, REPLY_AUTHORIZER, &decision, id);
	assert_int_equal(reply.reason, REASON_REPLY_UNSENDABLE);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_authorizer),
		cmocka_unit_test(test_responder),
		cmocka_unit_test(test_export_without_memory),
		cmocka_unit_test(test_pass),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_unsendable_names),
		cmocka_unit_test(test_unsendable_words),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_omitted),
		cmocka_unit_test(test_omitted_others),
		cmocka_unit_test(test_no_grant),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_challenges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
