#include "admin/doctor_authgear.h"

#include <stdlib.h>
#include <string.h>

#include "admin/authgear_time.h"
#include "admin/child.h"
#include "face/json_print.h"
#include "facts/jwks.h"
#include "facts/metadata.h"
#include "transport/clock.h"
#include "transport/http.h"
#include "transport/http_library.h"

/* What the child tells. */
struct told {
	const struct settings *settings;
	int has_metadata;
	int64_t keys;		/* that serve; -1: not told */
	int64_t left_out;
};

static struct exchange *
fetch(struct http *http, const struct settings *settings, const char *url,
    size_t max, struct error *error)
{
	struct exchange *exchange = exchange_new(url, max);

	if (exchange == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	http_perform(http, exchange, (int64_t)settings->total_timeout * 1000);
	if (exchange->outcome == EXCHANGE_ANSWERED && exchange->status == 200)
		return exchange;
	if (exchange->outcome == EXCHANGE_ANSWERED)
		error_set(error, "%s answers with status %d", url,
		    exchange->status);
	else
		error_set(error, "%s: %s", url, error_text(&exchange->error));
	exchange_free(exchange);
	return NULL;
}

static int
tell_keys(struct http *http, const struct settings *settings,
    const char *url, FILE *out, struct error *error)
{
	struct exchange *exchange;
	struct jwks *jwks;

	exchange = fetch(http, settings, url, JWKS_MAX_TEXT, error);
	if (exchange == NULL)
		return -1;
	jwks = jwks_parse(exchange->body.data, exchange->body.len, error);
	if (jwks != NULL)
		(void)fprintf(out, "{\"keys\":%zu,\"left_out\":%zu}\n",
		    jwks_count(jwks), jwks_flaw_count(jwks));
	exchange_free(exchange);
	jwks_free(jwks);
	return jwks != NULL ? 0 : -1;
}

static int
tell(struct http *http, const struct settings *settings, FILE *out,
    struct error *error)
{
	char url[SETTINGS_MAX_VALUE + sizeof(METADATA_PATH)];
	struct metadata metadata;
	struct exchange *exchange;
	int ret = -1;

	(void)snprintf(url, sizeof(url), "%s%s", settings->endpoint,
	    METADATA_PATH);
	exchange = fetch(http, settings, url, METADATA_MAX_TEXT, error);
	if (exchange == NULL)
		return -1;
	if (metadata_parse(&metadata, exchange->body.data, exchange->body.len,
	    settings->endpoint, error) == 0) {
		json_print_text(out, "{\"issuer\":", metadata.issuer);
		(void)fputs("}\n", out);
		ret = tell_keys(http, settings, metadata.jwks_uri, out,
		    error);
		metadata_clear(&metadata);
	}
	exchange_free(exchange);
	return ret;
}

static int
work(void *context, FILE *out, struct error *error)
{
	const struct told *told = context;
	struct http *http;
	int ret;

	if (http_library_init() == -1) {
		error_set(error, "the HTTP library does not start");
		return -1;
	}
	http = http_new(told->settings, error);
	if (http == NULL)
		return -1;
	ret = tell(http, told->settings, out, error);
	http_free(http);
	return ret;
}

static int
take(void *context, const struct json *line, struct error *error)
{
	struct told *told = context;
	const char *issuer;

	if (json_find_string(line, "issuer", &issuer) == JSON_FOUND) {
		told->has_metadata = 1;
		return 0;
	}
	if (json_find_seconds(line, "keys", &told->keys) == JSON_FOUND &&
	    json_find_seconds(line, "left_out", &told->left_out) ==
	    JSON_FOUND)
		return 0;
	return child_lines_are_odd(error);
}

static void
say_keys(struct doctor *doctor, const struct told *told)
{
	if (told->keys == 0)
		doctor_say(doctor, DOCTOR_BAD, "keys", "look at "
		    "'authgear-cache list keys', and at Authgear's keys",
		    "none of the %lld that Authgear tells can serve",
		    (long long)told->left_out);
	else if (told->left_out > 0)
		doctor_say(doctor, DOCTOR_BAD, "keys", "look at "
		    "'authgear-cache list keys'", "%lld serve, and %lld are "
		    "left out", (long long)told->keys,
		    (long long)told->left_out);
	else
		doctor_say(doctor, DOCTOR_GOOD, "keys", NULL, "%lld serve",
		    (long long)told->keys);
}

/* 0 if it is there. */
static int
look_at_documents(struct doctor *doctor)
{
	struct told told = { .settings = doctor->settings, .keys = -1 };
	const struct child child = {
		.state = doctor->settings->state,
		.what = "",
		.silence_ms = (int64_t)told.settings->total_timeout * 2000,
		.context = &told,
		.work = work,
		.take = take
	};
	struct error error = { "" };
	const int failed = child_run(&child, &error);

	if (told.has_metadata)
		doctor_say(doctor, DOCTOR_GOOD, "authgear", NULL,
		    "answers, and is %s", told.settings->endpoint);
	else
		doctor_say(doctor, DOCTOR_BAD, "authgear", "look at endpoint, "
		    "ca_file and proxy in the settings, and at the network",
		    "%s", error_text(&error));
	if (!failed && told.keys != -1)
		say_keys(doctor, &told);
	else if (told.has_metadata)
		doctor_say(doctor, DOCTOR_BAD, "keys", "look at Authgear's "
		    "jwks_uri", "%s", error_text(&error));
	return told.has_metadata ? 0 : -1;
}

static void
look_at_clock(struct doctor *doctor)
{
	struct error error = { "" };
	struct moment now;
	int64_t theirs, off;

	if (authgear_time(doctor->settings, &theirs, &error) == -1 ||
	    clock_now(&now) == -1) {
		doctor_say(doctor, DOCTOR_UNKNOWN, "clock", NULL, "%s",
		    error_text(&error));
		return;
	}
	off = now.wall - theirs;
	/* a second is what a Date does not tell */
	if (llabs(off) > doctor->settings->leeway + 1)
		doctor_say(doctor, DOCTOR_BAD, "clock", "set it: 'timedatectl "
		    "set-ntp true'", "it is %lld s %s Authgear's, and leeway "
		    "is %d s", llabs(off), off > 0 ? "ahead of" : "behind",
		    doctor->settings->leeway);
	else
		doctor_say(doctor, DOCTOR_GOOD, "clock", NULL, "within %lld s "
		    "of Authgear's", llabs(off));
}

void
doctor_authgear(struct doctor *doctor)
{
	if (doctor->user == DOCTOR_USER_UNKNOWN)
		doctor_say(doctor, DOCTOR_UNKNOWN, "authgear, clock", "mend "
		    "the state first", "Authgear is asked by the daemon's "
		    "user, which is not known");
	else if (look_at_documents(doctor) == 0)
		look_at_clock(doctor);
	else
		doctor_say(doctor, DOCTOR_UNKNOWN, "clock", NULL,
		    "Authgear does not tell its time");
}
