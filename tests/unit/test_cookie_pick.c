/* A Cookie header in three, as a web server's process takes it apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/cookie_pick.h"
#include "web/web_credential.h"

#define RANDOM "IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ"
#define UUID "5b638068-ef1b-4284-ab62-c704add66cc1."
#define SESSION "session=" UUID RANDOM
#define APP "app_session=" RANDOM
#define TOKEN "app_access_token=" RANDOM
#define JWT "app_access_token=eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"
#define MARKER "authgear-login=0123456789abcdef.1700000000.1"

static const struct row {
	const char *header;
	const char *ours;
	const char *markers;
	const char *rest;
} rows[] = {
	{ "", "", "", "" },
	{ "a=1", "", "", "a=1" },
	{ "a=1; b=2;;  ; c", "", "", "a=1; b=2;;  ; c" },
	{ SESSION, SESSION, "", "" },
	{ APP, APP, "", "" },
	{ TOKEN, TOKEN, "", "" },
	{ JWT, JWT, "", "" },
	{ "a=1; " SESSION "; b=2", SESSION, "", "a=1; b=2" },
	{ SESSION "; sid=1", SESSION, "", "sid=1" },
	{ "sid=1; " SESSION, SESSION, "", "sid=1" },
	{ "sid=1 ;" SESSION " ;", SESSION, "", "sid=1" },
	{ "sid=1 ; " SESSION " ; lang=de \t; x = y z ", SESSION, "",
	    "sid=1; lang=de; x = y z" },
	{ "sid=1;" SESSION ";lang=de", SESSION, "", "sid=1;lang=de" },
	{ SESSION ";;a=1; ;;b=2;", SESSION, "", "a=1;b=2" },
	{ APP "; a=1; " SESSION "; b=2; " TOKEN, APP "; " SESSION "; " TOKEN,
	    "", "a=1; b=2" },
	{ SESSION "; " SESSION, SESSION "; " SESSION, "", "" },
	/* whatever the prefix; in quotes; with blanks */
	{ "p_" SESSION "; x", "p_" SESSION, "", "x" },
	{ "my" APP, "my" APP, "", "" },
	{ "session=\"" UUID RANDOM "\"; a=b", "session=\"" UUID RANDOM "\"",
	    "", "a=b" },
	{ " \tsession = " UUID RANDOM " ; a=b", "session = " UUID RANDOM, "",
	    "a=b" },
	/* two lines as Apache joins them */
	{ "a=1, " SESSION "; b=2", SESSION, "", "a=1; b=2" },
	{ SESSION ", " APP, SESSION "; " APP, "", "" },
	/* commas of others stay */
	{ "x=\"a, b\"; " SESSION "; y=c,d", SESSION, "",
	    "x=\"a, b\"; y=c,d" },
	/* of another application by its shape, or by its name */
	{ "session=mine; sid=1", "", "", "session=mine; sid=1" },
	/* the prefix may be app_ */
	{ "app_" SESSION, "app_" SESSION, "", "" },
	{ "session=" RANDOM, "", "", "session=" RANDOM },
	{ "app_access_token=" UUID RANDOM, "", "",
	    "app_access_token=" UUID RANDOM },
	{ "session=" UUID RANDOM "x", "", "", "session=" UUID RANDOM "x" },
	{ "session_id=" UUID RANDOM, "", "", "session_id=" UUID RANDOM },
	{ "x=session=" UUID RANDOM, "", "", "x=session=" UUID RANDOM },
	{ "Session=" UUID RANDOM, "", "", "Session=" UUID RANDOM },
	{ "session", "", "", "session" },
	{ "session=", "", "", "session=" },
	{ "=" UUID RANDOM, "", "", "=" UUID RANDOM },
	/* the marker goes along, and stays */
	{ "a=1; " MARKER, "", MARKER, "a=1; " MARKER },
	{ "__Host-" MARKER ";" SESSION, SESSION, "__Host-" MARKER,
	    "__Host-" MARKER },
	{ MARKER "; " MARKER, "", MARKER "; " MARKER, MARKER "; " MARKER },
	{ "x" MARKER "; authgear-login", "", "",
	    "x" MARKER "; authgear-login" },
};

static void
make_room(struct cookie_pick *pick, size_t len)
{
	pick->ours = malloc(COOKIE_PICK_SIZE(len));
	pick->markers = malloc(COOKIE_PICK_SIZE(len));
	pick->rest = malloc(COOKIE_PICK_SIZE(len));
	assert_non_null(pick->ours);
	assert_non_null(pick->markers);
	assert_non_null(pick->rest);
}

static void
give_back(struct cookie_pick *pick)
{
	free(pick->ours);
	free(pick->markers);
	free(pick->rest);
}

static void
test_rows(void **state)
{
	struct cookie_pick pick;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_room(&pick, strlen(rows[i].header));
		cookie_pick(rows[i].header, &pick);
		if (strcmp(pick.ours, rows[i].ours) != 0 ||
		    strcmp(pick.markers, rows[i].markers) != 0 ||
		    strcmp(pick.rest, rows[i].rest) != 0)
			fail_msg("%s: \"%s\" \"%s\" \"%s\"", rows[i].header,
			    pick.ours, pick.markers, pick.rest);
		assert_int_equal(pick.ours_len, strlen(pick.ours));
		assert_int_equal(pick.markers_len, strlen(pick.markers));
		assert_int_equal(pick.rest_len, strlen(pick.rest));
		give_back(&pick);
	}
}

/* Of the whole header and of what was picked the daemon makes the same, and of
 * what is left nothing. */
static void
test_same_credential(void **state)
{
	static const char *const prefixes[] = { "", "p_", "my" };
	struct web_credential_rules rules = { .max_credential = 16384 };
	struct credential whole, picked, left;
	enum reason reasons[3];
	struct cookie_pick pick;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_room(&pick, strlen(rows[i].header));
		cookie_pick(rows[i].header, &pick);
		for (j = 0; j < 3; j++) {
			rules.cookie_prefix = prefixes[j];
			assert_int_equal(web_credential_find(&whole, &rules,
			    NULL, rows[i].header, &reasons[0], NULL),
			    web_credential_find(&picked, &rules, NULL,
			    pick.ours, &reasons[1], NULL));
			assert_int_equal(whole.kind, picked.kind);
			assert_int_equal(reasons[0], reasons[1]);
			if (whole.kind != CREDENTIAL_NONE)
				assert_string_equal(whole.text, picked.text);
			(void)web_credential_find(&left, &rules, NULL,
			    pick.rest, &reasons[2], NULL);
			assert_int_equal(left.kind, CREDENTIAL_NONE);
			credential_clear(&whole);
			credential_clear(&picked);
			credential_clear(&left);
		}
		give_back(&pick);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_same_credential),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
