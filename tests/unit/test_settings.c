#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include <cmocka.h>

#include "scratch.h"
#include "face/settings_print.h"
#include "settings/settings.h"
#include "settings/settings_table.h"

#define HEAD "[authgear]\nendpoint = https://a.test\n"
#define TAIL "[policy default]\nclients = one\n"

/* A file that cannot be used: its text, and what the error begins with
 * behind the path and names somewhere. */
struct refused {
	const char *text;
	const char *line;	/* ":3: " */
	const char *names;
};

static char *directory;

static int
setup(void **state)
{
	(void)state;
	directory = scratch_make();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	scratch_remove(directory);
	return 0;
}

static const char *
write_settings(const void *text, size_t len)
{
	const char *path = scratch_path(directory, "authgear.conf");

	scratch_write(path, text, len);
	assert_int_equal(chmod(path, 0644), 0);
	return path;
}

static void
expect_refused(const void *text, size_t len, const char *line,
    const char *names)
{
	const char *path = write_settings(text, len);
	struct error error = { "" };
	struct settings *settings = settings_load(path, &error);

	if (settings != NULL)
		fail_msg("accepted: %s", (const char *)text);
	if (strncmp(error.text, path, strlen(path)) != 0 ||
	    strncmp(error.text + strlen(path), line, strlen(line)) != 0 ||
	    strstr(error.text + strlen(path), names) == NULL)
		fail_msg("expected %s %s: %s", line, names, error.text);
}

static void
expect_all_refused(const struct refused *cases, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		expect_refused(cases[i].text, strlen(cases[i].text),
		    cases[i].line, cases[i].names);
}

static struct settings *
load(const char *text)
{
	struct error error = { "" };
	struct settings *settings;

	settings = settings_load(write_settings(text, strlen(text)), &error);
	if (settings == NULL)
		fail_msg("%s", error.text);
	return settings;
}

