/* The one credential of a request, or why it is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "facts/shape.h"
#include "web/web_credential.h"

#define RANDOM "IY73tucWDUyBWEFTvRiOHNth4qZVw0IQ"
#define OTHER_RANDOM "TsRKTrQa2spJUUqsgmNmsu1m2vWZatgC"
#define SESSION "5b638068-ef1b-4284-ab62-c704add66cc1." RANDOM
#define OTHER_SESSION "3f8ef27f-fde6-4f13-95fa-b7314f795a2b." RANDOM
#define JWT "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
#define OTHER_JWT "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ5In0.c2lnbmF0dXJl"
#define FLASK "eyJfZnJlc2giOmZhbHNlfQ.ZTxK5A.L8n6cPz3Yy5o2cVZ0cWq8o0bY1M"

#define MAX_CREDENTIAL 200	/* bytes */

struct row {
	const char *authorization;
	const char *cookie;
	const char *text;		/* of the credential; NULL: none */
	enum credential_kind kind;
	enum reason reason;		/* of a refusal; 0: none */
};

/* A row is told by what was sent. */
static void
fail_row(const struct row *row, const char *got)
{
	fail_msg("Authorization \"%s\", Cookie \"%s\": %s",
	    row->authorization != NULL ? row->authorization : "",
	    row->cookie != NULL ? row->cookie : "", got);
}

static void
check(const struct row *rows, size_t count, const char *prefix)
{
	const struct web_credential_rules rules = {
	    .max_credential = MAX_CREDENTIAL, .cookie_prefix = prefix };
	struct credential credential;
	enum reason reason;
	size_t i;
	int ret;

	for (i = 0; i < count; i++) {
		ret = web_credential_find(&credential, &rules,
		    rows[i].authorization, rows[i].cookie, &reason, NULL);
		if (ret != (rows[i].reason == 0 ? 0 : -1) ||
		    credential.kind != rows[i].kind)
			fail_row(&rows[i], credential_kind_name(
			    credential.kind));
		if (rows[i].text == NULL) {
			if (reason != rows[i].reason)
				fail_row(&rows[i], reason_name(reason));
			assert_null(credential.text);
			assert_int_equal(credential.len, 0);
		} else {
			if (strcmp(credential.text, rows[i].text) != 0)
				fail_row(&rows[i], credential.text);
			assert_int_equal(credential.len,
			    strlen(rows[i].text));
			assert_int_equal(strlen(credential.hash), 64);
		}
		credential_clear(&credential);
		assert_null(credential.text);
		credential_clear(&credential);
	}
}

#define CHECK(rows, prefix) check(rows, sizeof(rows) / sizeof(*(rows)), prefix)

static void
good_bearers(void **state)
{
	static const struct row rows[] = {
		{ "Bearer " JWT, NULL, JWT, CREDENTIAL_JWT, 0 },
		{ "bearer " JWT, NULL, JWT, CREDENTIAL_JWT, 0 },
		{ "BEARER " JWT, "", JWT, CREDENTIAL_JWT, 0 },
		{ "Bearer " RANDOM, NULL, RANDOM, CREDENTIAL_OPAQUE_TOKEN,
		    0 },
		/* what JWT it is, the parser says */
		{ "Bearer a.b.c", NULL, "a.b.c", CREDENTIAL_JWT, 0 },
		{ "Bearer ..", NULL, "..", CREDENTIAL_JWT, 0 },
		/* and then only it */
		{ "Bearer " JWT, "session=" SESSION, JWT, CREDENTIAL_JWT, 0 },
		{ "Bearer " JWT, "app_session=" RANDOM, JWT, CREDENTIAL_JWT,
		    0 },
	};

	(void)state;
	CHECK(rows, "");
}

