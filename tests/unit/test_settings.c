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
#include "settings.h"

#define HEAD "[authgear]\nendpoint = https://a.example\n"
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
	assert_string_equal(settings->endpoint, "https://a.example");
	assert_null(settings->ca_file);
	assert_null(settings->proxy);
	assert_int_equal(settings->validate, SETTINGS_VALIDATE_JWT);
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
	assert_string_equal(policy->audience.words[0], "https://a.example");
	assert_int_equal(policy->clients.count, 0);
	assert_int_equal(policy->anonymous_users, 0);
	assert_int_equal(policy->max_authentication_age, 0);
	assert_int_equal(policy->remote_user, POLICY_REMOTE_USER_SUB);
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
		{ "validate", "resolver" }, { "validate", "hybrid" },
		{ "validate", "JWT" }, { "keys_ttl", "0" },
		{ "keys_ttl", "604801" }, { "keys_ttl", "1h" },
		{ "keys_ttl", "-1" }, { "keys_ttl", "99999999999999999999" },
		{ "keys_cooldown", "0" }, { "keys_cooldown", "3601" },
		{ "keys_max_stale", "0" }, { "keys_max_stale", "3599" },
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
		"a.example", "https://a.example/", "https://A.example",
		"http://a.example", "https://a:443", "ftp://a",
	};
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "[authgear]\nendpoint = %s\n"
		    TAIL, cases[i]);
		expect_refused(text, strlen(text), ":2: ", "endpoint");
	}
	settings_free(load("[authgear]\nendpoint = http://a.example\n"
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
		{ "remote_user", "SUB" }, { "unauthenticated", "pass" },
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
every_key_twice(void **state)
{
	const struct settings_key *key;
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; (key = settings_key_at(i)) != NULL; i++) {
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

/* What is printed is a settings file again, with the same values. */
static void
printed(void **state)
{
	struct settings *settings = load(HEAD "leeway = 7\n" TAIL
	    "[policy open]\n");
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
		cmocka_unit_test(the_only_policy_serves_a_missing_name),
		cmocka_unit_test(shapes_refused),
		cmocka_unit_test(values_of_authgear_refused),
		cmocka_unit_test(endpoints_refused),
		cmocka_unit_test(values_of_a_policy_refused),
		cmocka_unit_test(every_key_twice),
		cmocka_unit_test(files_refused),
		cmocka_unit_test(printed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
