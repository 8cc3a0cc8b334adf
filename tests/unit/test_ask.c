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
	static const char *const rows[][8] = {
		{ NULL },
		{ "AUTHGEAR_POLICY=mail", WHO, AUTH, CREDENTIAL },
		{ "AUTHGEAR_ASK=2", "AUTHGEAR_POLICY=mail", WHO, AUTH,
		    CREDENTIAL },
		{ "AUTHGEAR_ASK=", "AUTHGEAR_POLICY=mail", WHO, AUTH,
		    CREDENTIAL },
		{ "AUTHGEAR_ASK=1", WHO, AUTH, CREDENTIAL },
		{ ASK, AUTH, CREDENTIAL },
		{ ASK, "AUTHGEAR_ACCOUNT=", AUTH, CREDENTIAL },
		{ ASK, WHO, CREDENTIAL },
		{ ASK, WHO, "AUTHGEAR_PHASE=", CREDENTIAL },
		{ ASK, WHO, "AUTHGEAR_PHASE=session", CREDENTIAL },
		{ ASK, WHO, "AUTHGEAR_PHASE=Auth", CREDENTIAL },
		{ ASK, WHO, AUTH },
		{ ASK, WHO, AUTH, "AUTHGEAR_CREDENTIAL=" },
		{ ASK, WHO, AUTH, "HTTP_AUTHORIZATION=Bearer x" },
		{ ASK, WHO, AUTH, CREDENTIAL, "REMOTE_ADDR=localhost" },
		{ ASK, WHO, AUTH, CREDENTIAL, "REMOTE_ADDR=1.2.3.4:80" },
		{ ASK, WHO, AUTH, CREDENTIAL, CREDENTIAL },
		{ ASK, WHO, WHO, AUTH, CREDENTIAL },
		{ ASK, WHO, AUTH, ACCOUNT, CREDENTIAL },
		{ ASK, "AUTHGEAR_POLICY=web", WHO, AUTH, CREDENTIAL },
		{ ASK, "AUTHGEAR_ASK=1", WHO, AUTH, CREDENTIAL },
		{ ASK, WHO, AUTH, CREDENTIAL, "REMOTE_ADDR=::1",
		    "REMOTE_ADDR=::1" },
		{ ASK, WHO, AUTH, CREDENTIAL, "AUTHGEAR_SERVICE=a",
		    "AUTHGEAR_SERVICE=b" },
		/* a web server, by mistake */
		{ "AUTHGEAR_POLICY=default", "REQUEST_METHOD=GET",
		    "HTTP_AUTHORIZATION=Bearer x" },
	};
	char account[400] = "AUTHGEAR_ACCOUNT=";
	const char *longest[8] = { ASK, account, ACCOUNT };
	struct error error;
	struct ask ask;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (read_all(rows[i], &ask, &error) == 0)
			fail_msg("row %zu is taken", i);
		assert_true(error.text[0] != '\0');
		assert_null(strstr(error.text, "K7dQ"));
		assert_int_equal(reason, strcmp(error.text,
		    "phase auth without a credential") == 0 ?
		    REASON_MALFORMED : REASON_REPLY_UNSENDABLE);
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
