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

/* What operators write, and what is made of it. */

/* What was copied and not changed is named, and nothing else is. */
static void
placeholders_are_named(void **state)
{
	static const struct {
		const char *text;
		const char *names;	/* NULL: no warning */
	} cases[] = {
		{ "[authgear]\nendpoint = https://authgear.example\n" TAIL
		    "require_role = a\n", "endpoint: " },
		{ "[authgear]\nendpoint = https://a.example.com\n" TAIL
		    "require_role = a\n", "endpoint: " },
		{ HEAD "resolver_url = https://r.example/x\n" TAIL,
		    "resolver_url: " },
		{ HEAD "[policy default]\nlogin_client = c\n"
		    "login_return = https://www.example.com/x\n",
		    "[policy default]: login_return" },
		{ HEAD "[policy default]\nlogin_client = c\n"
		    "login_return = https://www.a.test/x\n", NULL },
	};
	struct settings *settings;
	const char *found;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		settings = settings_fixture_load(cases[i].text);
		found = NULL;
		for (j = 0; found == NULL && j < settings->warnings.count; j++)
			if (strstr(settings->warnings.words[j],
			    "a name for examples") != NULL)
				found = settings->warnings.words[j];
		if ((found != NULL) != (cases[i].names != NULL) ||
		    (found != NULL && strncmp(found, cases[i].names,
		    strlen(cases[i].names)) != 0))
			fail_msg("%s: %s", cases[i].text,
			    found != NULL ? found : "no warning");
		settings_free(settings);
	}
}

/* Roles that a rule names are told, and no rule names one. */
static void
no_role_required(void **state)
{
	static const struct {
		const char *text;
		size_t warnings;
	} cases[] = {
		{ "identity_roles = required\n", 1 },
		{ "identity_roles = none\n", 0 },
		{ "identity_roles = all\n", 0 },
		{ "identity_roles = required\nrequire_role = a\n", 0 },
		{ "require_all_roles = a\nidentity_roles = required\n", 0 },
	};
	struct settings *settings;
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(text, sizeof(text), HEAD "[policy default]\n"
		    "clients = any\n%s", cases[i].text);
		settings = settings_fixture_load(text);
		if (settings->warnings.count != cases[i].warnings)
			fail_msg("%s: %zu", cases[i].text,
			    settings->warnings.count);
		settings_free(settings);
	}
}

/* The file says that it is meant: no warning, and nothing else is changed. */
static void
any_client(void **state)
{
	static const char *const texts[] = { HEAD "[policy default]\n",
	    HEAD "[policy default]\nclients = any\n" };
	struct settings *settings;
	char *words[2] = { NULL, NULL };
	size_t i, len;
	FILE *out;

	(void)state;
	for (i = 0; i < 2; i++) {
		settings = settings_fixture_load(texts[i]);
		assert_int_equal(settings->policies[0]->clients.count, 0);
		assert_int_equal(settings->warnings.count, 1 - i);
		assert_non_null(out = open_memstream(&words[i], &len));
		assert_int_equal(settings_print_policies(settings, out), 0);
		fclose(out);
		settings_free(settings);
	}
	assert_string_equal(words[0], words[1]);
	assert_non_null(strstr(words[1], "any client of the project"));
	free(words[0]);
	free(words[1]);
	settings = settings_fixture_load(HEAD "validate = resolver\n"
	    "[policy default]\nclients = any\n");
	assert_int_equal(settings->warnings.count, 0);
	assert_non_null(out = open_memstream(&words[0], &len));
	assert_int_equal(settings_print(settings, out, 0), 0);
	fclose(out);
	assert_non_null(strstr(words[0], "\nclients = any\n"));
	settings_free(settings);
	settings = settings_fixture_load(words[0]);
	assert_int_equal(settings->warnings.count, 0);
	settings_free(settings);
	free(words[0]);
}

/* What a claim means where it opens accounts is said, of those policies. */
static void
claims_and_accounts(void **state)
{
	struct settings *settings = settings_fixture_load(HEAD
	    "[policy default]\n[policy mail]\n"
	    "remote_user = claim:https://a.test/name\n");
	char *words, *text;
	size_t len;
	FILE *out;

	(void)state;
	assert_non_null(out = open_memstream(&words, &len));
	assert_int_equal(settings_print_policies(settings, out), 0);
	fclose(out);
	assert_non_null(strstr(words, "duty of the hook"));
	assert_non_null(strstr(words, "no way leads back"));
	assert_true(strstr(words, "for PAM") > strstr(words, "policy mail"));
	assert_non_null(out = open_memstream(&text, &len));
	assert_int_equal(settings_print(settings, out, 0), 0);
	fclose(out);
	assert_non_null(strstr(text, "\n# note: policy mail: "));
	assert_null(strstr(text, "\n# note: policy default: "));
	assert_non_null(strstr(text, "no way leads back"));
	settings_free(settings);
	/* it is a comment of a file that loads */
	settings = settings_fixture_load(text);
	assert_int_equal(settings->policy_count, 2);
	settings_free(settings);
	free(words);
	free(text);
}

