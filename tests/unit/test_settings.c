#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "face/settings_print.h"
#include "settings_fixture.h"

static void
defaults(void **state)
{
	struct settings *settings = settings_fixture_load(HEAD
	    "[policy default]\nverified_only = no\n");
	struct policy *policy;

	(void)state;
	assert_string_equal(settings->endpoint, "https://a.test");
	assert_null(settings->ca_file);
	assert_null(settings->proxy);
	assert_string_equal(settings->resolver_url,
	    "https://a.test/_resolver/resolve");
	assert_int_equal(settings->validate, SETTINGS_VALIDATE_HYBRID);
	assert_int_equal(settings->session_ttl, 30);
	assert_int_equal(settings->absent_ttl, 5);
	assert_int_equal(settings->stale_if_error, 0);
	assert_int_equal(settings->max_lookups, 8);
	assert_int_equal(settings->lookup_rate, 600);
	assert_int_equal(settings->keys_ttl, 3600);
	assert_int_equal(settings->keys_cooldown, 10);
	assert_int_equal(settings->keys_max_stale, 86400);
	assert_int_equal(settings->leeway, 60);
	assert_int_equal(settings->connect_timeout, 1);
	assert_int_equal(settings->total_timeout, 2);
	assert_int_equal(settings->max_credential, 16384);
	assert_string_equal(settings->cookie_prefix, "");
	assert_string_equal(settings->state, "/var/lib/authgear");
	assert_int_equal(settings->insecure_allow_http, 0);
	assert_int_equal(settings->log_grants, 0);
	assert_int_equal(settings->policy_count, 1);
	assert_int_equal(settings->warnings.count, 1);
	assert_non_null(strstr(settings->warnings.words[0], "clients"));
	policy = settings->policies[0];
	assert_int_equal(policy->audience.count, 1);
	assert_string_equal(policy->audience.words[0], "https://a.test");
	assert_int_equal(policy->clients.count, 0);
	assert_int_equal(policy->anonymous_users, 0);
	assert_int_equal(policy->max_authentication_age, 0);
	assert_int_equal(policy->remote_user, POLICY_REMOTE_USER_SUB);
	assert_int_equal(policy->unauthenticated, 0);
	assert_int_equal(policy->identity_roles, POLICY_IDENTITY_ALL);
	assert_int_equal(policy->export.count, 0);
	assert_int_equal(policy->accept_basic, 0);
	assert_int_equal(policy->cors_preflight, 0);
	assert_int_equal(policy->client_identity, 0);
	assert_null(policy->login_client);
	assert_null(policy->login_return);
	settings_free(settings);
	settings_free(NULL);
}

static void
everything_set(void **state)
{
	struct settings *settings = settings_fixture_load(
	    "# caf\xc3\xa9\n; too\n\n"
	    "[authgear]\nendpoint=http://127.0.0.1:3000\nca_file = /etc/ca\n"
	    "proxy = http://proxy:3128\nvalidate = jwt\nkeys_ttl = 1\n"
	    "keys_cooldown = 3600\nkeys_max_stale = 2592000\nleeway = 0\n"
	    "connect_timeout = 30\ntotal_timeout = 60\n"
	    "max_credential = 1024\ncookie_prefix = a_\nstate = /s\n"
	    "insecure_allow_http = yes\nlog_grants = yes\n"
	    "[policy mail]\naudience = https://x, https://y\nclients = a b\n"
	    "require_role = r1,r2\nrequire_all_roles = r3\n"
	    "require_scope = mail:read\nverified_only = yes\n"
	    "anonymous_users = allow\nmax_authentication_age = 60\n"
	    "remote_user = claim:https://example.com/name");
	const struct policy *policy = settings->policies[0];
	int unknown;

	(void)state;
	assert_int_equal(settings->warnings.count, 0);
	assert_string_equal(settings->proxy, "http://proxy:3128");
	assert_int_equal(settings->leeway, 0);
	assert_int_equal(settings->log_grants, 1);
	assert_int_equal(policy->audience.count, 2);
	assert_int_equal(policy->clients.count, 2);
	assert_string_equal(policy->require_role.words[1], "r2");
	assert_int_equal(policy->anonymous_users, 1);
	assert_string_equal(policy->remote_user_claim,
	    "https://example.com/name");
	assert_ptr_equal(settings_policy(settings, "mail", &unknown), policy);
	assert_null(settings_policy(settings, NULL, &unknown));
	assert_int_equal(unknown, 0);
	assert_null(settings_policy(settings, "default", &unknown));
	assert_int_equal(unknown, 1);
	settings_free(settings);
}

