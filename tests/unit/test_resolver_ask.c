/* The request to the resolver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>

#include "facts/resolver.h"

#define URL "http://127.0.0.1:3001/_resolver/resolve"
#define OPAQUE "abcdefghijklmnopqrstuvwxyz012345"
#define UUID "a5a97625-40ac-4d85-9207-0ad798b5a68f"

static const char *
sent(const struct exchange *exchange, const char *name)
{
	const char *value = NULL;
	size_t i;

	for (i = 0; i < exchange->header_count; i++) {
		if (strcasecmp(exchange->headers[i].name, name) != 0)
			continue;
		assert_null(value);
		value = exchange->headers[i].value;
	}
	return value;
}

static void
requests(void **state)
{
	static const struct {
		enum credential_kind kind;
		const char *text, *prefix, *name, *value;
	} cases[] = {
		{ CREDENTIAL_OPAQUE_TOKEN, OPAQUE, "p_", "Authorization",
		    "Bearer " OPAQUE },
		{ CREDENTIAL_JWT, "eyJh.eyJi.c", "p_", "Authorization",
		    "Bearer eyJh.eyJi.c" },
		{ CREDENTIAL_APP_SESSION, OPAQUE, "", "Cookie",
		    "app_session=" OPAQUE },
		{ CREDENTIAL_APP_SESSION, OPAQUE, "p_", "Cookie",
		    "p_app_session=" OPAQUE },
		{ CREDENTIAL_SESSION_COOKIE, UUID "." OPAQUE, "", "Cookie",
		    "session=" UUID "." OPAQUE },
		{ CREDENTIAL_SESSION_COOKIE, UUID "." OPAQUE, "my-", "Cookie",
		    "my-session=" UUID "." OPAQUE },
	};
	struct credential credential = { .kind = CREDENTIAL_NONE };
	struct exchange *exchange;
	const char *value;
	char text[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "%s", cases[i].text);
		credential.kind = cases[i].kind;
		credential.text = text;
		credential.len = strlen(text);
		exchange = resolver_ask(URL, "https://a.example:8443",
		    cases[i].prefix, &credential);
		assert_non_null(exchange);
		assert_string_equal(exchange->url, URL);
		assert_int_equal(exchange->max_body, RESOLVER_MAX_BODY);
		assert_string_equal(exchange->keep[0], "x-authgear-");
		assert_int_equal(exchange->header_count, 5);
		assert_string_equal(sent(exchange, "Host"), "a.example:8443");
		assert_string_equal(sent(exchange, "X-Forwarded-Host"),
		    "a.example:8443");
		assert_string_equal(sent(exchange, "X-Forwarded-Proto"),
		    "https");
		assert_non_null(sent(exchange, "Accept"));
		value = sent(exchange, cases[i].name);
		if (value == NULL || strcmp(value, cases[i].value) != 0)
			fail_msg("%s: %s, wanted %s", cases[i].name,
			    value != NULL ? value : "none", cases[i].value);
		exchange_free(exchange);
	}
}

static void
requests_not_made(void **state)
{
	struct credential credential = { .kind = CREDENTIAL_NONE };
	char text[128] = OPAQUE, *huge;
	struct exchange *exchange;

	(void)state;
	assert_null(resolver_ask(URL, "https://a", "", &credential));
	credential.text = text;
	assert_null(resolver_ask(URL, "https://a", "", &credential));
	credential.kind = CREDENTIAL_OPAQUE_TOKEN;
	assert_null(resolver_ask(URL, "a.example", "", &credential));
	assert_null(resolver_ask(URL, "gopher://a", "", &credential));
	exchange = resolver_ask(URL, "http://localhost:3000", "",
	    &credential);
	assert_string_equal(sent(exchange, "X-Forwarded-Proto"), "http");
	assert_string_equal(sent(exchange, "Host"), "localhost:3000");
	exchange_free(exchange);
	text[3] = '\n';
	assert_null(resolver_ask(URL, "https://a", "", &credential));
	credential.kind = CREDENTIAL_SESSION_COOKIE;
	assert_null(resolver_ask(URL, "https://a", "", &credential));
	huge = calloc(1, 65537);
	memset(huge, 'a', 65536);
	credential.text = huge;
	assert_null(resolver_ask(URL, "https://a", "", &credential));
	huge[49152] = '\0';	/* the longest of the settings */
	exchange = resolver_ask(URL, "https://a", "", &credential);
	assert_non_null(exchange);
	exchange_free(exchange);
	free(huge);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(requests_not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