static void
bad_bearers(void **state)
{
#define BAD(header, why) { header, "session=" SESSION, NULL, 0, why }
	static const struct row rows[] = {
		/* nothing there */
		BAD("Bearer", REASON_MALFORMED),
		BAD("Bearer ", REASON_MALFORMED),
		BAD("Bearer  ", REASON_MALFORMED),
		BAD(" ", REASON_MALFORMED),
		/* spaces, tabs */
		BAD("Bearer  " JWT, REASON_MALFORMED),
		BAD("Bearer " JWT " ", REASON_MALFORMED),
		BAD("Bearer " JWT "\t", REASON_MALFORMED),
		BAD("Bearer\t" JWT, REASON_MALFORMED),
		BAD("Bearer \t" JWT, REASON_MALFORMED),
		BAD(" Bearer " JWT, REASON_MALFORMED),
		BAD("\tBearer " JWT, REASON_MALFORMED),
		BAD("Bearer " JWT " " JWT, REASON_MALFORMED),
		BAD("Bearer Bearer " JWT, REASON_MALFORMED),
		/* commas: two headers that were joined */
		BAD("Bearer " JWT ", Bearer " JWT, REASON_MALFORMED),
		BAD("Bearer " JWT ",Bearer " OTHER_JWT, REASON_MALFORMED),
		BAD("Bearer " JWT ",", REASON_MALFORMED),
		BAD(",Bearer " JWT, REASON_MALFORMED),
		BAD("Bearer ," JWT, REASON_MALFORMED),
		BAD("Basic dXNlcjpw, Bearer " JWT, REASON_MALFORMED),
		BAD("Bearer " JWT ", Basic dXNlcjpw", REASON_MALFORMED),
		BAD("Digest username=\"a\", Bearer " JWT, REASON_MALFORMED),
		/* control bytes, whatever the scheme */
		BAD("Bearer " JWT "\r\n", REASON_MALFORMED),
		BAD("Bearer \x01" JWT, REASON_MALFORMED),
		BAD("Bearer " JWT "\x7f", REASON_MALFORMED),
		BAD("Basic dXNl\ncjpw", REASON_MALFORMED),
		BAD("Basic dXNl\x7f" "cjpw", REASON_MALFORMED),
		/* no scheme, or something that looks like the right one */
		BAD("Bearer:" JWT, REASON_MALFORMED),
		BAD("Bearer=" JWT, REASON_MALFORMED),
		BAD("Bearer\"" JWT "\"", REASON_MALFORMED),
		BAD("\"Bearer\" " JWT, REASON_MALFORMED),
		BAD("B\xc3\xa9" "arer " JWT, REASON_MALFORMED),
		BAD("=", REASON_MALFORMED),
		/* not credential-shaped */
		BAD("Bearer x", REASON_MALFORMED),
		BAD("Bearer \"" JWT "\"", REASON_MALFORMED),
		BAD("Bearer " JWT "=", REASON_MALFORMED),
		BAD("Bearer " JWT "==", REASON_MALFORMED),
		BAD("Bearer " JWT "+/", REASON_MALFORMED),
		BAD("Bearer " JWT ";x", REASON_MALFORMED),
		BAD("Bearer " JWT "%00", REASON_MALFORMED),
		BAD("Bearer " JWT "\xc3\xa9", REASON_MALFORMED),
		BAD("Bearer " JWT ".x", REASON_MALFORMED),
		BAD("Bearer a.b.c.d.e", REASON_MALFORMED),
		BAD("Bearer " RANDOM "x", REASON_MALFORMED),
		BAD("Bearer IY73tucWDUyBWEFTvRiOHNth4qZVw0I",
		    REASON_MALFORMED),
		BAD("Bearer IY73tucWDUyBWEFTvRiOHNth4qZVw0I-",
		    REASON_MALFORMED),
		BAD("Bearer null", REASON_MALFORMED),
		/* a JWT that was cut */
		BAD("Bearer eyJ", REASON_TRUNCATED),
		BAD("Bearer eyJhbGciOiJSUzI1NiJ9", REASON_TRUNCATED),
		BAD("Bearer eyJhbGciOiJSUzI1NiJ9.", REASON_TRUNCATED),
		BAD("Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIi", REASON_TRUNCATED),
		/* a refresh token has the shape of a session cookie */
		BAD("Bearer " SESSION, REASON_WRONG_TYPE),
		BAD("bearer " OTHER_SESSION, REASON_WRONG_TYPE),
		BAD("Bearer 5B638068-EF1B-4284-AB62-C704ADD66CC1." RANDOM,
		    REASON_WRONG_TYPE),
		BAD("Bearer 5b638068xef1b-4284-ab62-c704add66cc1." RANDOM,
		    REASON_MALFORMED),
		BAD("Bearer 5b638068-ef1b-4284-ab62-c704add66cc1-" RANDOM,
		    REASON_MALFORMED),
		BAD("Bearer 5b638068-ef1b-4284-ab62-c704add66ccg." RANDOM,
		    REASON_MALFORMED),
	};

	(void)state;
	CHECK(rows, "");
}