static void
sessions_set(void **state)
{
	struct settings *settings = settings_fixture_load(HEAD
	    "resolver_url = http://127.0.0.1:3001/_resolver/resolve\n"
	    "validate = hybrid\nsession_ttl = 3600\nabsent_ttl = 300\n"
	    "stale_if_error = 300\nmax_lookups = 256\n"
	    "lookup_rate = 60000\n" TAIL
	    "unauthenticated = pass\nremote_user = map\n"
	    "export = email, https://example.com/team\n"
	    "identity_roles = none\n"
	    "accept_basic = yes\ncors_preflight = pass\n"
	    "client_identity = ignore\n"
	    "[policy web]\nlogin_client = web-1\n"
	    "login_return = https://www.a.test/login?x=1\n");
	const struct policy *policy = settings->policies[0];

	(void)state;
	assert_string_equal(settings->resolver_url,
	    "http://127.0.0.1:3001/_resolver/resolve");
	assert_int_equal(settings->validate, SETTINGS_VALIDATE_HYBRID);
	assert_int_equal(settings->session_ttl, 3600);
	assert_int_equal(settings->absent_ttl, 300);
	assert_int_equal(settings->stale_if_error, 300);
	assert_int_equal(settings->max_lookups, 256);
	assert_int_equal(settings->lookup_rate, 60000);
	assert_int_equal(policy->unauthenticated, 1);
	assert_int_equal(policy->remote_user, POLICY_REMOTE_USER_MAP);
	assert_int_equal(policy->identity_roles, POLICY_IDENTITY_NONE);
	assert_int_equal(policy->export.count, 2);
	assert_string_equal(policy->export.words[1],
	    "https://example.com/team");
	assert_int_equal(policy->accept_basic, 1);
	assert_int_equal(policy->cors_preflight, 1);
	assert_int_equal(policy->client_identity, 1);
	policy = settings->policies[1];
	assert_string_equal(policy->login_client, "web-1");
	assert_string_equal(policy->login_return,
	    "https://www.a.test/login?x=1");
	assert_int_equal(settings->warnings.count, 4);
	settings_free(settings);
}

/* The least of each, and that each spelling of validate is its own. */
static void
bounds_accepted(void **state)
{
	struct settings *settings;

	(void)state;
	settings = settings_fixture_load(HEAD "validate = resolver\n"
	    "session_ttl = 1\nabsent_ttl = 1\nstale_if_error = 0\n"
	    "max_lookups = 1\nlookup_rate = 1\n[policy default]\n");
	assert_int_equal(settings->validate, SETTINGS_VALIDATE_RESOLVER);
	assert_int_equal(settings->session_ttl, 1);
	assert_int_equal(settings->max_lookups, 1);
	assert_int_equal(settings->lookup_rate, 1);
	settings_free(settings);
	settings = settings_fixture_load(HEAD "validate = jwt\n" TAIL);
	assert_int_equal(settings->validate, SETTINGS_VALIDATE_JWT);
	settings_free(settings);
	settings = settings_fixture_load(HEAD "insecure_allow_http = yes\n"
	    "resolver_url = http://resolver/r\n" TAIL);
	assert_string_equal(settings->resolver_url, "http://resolver/r");
	settings_free(settings);
}

/* A rule about what the resolver never tells is for JWTs alone. */
static void
not_evaluable_is_a_warning(void **state)
{
	static const char *const rules[] = {
		"clients = one\n", "require_scope = x\n",
		"audience = https://b.example\n",
		"remote_user = claim:https://example.com/name\n",
	};
	struct settings *settings;
	const char *last;
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		snprintf(text, sizeof(text), HEAD "validate = resolver\n"
		    "[policy default]\n%s", rules[i]);
		settings = settings_fixture_load(text);
		last = settings->warnings.words[settings->warnings.count - 1];
		if (strstr(last, "not-evaluable") == NULL)
			fail_msg("%s: %s", rules[i], last);
		settings_free(settings);
	}
	settings = settings_fixture_load(HEAD "validate = resolver\n"
	    "[policy default]\nrequire_role = a\nremote_user = map\n");
	assert_int_equal(settings->warnings.count, 1);
	assert_non_null(strstr(settings->warnings.words[0], "clients"));
	settings_free(settings);
}

static void
the_only_policy_serves_a_missing_name(void **state)
{
	struct settings *settings = settings_fixture_load(HEAD TAIL);
	int unknown;

	(void)state;
	assert_non_null(settings_policy(settings, NULL, &unknown));
	assert_non_null(settings_policy(settings, "", &unknown));
	assert_null(settings_policy(settings, "Default", &unknown));
	settings_free(settings);
	settings = settings_fixture_load(HEAD TAIL "[policy b]\nclients = x\n");
	assert_null(settings_policy(settings, NULL, &unknown));
	assert_int_equal(unknown, 0);
	assert_non_null(settings_policy(settings, "default", &unknown));
	settings_free(settings);
}

