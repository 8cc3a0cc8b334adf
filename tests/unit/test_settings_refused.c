#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <sys/stat.h>

#include <cmocka.h>

#include "scratch.h"
#include "settings/settings_table.h"
#include "settings_fixture.h"

/* A file that cannot be used: its text, and what the error begins with
 * behind the path and names somewhere. */
struct refused {
	const char *text;
	const char *line;	/* ":3: " */
	const char *names;
};

static void
expect_refused(const void *text, size_t len, const char *line,
    const char *names)
{
	const char *path = settings_fixture_write(text, len);
	struct error error = { "" };
	struct settings *settings = settings_load(path, &error);
	const int shown = len < 400 ? (int)len : 400;

	if (settings != NULL)
		fail_msg("accepted: %.*s", shown, (const char *)text);
	if (strncmp(error.text, path, strlen(path)) != 0 ||
	    strncmp(error.text + strlen(path), line, strlen(line)) != 0 ||
	    strstr(error.text + strlen(path), names) == NULL)
		fail_msg("%.*s: expected %s %s: %s", shown,
		    (const char *)text, line, names, error.text);
}

static void
expect_all_refused(const struct refused *cases, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		expect_refused(cases[i].text, strlen(cases[i].text),
		    cases[i].line, cases[i].names);
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
		{ "state", "/a/." }, { "state", "/." },
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
	settings_free(settings_fixture_load("[authgear]\n"
	    "endpoint = http://a.test\ninsecure_allow_http = yes\n" TAIL));
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
		{ "identity_roles", "some" }, { "identity_roles", "All" },
		{ "identity_roles", "all, none" }, { "identity_roles", "0" },
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

	memset(huge, '\n', sizeof(huge));
	expect_refused(huge, sizeof(huge), ": ", "larger");
	memset(huge, 'a', SETTINGS_MAX_VALUE + 1);
	expect_refused(huge, SETTINGS_MAX_VALUE + 2, ":1: ", "long");
	path = settings_fixture_write(HEAD TAIL, strlen(HEAD TAIL));
	assert_int_equal(chmod(path, 0664), 0);
	assert_null(settings_load(path, &error));
	assert_non_null(strstr(error.text, "chmod"));
	assert_int_equal(chmod(path, 0646), 0);
	assert_null(settings_load(path, NULL));
	error_clear(&error);
	assert_null(settings_load(*state, &error));
	assert_non_null(strstr(error.text, "regular"));
	path = scratch_path(*state, "fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(settings_load(path, NULL));
	assert_null(settings_load(scratch_path(*state, "none"), NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes_refused),
		cmocka_unit_test(values_of_authgear_refused),
		cmocka_unit_test(endpoints_refused),
		cmocka_unit_test(values_of_a_policy_refused),
		cmocka_unit_test(long_values_refused),
		cmocka_unit_test(every_key_twice),
		cmocka_unit_test(files_refused),
	};

	return cmocka_run_group_tests(tests, settings_fixture_setup,
	    settings_fixture_teardown);
}