static void
other_schemes_are_as_if_absent(void **state)
{
	static const struct row rows[] = {
		{ NULL, NULL, NULL, 0, 0 },
		{ "", NULL, NULL, 0, 0 },
		{ "", "", NULL, 0, 0 },
		{ "Basic dXNlcjpw", NULL, NULL, 0, 0 },
		{ "Basic", NULL, NULL, 0, 0 },
		{ "DPoP " JWT, NULL, NULL, 0, 0 },
		{ "Bearertoken " JWT, NULL, NULL, 0, 0 },
		{ "Beare " JWT, NULL, NULL, 0, 0 },
		{ JWT, NULL, NULL, 0, 0 },
		{ "Basic dXNlcjpw", "session=" SESSION, SESSION,
		    CREDENTIAL_SESSION_COOKIE, 0 },
		{ "", "session=" SESSION, SESSION,
		    CREDENTIAL_SESSION_COOKIE, 0 },
	};

	(void)state;
	CHECK(rows, "");
}

/* The words about what is too long, by its carrier (-1: a password). */
static void
too_long(const char *before, const char *token, int is_cookie)
{
	const struct web_credential_rules rules = {
	    .max_credential = MAX_CREDENTIAL, .cookie_prefix = "" };
	struct credential credential;
	struct error error = { "" };
	enum reason reason;
	char header[32 + MAX_CREDENTIAL];

	snprintf(header, sizeof(header), "%s%s", before, token);
	assert_int_equal(is_cookie == -1 ? credential_from_password(
	    &credential, token, strlen(token), MAX_CREDENTIAL, &reason,
	    &error) : web_credential_find(&credential, &rules, is_cookie ?
	    NULL : header, is_cookie ? header : NULL, &reason, &error), -1);
	assert_int_equal(reason, REASON_OVER_LIMIT);
	assert_string_equal(error.text, "the credential has 201 bytes, and "
	    "200 is the most (max_credential)");
}

static void
length_is_limited(void **state)
{
	char header[7 + MAX_CREDENTIAL + 2], cookie[32 + MAX_CREDENTIAL];
	char token[MAX_CREDENTIAL + 2];
	const struct row good[] = {
		{ header, NULL, token, CREDENTIAL_JWT, 0 },
		{ NULL, cookie, token, CREDENTIAL_JWT, 0 },
	};
	const struct row bad[] = {
		{ header, NULL, NULL, 0, REASON_OVER_LIMIT },
		{ NULL, cookie, NULL, 0, REASON_OVER_LIMIT },
	};

	(void)state;
	memset(token, 'x', sizeof(token));
	token[3] = token[6] = '.';
	token[MAX_CREDENTIAL] = '\0';
	snprintf(header, sizeof(header), "Bearer %s", token);
	snprintf(cookie, sizeof(cookie), "app_access_token=%s", token);
	CHECK(good, "");
	token[MAX_CREDENTIAL] = 'x';
	token[MAX_CREDENTIAL + 1] = '\0';
	snprintf(header, sizeof(header), "Bearer %s", token);
	snprintf(cookie, sizeof(cookie), "app_access_token=%s", token);
	CHECK(bad, "");
	too_long("Bearer ", token, 0);
	too_long("app_access_token=", token, 1);
	too_long("", token, -1);
}

