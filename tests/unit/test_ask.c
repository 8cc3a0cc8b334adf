#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/ask.h"

#define ASK "AUTHGEAR_ASK=1", "AUTHGEAR_POLICY=mail"
#define WHO "AUTHGEAR_ACCOUNT=alice"
#define AUTH "AUTHGEAR_PHASE=auth"
#define ACCOUNT "AUTHGEAR_PHASE=account"
#define CREDENTIAL "AUTHGEAR_CREDENTIAL=K7dQ2mZx9LwB4vTn8RcY1sHj6FpG3aEu"

static enum reason reason;

static int
read_all(const char *const list[8], struct ask *ask, struct error *error)
{
	static char text[8][400];
	static char *params[9];
	size_t i;

	for (i = 0; i < 8 && list[i] != NULL; i++) {
		strcpy(text[i], list[i]);
		params[i] = text[i];
	}
	params[i] = NULL;
	error_clear(error);
	return ask_read(ask, params, &reason, error);
}

static void
test_good(void **state)
{
	static const char *const whole[8] = { ASK, WHO, AUTH, CREDENTIAL,
	    "AUTHGEAR_SERVICE=dovecot", "REMOTE_ADDR=2001:db8::1",
	    "HTTP_AUTHORIZATION=Bearer x" };
	static const char *const least[8] = { ASK, WHO, ACCOUNT };
	static const char *const odd[8] = { ASK, WHO, ACCOUNT, CREDENTIAL,
	    "AUTHGEAR_SERVICE=a b\x01\"=x", "HTTP_COOKIE=a",
	    "REMOTE_ADDR=" };
	struct error error;
	struct ask ask;

	(void)state;
	assert_int_equal(read_all(whole, &ask, &error), 0);
	assert_string_equal(ask.policy, "mail");
	assert_string_equal(ask.account, "alice");
	assert_string_equal(ask.service, "dovecot");
	assert_string_equal(ask.address, "2001:db8::1");
	assert_non_null(ask.credential);
	assert_int_equal(ask.is_account, 0);
	assert_int_equal(read_all(least, &ask, &error), 0);
	assert_null(ask.credential);
	assert_int_equal(ask.is_account, 1);
	assert_string_equal(ask.service, "");
	assert_string_equal(ask.address, "");
	assert_int_equal(read_all(odd, &ask, &error), 0);
	assert_string_equal(ask.service, "a?b???x");
}

static void
test_bad(void **state)
{
	static const struct {
		const char *name;
		const char *list[8];
	} rows[] = {
		{ "nothing",
		    { NULL } },
		{ "no AUTHGEAR_ASK",
		    { "AUTHGEAR_POLICY=mail", WHO, AUTH, CREDENTIAL } },
		{ "another AUTHGEAR_ASK",
		    { "AUTHGEAR_ASK=2", "AUTHGEAR_POLICY=mail", WHO, AUTH,
		    CREDENTIAL } },
		{ "an empty AUTHGEAR_ASK",
		    { "AUTHGEAR_ASK=", "AUTHGEAR_POLICY=mail", WHO, AUTH,
		    CREDENTIAL } },
		{ "no policy",
		    { "AUTHGEAR_ASK=1", WHO, AUTH, CREDENTIAL } },
		{ "no account",
		    { ASK, AUTH, CREDENTIAL } },
		{ "an empty account",
		    { ASK, "AUTHGEAR_ACCOUNT=", AUTH, CREDENTIAL } },
		{ "no phase",
		    { ASK, WHO, CREDENTIAL } },
		{ "an empty phase",
		    { ASK, WHO, "AUTHGEAR_PHASE=", CREDENTIAL } },
		{ "another phase",
		    { ASK, WHO, "AUTHGEAR_PHASE=session", CREDENTIAL } },
		{ "a phase in capitals",
		    { ASK, WHO, "AUTHGEAR_PHASE=Auth", CREDENTIAL } },
		{ "auth without a credential",
		    { ASK, WHO, AUTH } },
		{ "auth with an empty one",
		    { ASK, WHO, AUTH, "AUTHGEAR_CREDENTIAL=" } },
		{ "a credential as a header",
		    { ASK, WHO, AUTH, "HTTP_AUTHORIZATION=Bearer x" } },
		{ "an address that is a name",
		    { ASK, WHO, AUTH, CREDENTIAL, "REMOTE_ADDR=localhost" } },
		{ "an address with a port",
		    { ASK, WHO, AUTH, CREDENTIAL, "REMOTE_ADDR=1.2.3.4:80" } },
		{ "a credential twice",
		    { ASK, WHO, AUTH, CREDENTIAL, CREDENTIAL } },
		{ "an account twice",
		    { ASK, WHO, WHO, AUTH, CREDENTIAL } },
		{ "two phases",
		    { ASK, WHO, AUTH, ACCOUNT, CREDENTIAL } },
		{ "two policies",
		    { ASK, "AUTHGEAR_POLICY=web", WHO, AUTH, CREDENTIAL } },
		{ "AUTHGEAR_ASK twice",
		    { ASK, "AUTHGEAR_ASK=1", WHO, AUTH, CREDENTIAL } },
		{ "an address twice",
		    { ASK, WHO, AUTH, CREDENTIAL, "REMOTE_ADDR=::1",
		    "REMOTE_ADDR=::1" } },
		{ "two services",
		    { ASK, WHO, AUTH, CREDENTIAL, "AUTHGEAR_SERVICE=a",
		    "AUTHGEAR_SERVICE=b" } },
		{ "a web server, by mistake",
		    { "AUTHGEAR_POLICY=default", "REQUEST_METHOD=GET",
		    "HTTP_AUTHORIZATION=Bearer x" } },
	};
	char account[400] = "AUTHGEAR_ACCOUNT=";
	const char *longest[8] = { ASK, account, ACCOUNT };
	struct error error;
	struct ask ask;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (read_all(rows[i].list, &ask, &error) == 0)
			fail_msg("%s: is taken", rows[i].name);
		if (error.text[0] == '\0' ||
		    strstr(error.text, "K7dQ") != NULL ||
		    reason != (strcmp(error.text,
		    "phase auth without a credential") == 0 ?
		    REASON_MALFORMED : REASON_REPLY_UNSENDABLE))
			fail_msg("%s: %s, %s", rows[i].name,
			    reason_name(reason), error.text);
	}
	i = strlen(account);
	memset(account + i, 'a', ASK_ACCOUNT_MAX);
	assert_int_equal(read_all(longest, &ask, &error), 0);
	account[i + ASK_ACCOUNT_MAX] = 'a';
	assert_int_equal(read_all(longest, &ask, &error), -1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
