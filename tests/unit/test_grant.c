/* Which answers let a request in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "nginx/grant.h"

#define POLICY "X-Authgear-Policy: default\r\n"
#define NAME "X-Authgear-Remote-User: alice\r\n"
#define SAYS(word) "X-Authgear-Decision: " word "\r\n"

static const struct row {
	const char *name;
	const char *head;
	enum grant grant;
} rows[] = {
	{ "granted", "200 OK\r\n" SAYS("granted") POLICY NAME, GRANT_GIVEN },
	{ "pass", "200 OK\r\n" SAYS("pass") POLICY, GRANT_PASS },
	{ "401", "401 Unauthorized\r\n" SAYS("denied"), GRANT_REFUSED },
	{ "400", "400 Bad Request\r\n" SAYS("denied"), GRANT_REFUSED },
	{ "403", "403 Forbidden\r\n" SAYS("forbidden"), GRANT_REFUSED },
	{ "503", "503 Unavailable\r\n" SAYS("undecided"), GRANT_REFUSED },
	{ "500", "500 Error\r\n" SAYS("undecided"), GRANT_REFUSED },
	{ "another policy", "200 OK\r\n" SAYS("granted") NAME
	    "X-Authgear-Policy: admin\r\n", GRANT_UNCLEAR },
	{ "a longer policy", "200 OK\r\n" SAYS("granted") NAME
	    "X-Authgear-Policy: defaults\r\n", GRANT_UNCLEAR },
	{ "no policy", "200 OK\r\n" SAYS("granted") NAME, GRANT_UNCLEAR },
	{ "no name", "200 OK\r\n" SAYS("granted") POLICY, GRANT_UNCLEAR },
	{ "an empty name", "200 OK\r\n" SAYS("granted") POLICY
	    "X-Authgear-Remote-User: \r\n", GRANT_UNCLEAR },
	{ "pass with a name", "200 OK\r\n" SAYS("pass") POLICY NAME,
	    GRANT_UNCLEAR },
	{ "no decision", "200 OK\r\n" POLICY NAME, GRANT_UNCLEAR },
	{ "200 and denied", "200 OK\r\n" SAYS("denied") POLICY NAME,
	    GRANT_UNCLEAR },
	{ "200 and Granted", "200 OK\r\n" SAYS("Granted") POLICY NAME,
	    GRANT_UNCLEAR },
	{ "200 and granted, too", "200 OK\r\n" SAYS("granted,") POLICY NAME,
	    GRANT_UNCLEAR },
	{ "204", "204 No\r\n" SAYS("granted") POLICY NAME, GRANT_UNCLEAR },
	{ "206", "206 Part\r\n" SAYS("granted") POLICY NAME, GRANT_UNCLEAR },
	{ "302", "302 Found\r\n" SAYS("denied"), GRANT_UNCLEAR },
	{ "100", "100 Go\r\n" SAYS("granted") POLICY NAME, GRANT_UNCLEAR },
	{ "999", "999 Odd\r\n" SAYS("denied"), GRANT_UNCLEAR },
	{ "401 and granted", "401 No\r\n" SAYS("granted") POLICY NAME,
	    GRANT_UNCLEAR },
	{ "401 of something else", "401 No\r\n", GRANT_UNCLEAR },
	{ "a variable of another role", "200 OK\r\n"
	    "Variable-AUTHGEAR_DECISION: granted\r\n", GRANT_UNCLEAR },
};

static void
test_rows(void **state)
{
	static unsigned char bytes[ANSWER_RECORDS_MAX];
	static struct answer answer;
	char text[1024];
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(text, sizeof(text), "Status: %s\r\n",
		    rows[i].head);
		len = answer_compose(text, strlen(text), bytes);
		assert_int_equal(answer_check(&answer, 1, bytes, len),
		    ANSWER_COMPLETE);
		if (grant_read(&answer, "default", 7) != rows[i].grant)
			fail_msg("%s: %d", rows[i].name,
			    (int)grant_read(&answer, "default", 7));
	}
	memset(&answer, 0, sizeof(answer));
	assert_int_equal(grant_read(&answer, "", 0), GRANT_UNCLEAR);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