static void
cookies(void **state)
{
#define NONE(header) { NULL, header, NULL, 0, 0 }
#define TWO(header) { NULL, header, NULL, 0, REASON_MALFORMED }
#define ONE(header, text, kind) { NULL, header, text, CREDENTIAL_##kind, 0 }
	static const struct row rows[] = {
		ONE("session=" SESSION, SESSION, SESSION_COOKIE),
		ONE("app_session=" RANDOM, RANDOM, APP_SESSION),
		ONE("app_access_token=" RANDOM, RANDOM, OPAQUE_TOKEN),
		ONE("app_access_token=" JWT, JWT, JWT),
		/* among others, with blanks, with quotes */
		ONE("a=b; session=" SESSION "; c=d", SESSION, SESSION_COOKIE),
		ONE("a;b;session=" SESSION ";", SESSION, SESSION_COOKIE),
		ONE(";; ;session = " SESSION " ; ;", SESSION, SESSION_COOKIE),
		ONE("session=\"" SESSION "\"", SESSION, SESSION_COOKIE),
		NONE("session=\"\"" SESSION "\"\""),
		NONE("session=\"" SESSION),
		NONE("session=" SESSION "\""),
		NONE("session=\""),
		NONE("session=\"\""),
		NONE("session='" SESSION "'"),
		/* the first name wins, wherever it stands */
		ONE("session=" SESSION "; app_access_token=" JWT
		    "; app_session=" RANDOM, RANDOM, APP_SESSION),
		ONE("session=" SESSION "; app_access_token=" JWT, JWT, JWT),
		/* two Cookie lines that Apache joined */
		ONE("a=b, session=" SESSION, SESSION, SESSION_COOKIE),
		ONE("session=" SESSION ", a=b", SESSION, SESSION_COOKIE),
		ONE("a=1,2, b=3; c=4, session=" SESSION, SESSION,
		    SESSION_COOKIE),
		NONE("a=1,session=" SESSION),
		NONE("a=1,2 session=" SESSION),
		ONE("a=1,2,,3,; session=" SESSION, SESSION, SESSION_COOKIE),
		ONE("session=" SESSION "\t ;a=b", SESSION, SESSION_COOKIE),
		ONE("session=" SESSION " \t", SESSION, SESSION_COOKIE),
		NONE("session=" SESSION ",a=b"),
		/* another application's cookie of that name */
		NONE("session=" FLASK),
		NONE("session=" RANDOM),
		NONE("session=" JWT),
		NONE("session=x"),
		NONE("session="),
		NONE("session"),
		NONE("app_session=" SESSION),
		NONE("app_session=" JWT),
		NONE("app_access_token=" SESSION),
		NONE("app_access_token=eyJhbGciOiJSUzI1NiJ9"),
		NONE("app_access_token=a.b.c.d"),
		ONE("session=" FLASK "; session=" SESSION, SESSION,
		    SESSION_COOKIE),
		ONE("session=" SESSION "; session=" FLASK, SESSION,
		    SESSION_COOKIE),
		ONE("app_session=x; app_access_token=" JWT, JWT, JWT),
		/* other names */
		NONE("Session=" SESSION),
		NONE("xsession=" SESSION),
		NONE("session2=" SESSION),
		NONE("__Host-session=" SESSION),
		NONE("=" SESSION),
		NONE(SESSION),
		NONE(""),
		NONE("="),
		NONE(";"),
		NONE(","),
		NONE(", "),
		NONE("a=\"; session=\"x"),
		/* two values of one name */
		ONE("session=" SESSION "; session=" SESSION, SESSION,
		    SESSION_COOKIE),
		ONE("session=" SESSION "; session=\"" SESSION "\"", SESSION,
		    SESSION_COOKIE),
		TWO("session=" SESSION "; session=" OTHER_SESSION),
		TWO("session=" SESSION ", session=" OTHER_SESSION),
		TWO("app_session=" RANDOM "; app_session=" OTHER_RANDOM),
		TWO("app_access_token=" JWT "; app_access_token=" OTHER_JWT),
		TWO("app_access_token=" JWT "; app_access_token=" RANDOM),
		TWO("app_session=" RANDOM "; session=" SESSION "; session="
		    OTHER_SESSION),
		/* bytes that no cookie of ours has */
		NONE("session=" SESSION "\x01"),
		NONE("session=\x80" SESSION),
		NONE("session=5b638068-ef1b-4284-ab62-c704add66cc1."
		    "IY73tucWDUyBWEFTvRiOHNth4qZVw0I\xc3"),
	};

	(void)state;
	CHECK(rows, "");
}