/* Whatever the editor's encoding was, a comment means nothing. */
static void
comments_of_any_encoding(void **state)
{
	static const char *const comments[] = { "# f\xfcr\n", "; \xe4\n",
	    "  # \xff\xfe\n", "\t;\x80 \xc3\n", "# f\xc3\xbcr\n",
	    "#\xed\xa0\x80\n", "# \xf0\x9f\x98\x80 [x]\n" };
	struct settings *settings;
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(comments) / sizeof(comments[0]); i++) {
		snprintf(text, sizeof(text), "%s%s%s[policy default]\n%s"
		    "verified_only = yes\n%s", comments[i], HEAD, comments[i],
		    comments[i], comments[i]);
		settings = settings_fixture_load(text);
		assert_true(settings->policies[0]->verified_only);
		settings_free(settings);
	}
}

/* One key alone is not refused for another's default: that follows it. */
static void
defaults_follow(void **state)
{
	static const struct {
		const char *line;
		int session_ttl, absent_ttl, keys_ttl, keys_max_stale;
	} cases[] = {
		{ "session_ttl = 4\n", 4, 4, 3600, 86400 },
		{ "session_ttl = 1\n", 1, 1, 3600, 86400 },
		{ "session_ttl = 5\n", 5, 5, 3600, 86400 },
		{ "session_ttl = 3600\n", 3600, 5, 3600, 86400 },
		{ "absent_ttl = 30\n", 30, 30, 3600, 86400 },
		{ "keys_ttl = 100000\n", 30, 5, 100000, 100000 },
		{ "keys_ttl = 604800\n", 30, 5, 604800, 604800 },
		{ "keys_max_stale = 3599\n", 30, 5, 3599, 3599 },
		{ "keys_max_stale = 1\n", 30, 5, 1, 1 },
		{ "total_timeout = 1\n", 30, 5, 3600, 86400 },
	};
	struct settings *settings;
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), HEAD "%s" TAIL, cases[i].line);
		settings = settings_fixture_load(text);
		if (settings->session_ttl != cases[i].session_ttl ||
		    settings->absent_ttl != cases[i].absent_ttl ||
		    settings->keys_ttl != cases[i].keys_ttl ||
		    settings->keys_max_stale != cases[i].keys_max_stale)
			fail_msg("%s: %d %d %d %d", cases[i].line,
			    settings->session_ttl, settings->absent_ttl,
			    settings->keys_ttl, settings->keys_max_stale);
		settings_free(settings);
	}
}

/* Blanks in front of a line are a habit, and mean nothing. */
static void
blanks_in_front(void **state)
{
	static const struct {
		const char *text;
		const char *names;	/* of the error; NULL: good */
	} cases[] = {
		{ "       [authgear]\n       endpoint = https://a.test\n\n"
		    "       [policy default]\n       leeway2 = 1\n",
		    ":5: leeway2: " },
		{ "\t[authgear]\n\tendpoint = https://a.test\n \t \n"
		    "\t# caf\xc3\xa9\n  ; x\n\tleeway = 7\n"
		    " [policy default]\n   clients = one,two\t\n", NULL },
		{ "[authgear]\n  endpoint = https://a.test\nleeway = 7\n"
		    "  [policy default]\nclients = one, two", NULL },
		/* what a value was to go on with is no line of its own */
		{ HEAD "leeway = 7\n[policy default]\nclients = one,\n"
		    "    two\n", ":6: neither" },
		{ HEAD "  leeway = 7\n  leeway = 8\n" TAIL, ":4: leeway" },
		{ "  leeway = 7\n" HEAD TAIL, ":1: leeway" },
		{ HEAD " \v leeway = 7\n" TAIL, ":3: holds a control" },
		{ HEAD " \xc2\xa0leeway = 7\n" TAIL, ":3: holds a byte" },
		{ HEAD "  = 7\n" TAIL, ":3: " },
		{ HEAD "  [policy a] x\n" TAIL, ":3: a section" },
	};
	struct settings *settings;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		settings = settings_fixture_try(cases[i].text, &error);
		if ((settings == NULL) != (cases[i].names != NULL))
			fail_msg("%s: %s", cases[i].text, error.text);
		if (settings == NULL) {
			if (cases[i].names == NULL ||
			    strstr(error.text, cases[i].names) == NULL)
				fail_msg("%s: %s", cases[i].text, error.text);
			continue;
		}
		assert_int_equal(settings->leeway, 7);
		assert_int_equal(settings->policies[0]->clients.count, 2);
		settings_free(settings);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(placeholders_are_named),
		cmocka_unit_test(no_role_required),
		cmocka_unit_test(any_client),
		cmocka_unit_test(claims_and_accounts),
		cmocka_unit_test(defaults_follow),
		cmocka_unit_test(blanks_in_front),
		cmocka_unit_test(comments_of_any_encoding),
	};

	return cmocka_run_group_tests(tests, settings_fixture_setup,
	    settings_fixture_teardown);
}