static void
defaults(void **state)
{
	struct settings *settings = load(HEAD "[policy default]\n"
	    "verified_only = no\n");
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
	struct settings *settings = load("# caf\xc3\xa9\n; too\n\n"
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
	struct settings *settings = load(HEAD
	    "resolver_url = http://127.0.0.1:3001/_resolver/resolve\n"
	    "validate = hybrid\nsession_ttl = 3600\nabsent_ttl = 300\n"
	    "stale_if_error = 300\nmax_lookups = 256\n"
	    "lookup_rate = 60000\n" TAIL
	    "unauthenticated = pass\nremote_user = map\n"
	    "export = email, https://example.com/team\n"
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
	settings = load(HEAD "validate = resolver\nsession_ttl = 1\n"
	    "absent_ttl = 1\nstale_if_error = 0\nmax_lookups = 1\n"
	    "lookup_rate = 1\n[policy default]\n");
	assert_int_equal(settings->validate, SETTINGS_VALIDATE_RESOLVER);
	assert_int_equal(settings->session_ttl, 1);
	assert_int_equal(settings->max_lookups, 1);
	assert_int_equal(settings->lookup_rate, 1);
	settings_free(settings);
	settings = load(HEAD "validate = jwt\n" TAIL);
	assert_int_equal(settings->validate, SETTINGS_VALIDATE_JWT);
	settings_free(settings);
	settings = load(HEAD "insecure_allow_http = yes\n"
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
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		snprintf(text, sizeof(text), HEAD "validate = resolver\n"
		    "[policy default]\n%s", rules[i]);
		settings = load(text);
		assert_non_null(strstr(settings->warnings.words[
		    settings->warnings.count - 1], "not-evaluable"));
		settings_free(settings);
	}
	settings = load(HEAD "validate = resolver\n[policy default]\n"
	    "require_role = a\nremote_user = map\n");
	assert_int_equal(settings->warnings.count, 1);
	assert_non_null(strstr(settings->warnings.words[0], "clients"));
	settings_free(settings);
}

static void
the_only_policy_serves_a_missing_name(void **state)
{
	struct settings *settings = load(HEAD TAIL);
	int unknown;

	(void)state;
	assert_non_null(settings_policy(settings, NULL, &unknown));
	assert_non_null(settings_policy(settings, "", &unknown));
	assert_null(settings_policy(settings, "Default", &unknown));
	settings_free(settings);
	settings = load(HEAD TAIL "[policy b]\nclients = x\n");
	assert_null(settings_policy(settings, NULL, &unknown));
	assert_int_equal(unknown, 0);
	assert_non_null(settings_policy(settings, "default", &unknown));
	settings_free(settings);
}

static void
shapes_refused(void **state)
{
	static const struct refused cases[] = {
		{ "", ":1: ", "endpoint" },
		{ "[authgear]\nleeway = 1\n" TAIL, ":1: ", "endpoint" },
		{ HEAD, ":1: ", "policy" },
		{ "endpoint = https://a\n" HEAD, ":1: ", "endpoint" },
		{ "# x\nleeway = 1\n" HEAD TAIL, ":2: ", "leeway" },
		{ HEAD "endpoint = https://b\n" TAIL, ":3: ", "endpoint" },
		{ HEAD TAIL HEAD, ":5: ", "[authgear]" },
		{ HEAD TAIL TAIL, ":5: ", "[policy default]" },
		{ HEAD "[other]\nx = 1\n" TAIL, ":3: ", "[other]" },
		{ HEAD "[policy]\nclients = 1\n", ":3: ", "policy" },
		{ HEAD "[policy A]\nclients = 1\n", ":3: ", "section" },
		{ HEAD "[policy a b]\nclients = 1\n", ":3: ", "name" },
		{ HEAD "[policy a\nclients = 1\n", ":3: ", "section" },
		{ HEAD "[policy a] # x\nclients = 1\n", ":3: ", "section" },
		{ HEAD "Leeway = 1\n" TAIL, ":3: ", "Leeway" },
		{ HEAD "leeway\n" TAIL, ":3: ", "KEY = VALUE" },
		{ HEAD "leeway =\n" TAIL, ":3: ", "leeway" },
		{ HEAD "leeway = \n" TAIL, ":3: ", "leeway" },
		{ HEAD "= 1\n" TAIL, ":3: ", "" },
		{ HEAD "leeway = 1 # x\n" TAIL, ":3: ", "leeway" },
		{ HEAD "leeway = 1\t; x\n" TAIL, ":3: ", "leeway" },
		{ HEAD "leeway = 1\n  2\n" TAIL, ":4: ", "" },
		{ HEAD "leeway = 1\r\n" TAIL, ":3: ", "control" },
		{ HEAD "state = /\033x\n" TAIL, ":3: ", "control" },
		{ HEAD "state = /\xc3\xa4\n" TAIL, ":3: ", "ASCII" },
		{ HEAD "clients = a\n" TAIL, ":3: ", "clients" },
		{ HEAD TAIL "leeway = 1\n", ":5: ", "leeway" },
		{ HEAD "no_such = 1\n" TAIL, ":3: ", "no_such" },
		{ HEAD "/* x */\n" TAIL, ":3: ", "" },
		{ HEAD "session_ttl = 4\nabsent_ttl = 5\n" TAIL, ":4: ",
		    "absent_ttl" },
		{ HEAD "absent_ttl = 31\n" TAIL, ":3: ", "30 by default" },
		{ HEAD "connect_timeout = 3\n" TAIL, ":3: ",
		    "2 by default" },
		{ HEAD "keys_ttl = 100000\nkeys_max_stale = 99999\n" TAIL,
		    ":4: ", "keys_max_stale" },
		{ HEAD "absent_ttl = 9\nsession_ttl = 8\n" TAIL, ":3: ",
		    "absent_ttl" },
		{ HEAD TAIL "login_client = a\n", ":5: ", "login_return" },
		{ HEAD TAIL "login_return = https://a/b\n", ":5: ",
		    "login_client" },
		{ HEAD TAIL "[policy b]\nclients = x\nlogin_client = a\n",
		    ":7: ", "login_return" },
		{ HEAD TAIL "login_client = a\n[policy b]\n"
		    "login_return = https://a/b\n", ":5: ", "login_return" },
		/* what comes back from a login must be good */
		{ HEAD TAIL "login_client = a\nlogin_return = https://a/b\n",
		    ":5: ", "cookie" },
		{ HEAD "validate = jwt\n[policy default]\nlogin_client = a\n"
		    "login_return = https://a/b\n", ":5: ", "hybrid" },
		{ HEAD "[policy default]\nlogin_client = a\n"
		    "login_return = https://a/b\nrequire_scope = x\n",
		    ":4: ", "scope" },
		{ HEAD "[policy default]\nlogin_client = a\n"
		    "login_return = https://a/b\naudience = https://x\n",
		    ":4: ", "audience" },
		{ HEAD "[policy default]\nlogin_client = a\n"
		    "login_return = http://www.a.test/b\n", ":5: ",
		    "plain http" },
	};

	(void)state;
	expect_all_refused(cases, sizeof(cases) / sizeof(cases[0]));
	expect_refused(HEAD "state = /a\0b\n" TAIL,
	    sizeof(HEAD "state = /a\0b\n" TAIL) - 1, ":3: ", "NUL");
}

/* KEY = VALUE in line 3 of [authgear], refused with the key named. */
static void
values_of_authgear_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "ca_file", "relative" }, { "ca_file", "/a/../b" },
		{ "proxy", "socks5://a:1" }, { "proxy", "http://a:1/x" },
		{ "proxy", "http://user:pw@a:1" },
		{ "validate", "JWT" }, { "validate", "Hybrid" },
		{ "validate", "introspect" }, { "validate", "jwt, resolver" },
		{ "validate", "2" }, { "validate", "none" },
		{ "session_ttl", "0" }, { "session_ttl", "3601" },
		{ "session_ttl", "-1" }, { "session_ttl", "30s" },
		{ "absent_ttl", "0" }, { "absent_ttl", "301" },
		{ "absent_ttl", "31" }, { "stale_if_error", "-1" },
		{ "stale_if_error", "301" }, { "stale_if_error", "yes" },
		{ "max_lookups", "0" }, { "max_lookups", "257" },
		{ "max_lookups", "8 8" }, { "lookup_rate", "0" },
		{ "lookup_rate", "60001" }, { "lookup_rate", "10/s" },
		{ "resolver_url", "resolver" }, { "resolver_url", "/resolve" },
		{ "resolver_url", "https://a.test" },
		{ "resolver_url", "https://a.test?x=/" },
		{ "resolver_url", "https:///x" }, { "resolver_url", "://a/x" },
		{ "resolver_url", "https://A.example/x" },
		{ "resolver_url", "https://a.test:443/x" },
		{ "resolver_url", "https://a.test:0/x" },
		{ "resolver_url", "https://a.test:65536/x" },
		{ "resolver_url", "https://me:pw@a.test/x" },
		{ "resolver_url", "https://a.test/x#y" },
		{ "resolver_url", "https://a.test/x y" },
		{ "resolver_url", "https://a.test/\"x" },
		{ "resolver_url", "https://a.test/\\x" },
		{ "resolver_url", "ftp://a.test/x" },
		{ "resolver_url", "file:///etc/passwd" },
		{ "resolver_url", "http://a.test/x" },
		{ "resolver_url", "http://127.0.0.1.example/x" },
		{ "resolver_url", "http://localhost.example/x" },
		{ "keys_ttl", "0" },
		{ "keys_ttl", "604801" }, { "keys_ttl", "1h" },
		{ "keys_ttl", "-1" }, { "keys_ttl", "99999999999999999999" },
		{ "keys_cooldown", "0" }, { "keys_cooldown", "3601" },
		{ "keys_max_stale", "0" }, { "keys_max_stale", "1h" },
		{ "keys_max_stale", "2592001" },
		{ "leeway", "301" }, { "leeway", "-0" }, { "leeway", "+1" },
		{ "leeway", "1.5" }, { "leeway", "0x10" },
		{ "leeway", "1 0" }, { "connect_timeout", "0" },
		{ "connect_timeout", "31" }, { "connect_timeout", "3" },
		{ "total_timeout", "0" }, { "total_timeout", "61" },
		{ "max_credential", "1023" }, { "max_credential", "49153" },
		{ "cookie_prefix", "a b" }, { "cookie_prefix", "a=" },
		{ "state", "var" }, { "state", "/a/.." },
		{ "insecure_allow_http", "true" },
		{ "insecure_allow_http", "Yes" }, { "log_grants", "1" },
	};
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), HEAD "%s = %s\n" TAIL,
		    cases[i][0], cases[i][1]);
		expect_refused(text, strlen(text), ":3: ", cases[i][0]);
	}
}