/* Who passes and who is sent to log in are not the same people. */
static void
printed_login_and_pass(void **state)
{
	struct settings *settings = settings_fixture_load(HEAD "[policy open]\n"
	    "unauthenticated = pass\nlogin_client = web\n"
	    "login_return = https://b/login\n");
	char *words = NULL;
	size_t len;
	FILE *out;

	(void)state;
	assert_non_null(out = open_memstream(&words, &len));
	assert_int_equal(settings_print_policies(settings, out), 0);
	fclose(out);
	assert_non_null(strstr(words, "everybody who brings no credential at "
	    "all (not with Apache)\n"));
	assert_non_null(strstr(words, "but nobody whose credential is bad, "
	    "expired or logged out\n"));
	assert_non_null(strstr(words, "with a cookie that does not hold are "
	    "sent to log in as web (with Apache those without one too)\n"));
	assert_null(strstr(words, "without a cookie"));
	settings_free(settings);
	free(words);
}

/* What is printed is a settings file again, with the same values. */
static void
printed(void **state)
{
	struct settings *settings = settings_fixture_load(HEAD
	    "leeway = 7\n" TAIL
	    "unauthenticated = pass\nremote_user = map\nexport = a, b\n"
	    "accept_basic = yes\ncors_preflight = pass\n"
	    "client_identity = ignore\nidentity_roles = required\n"
	    "[policy open]\nlogin_client = web\n"
	    "login_return = https://b/login\nidentity_roles = none\n");
	struct settings *again;
	char *text = NULL, *json = NULL, *words = NULL;
	size_t len;
	FILE *out;

	(void)state;
	assert_non_null(out = open_memstream(&text, &len));
	assert_int_equal(settings_print(settings, out, 0), 0);
	fclose(out);
	assert_non_null(strstr(text, "leeway = 7\n"));
	assert_non_null(strstr(text, "clients = one\n"));
	assert_non_null(strstr(text, "# ca_file: the system's\n"));
	assert_non_null(strstr(text, "# max_authentication_age: none\n"));
	again = settings_fixture_load(text);
	assert_int_equal(again->leeway, 7);
	assert_int_equal(again->validate, SETTINGS_VALIDATE_HYBRID);
	assert_string_equal(again->resolver_url, settings->resolver_url);
	assert_int_equal(again->stale_if_error, 0);
	assert_int_equal(again->policies[0]->unauthenticated, 1);
	assert_int_equal(again->policies[0]->remote_user,
	    POLICY_REMOTE_USER_MAP);
	assert_int_equal(again->policies[0]->export.count, 2);
	assert_string_equal(again->policies[1]->login_return,
	    "https://b/login");
	assert_null(again->policies[0]->login_client);
	assert_int_equal(again->policies[0]->identity_roles,
	    POLICY_IDENTITY_REQUIRED);
	assert_int_equal(again->policies[1]->identity_roles,
	    POLICY_IDENTITY_NONE);
	assert_null(again->ca_file);
	assert_int_equal(again->policies[0]->max_authentication_age, 0);
	settings_free(again);
	assert_non_null(out = open_memstream(&json, &len));
	assert_int_equal(settings_print(settings, out, 1), 0);
	fclose(out);
	assert_non_null(strstr(json, "\"leeway\":\"7\""));
	assert_non_null(strstr(json, "\"identity_roles\":\"required\""));
	assert_non_null(out = open_memstream(&words, &len));
	assert_int_equal(settings_print_policies(settings, out), 0);
	fclose(out);
	assert_non_null(strstr(words, "policy default"));
	assert_non_null(strstr(words, "everybody who brings no credential"));
	assert_non_null(strstr(words, "CORS preflight"));
	assert_non_null(strstr(words, "HTTP Basic"));
	assert_non_null(strstr(words, "told those roles that a rule names"));
	assert_non_null(strstr(words, "told no roles\n"));
	assert_non_null(strstr(words, "log in as web"));
	assert_non_null(strstr(words, "bad, expired or logged out"));
	assert_non_null(strstr(words, "without a cookie that holds are sent "
	    "to log in as web\n"));
	assert_null(strstr(strstr(words, "policy open"), "everybody"));
	settings_free(settings);
	free(text);
	free(json);
	free(words);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything_set),
		cmocka_unit_test(sessions_set),
		cmocka_unit_test(bounds_accepted),
		cmocka_unit_test(not_evaluable_is_a_warning),
		cmocka_unit_test(the_only_policy_serves_a_missing_name),
		cmocka_unit_test(printed),
		cmocka_unit_test(printed_login_and_pass),
	};

	return cmocka_run_group_tests(tests, settings_fixture_setup,
	    settings_fixture_teardown);
}
