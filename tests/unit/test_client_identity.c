#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "web/client_identity.h"

static const char *const claimed[] = {
	"HTTP_X_AUTHGEAR_USER_ID=root",
	"HTTP_X_AUTHGEAR_=x",
	"HTTP_X_AUTHGEAR_DECISION=granted",
	"HTTP_X_AUTHGEAR_SESSION_VALID=false",
	"HTTP_X_AUTHGEAR_CLAIM_EMAIL= ",
	"HTTP_X_AUTHGEAR_NOBODY_KNOWS=1",
	"HTTP_REMOTE_USER=root",
	"HTTP_X_REMOTE_USER=0",
	"HTTP_X_FORWARDED_USER=root",
	"http_remote_user=root",
	"Http_X-Authgear-User_Id=root",
	"HTTP_X.AUTHGEAR.USER.ID=root",
	"HTTP_REMOTE~USER=root",
	"HTTP_X_FORWARDED-USER==",
	"HTTP_REMOTE\xa0USER=root",
	"AUTHGEAR_FORGED_IDENTITY=1",
	"AUTHGEAR_FORGED_IDENTITY=0",
};

static const char *const not_claimed[] = {
	"HTTP_X_AUTHGEAR_USER_ID=",
	"HTTP_REMOTE_USER=",
	"AUTHGEAR_FORGED_IDENTITY=",
	"HTTP_X_AUTHGEAR=root",
	"HTTP_X_AUTHGEARS_USER=root",
	"X_AUTHGEAR_USER_ID=root",
	"HTTP_XX_AUTHGEAR_USER_ID=root",
	"HTTP_REMOTE_USERS=root",
	"HTTP_REMOTE_USE=root",
	"HTTP_REMOTEUSER=root",
	"HTTP_REMOTE_USER_AGENT=x",
	"HTTP_X_FORWARDED_FOR=10.0.0.1",
	"HTTP_X_FORWARDED_USERNAME=x",
	"HTTP_FORWARDED=for=10.0.0.1",
	"HTTP_USER_AGENT=HTTP_REMOTE_USER=root",
	"HTTP_COOKIE=HTTP_X_AUTHGEAR_USER_ID=root",
	"REMOTE_USER=server",
	"AUTHGEAR_POLICY=default",
	"AUTHGEAR_FORGED=1",
	"HTTP_REMOTE_USER",
	"HTTP_X_AUTHGEAR_USER_ID",
	"=HTTP_REMOTE_USER=x",
	"",
};

static const char *
ask(const char *first, const char *second)
{
	char one[80], two[80], *params[3] = { one, two, NULL };

	strcpy(one, first);
	strcpy(two, second);
	return client_identity_find(params) == NULL ? NULL :
	    client_identity_find(params) == one ? first : second;
}

static void
test_claimed(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(claimed) / sizeof(claimed[0]); i++) {
		if (ask(claimed[i], "A=b") != claimed[i] ||
		    ask("HTTP_REMOTE_USER=", claimed[i]) != claimed[i])
			fail_msg("%s: not seen", claimed[i]);
	}
}

static void
test_not_claimed(void **state)
{
	char *none[1] = { NULL };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(not_claimed) / sizeof(not_claimed[0]); i++) {
		if (ask(not_claimed[i], "A=b") != NULL ||
		    ask("HTTP_HOST=x", not_claimed[i]) != NULL)
			fail_msg("%s: taken for one", not_claimed[i]);
	}
	assert_null(client_identity_find(none));
	assert_null(client_identity_find(NULL));
}

/* The same names as headers: what stands behind HTTP_, with a value. */
static void
test_headers(void **state)
{
	const char *text, *equals;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(claimed) / sizeof(claimed[0]); i++) {
		text = claimed[i];
		equals = strchr(text, '=');
		/* the mark is a web server's own, no header */
		if (strncasecmp(text, "HTTP_", 5) != 0)
			continue;
		if (!client_identity_is_header(text + 5,
		    (size_t)(equals - text) - 5))
			fail_msg("%s: not seen", text + 5);
		if (client_identity_is_header(text, (size_t)(equals - text)))
			fail_msg("%s: taken for one", text);
	}
	for (i = 0; i < sizeof(not_claimed) / sizeof(not_claimed[0]); i++) {
		text = not_claimed[i];
		equals = strchr(text, '=');
		if (equals == NULL || equals[1] == '\0' ||
		    strncmp(text, "HTTP_", 5) != 0)
			continue;
		if (client_identity_is_header(text + 5,
		    (size_t)(equals - text) - 5))
			fail_msg("%s: taken for one", text + 5);
	}
	assert_false(client_identity_is_header("", 0));
	assert_false(client_identity_is_header("AUTHGEAR_FORGED_IDENTITY",
	    24));
	assert_true(client_identity_is_header("remote-user: x", 11));
	assert_false(client_identity_is_header("remote-user", 10));
}

/* A proxy behind us would take away what Connection lists. */
static void
test_listed(void **state)
{
	static const struct {
		const char *param;
		int is_claim;
	} rows[] = {
		{ "HTTP_CONNECTION=X-Authgear-User-Id", 1 },
		{ "HTTP_CONNECTION=close, x-authgear-user-id", 1 },
		{ "HTTP_CONNECTION=Remote-User,upgrade", 1 },
		{ "HTTP_CONNECTION=,,\t x_remote_user \t,", 1 },
		{ "http_connection=keep-alive,X-Forwarded-User", 1 },
		{ "HTTP_CONNECTION=", 0 },
		{ "HTTP_CONNECTION=keep-alive", 0 },
		{ "HTTP_CONNECTION=Upgrade, HTTP2-Settings", 0 },
		{ "HTTP_CONNECTION=X-Authgear", 0 },
		{ "HTTP_CONNECTION=X-Authgear- User-Ids Remote-Users", 1 },
		{ "HTTP_CONNECTION=Remote-Users", 0 },
		{ "HTTP_CONNECTION=close; Remote-User", 0 },
		{ "HTTP_CONNECTIONS=Remote-User", 0 },
		{ "HTTP_PROXY_CONNECTION=Remote-User", 0 },
		{ "CONNECTION=Remote-User", 0 },
	};
	const char *value;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((ask(rows[i].param, "A=b") != NULL) != rows[i].is_claim)
			fail_msg("%s", rows[i].param);
		value = strchr(rows[i].param, '=') + 1;
		if (strncasecmp(rows[i].param, "HTTP_CONNECTION=", 16) == 0 &&
		    client_identity_is_listed(value, strlen(value)) !=
		    rows[i].is_claim)
			fail_msg("%s: as a header", rows[i].param);
	}
	assert_false(client_identity_is_listed("Remote-User", 10));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claimed),
		cmocka_unit_test(test_not_claimed),
		cmocka_unit_test(test_listed),
		cmocka_unit_test(test_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