static void
endpoints_refused(void **state)
{
	static const char *const cases[] = {
		"a.test", "https://a.test/", "https://A.example",
		"http://a.test", "https://a:443", "ftp://a",
	};
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "[authgear]\nendpoint = %s\n"
		    TAIL, cases[i]);
		expect_refused(text, strlen(text), ":2: ", "endpoint");
	}
	settings_free(load("[authgear]\nendpoint = http://a.test\n"
	    "insecure_allow_http = yes\n" TAIL));
}

static void
values_of_a_policy_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "audience", "," }, { "require_role", ", ," },
		{ "clients", "\"a\"" }, { "clients", "a; b" },
		{ "require_role", "'staff'" },
		{ "require_all_roles", "," }, { "require_scope", "," },
		{ "audience", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17" },
		{ "verified_only", "maybe" }, { "anonymous_users", "yes" },
		{ "max_authentication_age", "0" },
		{ "max_authentication_age", "31536001" },
		{ "remote_user", "email" }, { "remote_user", "claim:" },
		{ "remote_user", "claim:email" },
		{ "remote_user", "claim:preferred_username" },
		{ "remote_user", "claim:https://authgear.com/claims/x" },
		{ "remote_user", "SUB" }, { "remote_user", "MAP" },
		{ "remote_user", "map:x" }, { "remote_user", "sub, map" },
		{ "clients", "any, a" }, { "clients", "a any" },
		{ "clients", "any any" }, { "clients", "'any'" },
		{ "unauthenticated", "allow" }, { "unauthenticated", "yes" },
		{ "unauthenticated", "Pass" }, { "unauthenticated", "login" },
		{ "cors_preflight", "allow" }, { "cors_preflight", "1" },
		{ "client_identity", "believe" }, { "client_identity", "no" },
		{ "client_identity", "Ignore" }, { "client_identity", "" },
		{ "accept_basic", "pass" }, { "accept_basic", "true" },
		{ "export", "," }, { "export", "'email'" },
		{ "export", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17" },
		{ "login_client", "a b" }, { "login_client", "a\"b" },
		{ "login_client", "a<b" }, { "login_client", "a\\b" },
		{ "login_return", "/login" },
		{ "login_return", "https://a.test" },
		{ "login_return", "https://a.test/x#y" },
		{ "login_return", "https://a.test/x y" },
		{ "login_return", "https://a.test/'x" },
		{ "login_return", "https://A/x" },
		{ "login_return", "javascript://a/%0aalert(1)" },
		{ "login_return", "https://u@a.test/x" },
	};
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), HEAD TAIL "%s = %s\n",
		    cases[i][0], cases[i][1]);
		expect_refused(text, strlen(text), ":5: ", cases[i][0]);
	}
}