static void
cookies_with_a_prefix(void **state)
{
	static const struct row rows[] = {
		ONE("my_session=" SESSION, SESSION, SESSION_COOKIE),
		ONE("my_app_access_token=" JWT, JWT, JWT),
		ONE("my_session=" SESSION "; session=" OTHER_SESSION, SESSION,
		    SESSION_COOKIE),
		NONE("session=" SESSION),
		NONE("my_=" SESSION),
		NONE("my_my_session=" SESSION),
		NONE("MY_session=" SESSION),
		NONE("m=" SESSION),
	};

	(void)state;
	CHECK(rows, "my_");
}

static void
refused_ones_have_a_hash(void **state)
{
	const struct web_credential_rules rules = {
	    .max_credential = MAX_CREDENTIAL, .cookie_prefix = "" };
	struct credential credential;
	enum reason reason;

	(void)state;
	assert_int_equal(web_credential_find(&credential, &rules,
	    "Bearer " SESSION, NULL, &reason, NULL), -1);
	assert_int_equal(strlen(credential.hash), 64);
	credential_clear(&credential);
	/* SHA-256 of "abc" as in FIPS 180-4 */
	assert_int_equal(web_credential_find(&credential, &rules,
	    "Bearer abc", NULL, &reason, NULL), -1);
	assert_string_equal(credential.hash, "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	credential_clear(&credential);
}

static void
encode(const unsigned char *plain, size_t len, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/=";
	unsigned long bits;
	size_t i, k;

	for (i = 0; i < len; i += 3) {
		for (k = 0, bits = 0; k < 3; k++)
			bits = bits << 8 | (i + k < len ? plain[i + k] : 0);
		for (k = 0; k < 4; k++)
			*out++ = digits[i + k > len ? 64 :
			    bits >> (18 - 6 * k) & 0x3f];
	}
	*out = '\0';
}

/* A name of so many bytes and the password: 0, or the reason. */
static enum reason
basic_of(const struct web_credential_rules *rules, int name,
    const char *password)
{
	char plain[1024], header[2 * sizeof(plain)] = "Basic ";
	struct credential credential;
	struct error error = { "" };
	enum reason reason = 0;
	int ret, len = snprintf(plain, sizeof(plain), "%0*d:%s", name, 0,
	    password);

	assert_in_range(len, 1, sizeof(plain) - 1);
	encode((unsigned char *)plain, (size_t)len, header + strlen(header));
	ret = web_credential_find(&credential, rules, header, NULL, &reason,
	    &error);
	assert_int_equal(error.text[0] != '\0', reason == REASON_OVER_LIMIT);
	credential_clear(&credential);
	return ret == 0 ? 0 : reason;
}

static void
basic(void **state)
{
	static const struct {
		const char *authorization;
		const char *account;	/* NULL: refused */
		enum credential_kind kind;
		enum reason reason;
	} rows[] = {
		{ "Basic YWxpY2U6SVk3M3R1Y1dEVXlCV0VGVHZSaU9ITnRoNHFaVncwSVE=",
		    "alice", CREDENTIAL_OPAQUE_TOKEN, 0 },
		{ "bAsIc OklZNzN0dWNXRFV5QldFRlR2UmlPSE50aDRxWlZ3MElR", "",
		    CREDENTIAL_OPAQUE_TOKEN, 0 },
		/* a session cookie's or refresh token's shape */
		{ "Basic YTo1YjYzODA2OC1lZjFiLTQyODQtYWI2Mi1jNzA0YWRkNjZjYzEu"
		    "SVk3M3R1Y1dEVXlCV0VGVHZSaU9ITnRoNHFaVncwSVE=", NULL, 0,
		    REASON_WRONG_TYPE },
		{ "Basic YWxpY2U6c2VjcmV0", NULL, 0, REASON_MALFORMED },
		{ "Basic YWxpY2U6", NULL, 0, REASON_MALFORMED },
		{ "Basic YWxpY2U=", NULL, 0, REASON_MALFORMED },
		{ "Basic ", NULL, 0, REASON_MALFORMED },
		{ "Basic", NULL, 0, REASON_MALFORMED },
		{ "Basic  YWxpY2U6SVk3M3R1Y1dEVXlCV0VGVHZSaU9ITnRoNHFaVncwSVE"
		    "=", NULL, 0, REASON_MALFORMED },
		{ "Basic YWxpY2U6SVk3M3R1Y1dEVXlCV0VGVHZSaU9ITnRoNHFaVncwSVE",
		    NULL, 0, REASON_MALFORMED },
		{ "Basic YWxpY2U6SVk3M3R1Y1dEVXlCV0VGVHZSaU9ITnRoNHFaVncwSVE"
		    "==", NULL, 0, REASON_MALFORMED },
		{ "Basic !!!!", NULL, 0, REASON_MALFORMED },
		{ "Basic ====", NULL, 0, REASON_MALFORMED },
		/* a NUL and a line end in the name */
		{ "Basic YQBiOklZNzN0dWNXRFV5QldFRlR2UmlPSE50aDRxWlZ3MElR",
		    NULL, 0, REASON_MALFORMED },
		{ "Basic YQpiOklZNzN0dWNXRFV5QldFRlR2UmlPSE50aDRxWlZ3MElR",
		    NULL, 0, REASON_MALFORMED },
	};
	struct web_credential_rules rules = { .max_credential = MAX_CREDENTIAL,
	    .cookie_prefix = "", .accept_basic = 1 };
	char longest[MAX_CREDENTIAL + 1 + 1];
	struct credential credential;
	enum reason reason;
	size_t i;
	int ret;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* a cookie never helps */
		ret = web_credential_find(&credential, &rules,
		    rows[i].authorization, "session=" SESSION, &reason, NULL);
		if ((ret == 0) != (rows[i].account != NULL) ||
		    credential.kind != rows[i].kind ||
		    (ret == 0 && strcmp(credential.account,
		    rows[i].account) != 0) ||
		    (ret != 0 && reason != rows[i].reason))
			fail_msg("%s: %d, %s", rows[i].authorization, ret,
			    reason_name(reason));
		credential_clear(&credential);
		assert_null(credential.account);
	}
	/* a name of 256 bytes, and a password of too many */
	assert_int_equal(basic_of(&rules, 255, RANDOM), 0);
	assert_int_equal(basic_of(&rules, 256, RANDOM), REASON_OVER_LIMIT);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(basic_of(&rules, 5, longest), REASON_OVER_LIMIT);
	rules.accept_basic = 0;
	assert_int_equal(web_credential_find(&credential, &rules,
	    rows[0].authorization, NULL, &reason, NULL), 0);
	assert_int_equal(credential.kind, CREDENTIAL_NONE);
}

