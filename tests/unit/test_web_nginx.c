#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "admin/web_nginx.h"

#define FIRST "# configuration file /etc/nginx/nginx.conf:\n"
#define SECOND "# configuration file /etc/nginx/conf.d/a.conf:\n"

static struct web_nginx *
read_text(const char *text, struct error *error)
{
	/* what was read borrows it; each test is a process of its own */
	static char kept[400000];

	error_clear(error);
	assert_true(strlen(text) < sizeof(kept));
	(void)strcpy(kept, text);
	return web_nginx_read(kept, strlen(kept), error);
}

static void
test_tree(void **state)
{
	const struct web_nginx *server, *location;
	struct web_nginx *root;
	struct error error;

	(void)state;
	root = read_text(FIRST "# user x;\nhttp{include conf.d/*.conf;\n"
	    "log_format a '\"$x\" };' \"two \\\" words\"; }\n"
	    SECOND "server { set $a ${b}c; location = /x\\ y { deny all; } }\n",
	    &error);
	assert_non_null(root);
	assert_null(root->first->next);
	assert_string_equal(root->first->words[0], "http");
	/* what is included stands behind the directive that includes it, or
	 * in its place */
	server = root->first->first;
	while (server != NULL && strcmp(server->words[0], "server") != 0)
		server = server->next;
	if (server == NULL || server->first == NULL ||
	    server->first->next == NULL) {
		fail();
		return;
	}
	assert_string_equal(server->file, "/etc/nginx/conf.d/a.conf");
	assert_int_equal(server->first->count, 3);
	assert_string_equal(server->first->words[2], "${b}c");
	location = server->first->next;
	if (!location->is_block || location->first == NULL) {
		fail();
		return;
	}
	assert_string_equal(location->words[1], "=");
	assert_string_equal(location->words[2], "/x\\ y");
	assert_string_equal(location->first->words[1], "all");
	assert_string_equal(root->first->last->words[0], "log_format");
	assert_string_equal(root->first->last->words[2], "\"$x\" };");
	assert_string_equal(root->first->last->words[3], "two \" words");
	web_nginx_free(root);
}

static void
test_refused(void **state)
{
	static const char *const bad[] = {
		"", "\n", "http { }\n", "# configuration file /x\nhttp { }\n",
		FIRST "http {\n", FIRST "http { } }\n", FIRST "}\n",
		FIRST "http { server { }\n", FIRST "listen 80\n",
		FIRST "listen 80", FIRST "{ }\n", FIRST ";\n",
		FIRST "a \"b;\n", FIRST "a 'b;\n", FIRST "a \"b\"c;\n",
		FIRST "a 'b'c;\n", FIRST "a b }\n", FIRST "include;\n",
		FIRST "include a b;\n", FIRST "include gone.conf;\n",
		FIRST "include /etc/nginx/gone.conf;\n", FIRST "a b;\n" SECOND
		"c d;\n", FIRST "include conf.d/a.conf;\n" SECOND "c {\n",
		FIRST "http { include conf.d/*.conf; }\n" SECOND "} c {\n",
		FIRST "include nginx.conf;\n",
		FIRST "http { x_by_lua_block { return \"}\" } }\n",
		FIRST "http { content_by_lua_block { } }\n"
	};
	struct web_nginx *root;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		root = read_text(bad[i], &error);
		if (root != NULL)
			fail_msg("taken: %s", bad[i]);
		assert_true(strlen(error_text(&error)) > 10);
	}
	(void)read_text(FIRST "a b;\n" SECOND "c d;\n", &error);
	assert_string_equal(error_text(&error),
	    "/etc/nginx/conf.d/a.conf is included by nothing");
	(void)read_text(FIRST "include gone.conf;\n", &error);
	assert_string_equal(error_text(&error),
	    "/etc/nginx/gone.conf is not among what it printed");
}

/* As much as is taken, and one more. */
static void
test_bounds(void **state)
{
	static const struct {
		const char *before;
		const char *each;
		size_t most;
		const char *after;
	} cases[] = {
		{ FIRST, "a {", 48, NULL },
		{ FIRST "a", " b", 255, ";\n" },
		{ FIRST "a ", "b", 16381, ";\n" },
		{ FIRST, "a;", 100000, "\n" },
	};
	static char text[400000];
	struct web_nginx *root;
	struct error error;
	size_t i, j, more;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (more = 0; more < 2; more++) {
			size_t at = 0, count = cases[i].most + more;

			at += (size_t)snprintf(text, sizeof(text), "%s",
			    cases[i].before);
			for (j = 0; j < count; j++) {
				memcpy(text + at, cases[i].each,
				    strlen(cases[i].each));
				at += strlen(cases[i].each);
			}
			for (j = 0; cases[i].after == NULL && j < count; j++)
				text[at++] = '}';
			(void)snprintf(text + at, sizeof(text) - at, "%s\n",
			    cases[i].after == NULL ? "" : cases[i].after);
			root = read_text(text, &error);
			/* of directives there may be more than this */
			if ((root != NULL) != (more == 0 || i == 3))
				fail_msg("%zu: %zu: %s", i, count,
				    error_text(&error));
			web_nginx_free(root);
		}
}

static void
test_serves(void **state)
{
	static const struct {
		const char *text;
		int serves;
	} cases[] = {
		{ FIRST "http { server { } }\n", 1 },
		{ FIRST "events { }\nhttp { include conf.d/*.conf; }\n" SECOND
		    "server { listen 80; }\n", 1 },
		{ FIRST "events { }\n", 0 },
		{ FIRST "events { }\nhttp { }\n", 0 },
		{ FIRST "http { upstream a { server 127.0.0.1:1; } }\n", 0 },
		{ FIRST "stream { server { listen 1; } }\n", 0 },
		{ FIRST "mail { server { listen 1; } }\nhttp { }\n", 0 },
		{ FIRST "http x;\nserver { }\n", 0 },
		{ FIRST "#\n", 0 },
	};
	struct web_nginx *root;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		root = read_text(cases[i].text, &error);
		assert_non_null(root);
		if (web_nginx_serves(root) != cases[i].serves)
			fail_msg("%s", cases[i].text);
		web_nginx_free(root);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_serves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