static void
long_values_refused(void **state)
{
	char text[2048], path[1024];

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	snprintf(text, sizeof(text), HEAD TAIL "login_return = https://b/%s\n",
	    path);
	expect_refused(text, strlen(text), ":5: ", "login_return");
	snprintf(text, sizeof(text), HEAD "resolver_url = https://%.*s/x\n"
	    TAIL, 248, path);
	expect_refused(text, strlen(text), ":3: ", "resolver_url");
	snprintf(text, sizeof(text), HEAD TAIL "login_client = %.*s\n", 256,
	    path);
	expect_refused(text, strlen(text), ":5: ", "login_client");
}

static void
every_key_twice(void **state)
{
	const struct settings_row *row;
	const struct settings_key *key;
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; (row = settings_table_at(i)) != NULL; i++) {
		key = &row->key;
		snprintf(text, sizeof(text), "[%s]\n%s = 1\n%s = 1\n",
		    strcmp(key->section, "policy") == 0 ? "policy x" :
		    key->section, key->name, key->name);
		expect_refused(text, strlen(text), ":3: ", key->name);
		snprintf(text, sizeof(text), "%s = 1\n[%s]\n", key->name,
		    key->section);
		expect_refused(text, strlen(text), ":1: ", key->name);
		snprintf(text, sizeof(text), "[authgear]\n%s =\n",
		    key->name);
		expect_refused(text, strlen(text), ":2: ", key->name);
	}
	assert_true(i > 20);
}