/* What is typed: by its shape alone. */
static void
passwords(void **state)
{
	static const struct {
		const char *text;
		enum credential_kind kind;
		enum reason reason;
	} rows[] = {
		{ RANDOM, CREDENTIAL_OPAQUE_TOKEN, 0 },
		{ SESSION, CREDENTIAL_SESSION_COOKIE, 0 },
		{ "eyJh.eyJz.c2ln", CREDENTIAL_JWT, 0 },
		{ "", CREDENTIAL_NONE, REASON_MALFORMED },
		{ "correct horse", CREDENTIAL_NONE, REASON_MALFORMED },
		{ RANDOM "x", CREDENTIAL_NONE, REASON_MALFORMED },
		{ RANDOM " ", CREDENTIAL_NONE, REASON_MALFORMED },
		{ "Bearer " RANDOM, CREDENTIAL_NONE, REASON_MALFORMED },
		{ "session=" SESSION, CREDENTIAL_NONE, REASON_MALFORMED },
		{ "a.b.c.d", CREDENTIAL_NONE, REASON_MALFORMED },
		{ "eyJhbGciOiJSUzI1NiJ9.eyJz", CREDENTIAL_NONE,
		    REASON_TRUNCATED },
	};
	struct credential credential;
	enum reason reason;
	size_t i, len;
	int ret;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		len = strlen(rows[i].text);
		ret = credential_from_password(&credential, rows[i].text, len,
		    MAX_CREDENTIAL, &reason, NULL);
		if (credential.kind != rows[i].kind ||
		    (ret == 0) != (rows[i].kind != CREDENTIAL_NONE) ||
		    (ret == 0 && strcmp(credential.text, rows[i].text) != 0) ||
		    (ret != 0 && reason != rows[i].reason) ||
		    (credential.hash[0] != '\0') != (len > 0))
			fail_msg("%s: %d, %s", rows[i].text, ret,
			    reason_name(reason));
		assert_null(credential.account);
		credential_clear(&credential);
		if (ret == 0)
			assert_int_equal(credential_from_password(&credential,
			    rows[i].text, len, len - 1, &reason, NULL), -1);
	}
}