static void
files_refused(void **state)
{
	static char huge[SETTINGS_MAX_FILE + 2];
	const char *path;
	struct error error = { "" };

	(void)state;
	memset(huge, '\n', sizeof(huge));
	expect_refused(huge, sizeof(huge), ": ", "larger");
	memset(huge, 'a', SETTINGS_MAX_VALUE + 1);
	expect_refused(huge, SETTINGS_MAX_VALUE + 2, ":1: ", "long");
	path = write_settings(HEAD TAIL, strlen(HEAD TAIL));
	assert_int_equal(chmod(path, 0664), 0);
	assert_null(settings_load(path, &error));
	assert_non_null(strstr(error.text, "chmod"));
	assert_int_equal(chmod(path, 0646), 0);
	assert_null(settings_load(path, NULL));
	error_clear(&error);
	assert_null(settings_load(directory, &error));
	assert_non_null(strstr(error.text, "regular"));
	path = scratch_path(directory, "fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(settings_load(path, NULL));
	assert_null(settings_load(scratch_path(directory, "none"), NULL));
}

/* Who passes and who is sent to log in are not the same people. */
static void
printed_login_and_pass(void **state)
{
	struct settings *settings = load(HEAD "[policy open]\n"
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
	struct settings *settings = load(HEAD "leeway = 7\n" TAIL
	    "unauthenticated = pass\nremote_user = map\nexport = a, b\n"
	    "accept_basic = yes\ncors_preflight = pass\n"
	    "client_identity = ignore\n"
	    "[policy open]\nlogin_client = web\n"
	    "login_return = https://b/login\n");
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
	again = load(text);
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
	assert_null(again->ca_file);
	assert_int_equal(again->policies[0]->max_authentication_age, 0);
	settings_free(again);
	assert_non_null(out = open_memstream(&json, &len));
	assert_int_equal(settings_print(settings, out, 1), 0);
	fclose(out);
	assert_non_null(strstr(json, "\"leeway\":\"7\""));
	assert_non_null(out = open_memstream(&words, &len));
	assert_int_equal(settings_print_policies(settings, out), 0);
	fclose(out);
	assert_non_null(strstr(words, "policy default"));
	assert_non_null(strstr(words, "everybody who brings no credential"));
	assert_non_null(strstr(words, "CORS preflight"));
	assert_non_null(strstr(words, "HTTP Basic"));
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
		cmocka_unit_test(shapes_refused),
		cmocka_unit_test(values_of_authgear_refused),
		cmocka_unit_test(endpoints_refused),
		cmocka_unit_test(values_of_a_policy_refused),
		cmocka_unit_test(long_values_refused),
		cmocka_unit_test(every_key_twice),
		cmocka_unit_test(files_refused),
		cmocka_unit_test(printed),
		cmocka_unit_test(printed_login_and_pass),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