/* A name with two dots is one; a credential is found in what is around it. */
static void
names(void **state)
{
	static const char *const plain[] = { "", "alice", "john.f.kennedy",
	    "..", "correct.horse.battery", "ey.J.x",
	    "6c0e9b2e-2fa1-41d2-883f-0016d3cca427", "alice@ad.example",
	    "abcdefghijklmnopqrstuvwxyz01234" };
	static const char *const secret[] = { RANDOM, SESSION, RANDOM " ",
	    "x" RANDOM, "Bearer " RANDOM, "session=" SESSION,
	    "eyJh.eyJz.c2ln", "eyJhbGciOiJSUzI1NiJ9.eyJz" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (shape_is_in_name(plain[i]) != 0 ||
		    shape_of_typed(plain[i], strlen(plain[i])) != SHAPE_OTHER)
			fail_msg("%s", plain[i]);
	for (i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		if (shape_is_in_name(secret[i]) != 1)
			fail_msg("%s", secret[i]);
	assert_int_equal(shape_of_typed("eyJh.eyJz.c2ln", 14), SHAPE_JWT);
}

static void
kinds_have_names(void **state)
{
	(void)state;
	assert_string_equal(credential_kind_name(CREDENTIAL_NONE), "none");
	assert_string_equal(credential_kind_name(CREDENTIAL_JWT), "jwt");
	assert_string_equal(credential_kind_name(CREDENTIAL_OPAQUE_TOKEN),
	    "opaque-token");
	assert_string_equal(credential_kind_name(CREDENTIAL_APP_SESSION),
	    "app-session");
	assert_string_equal(credential_kind_name(CREDENTIAL_SESSION_COOKIE),
	    "session-cookie");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_bearers),
		cmocka_unit_test(bad_bearers),
		cmocka_unit_test(other_schemes_are_as_if_absent),
		cmocka_unit_test(length_is_limited),
		cmocka_unit_test(cookies),
		cmocka_unit_test(cookies_with_a_prefix),
		cmocka_unit_test(refused_ones_have_a_hash),
		cmocka_unit_test(basic),
		cmocka_unit_test(passwords),
		cmocka_unit_test(names),
		cmocka_unit_test(kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
