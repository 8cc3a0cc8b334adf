#include "admin/doctor_resolver.h"

#include <string.h>
#include <strings.h>

#include "admin/child.h"
#include "face/json_print.h"
#include "facts/resolver.h"
#include "transport/http.h"
#include "transport/http_library.h"

/* What the child does, and what it tells. */
struct asking {
	const struct settings *settings;
	const struct credential *credential;
	int64_t answer;		/* enum resolver_answer; -1: not told */
	struct error why;
};

static int
put(const struct asking *asking, struct http *http, FILE *out,
    struct error *error)
{
	const struct settings *settings = asking->settings;
	struct error why = { "" };
	struct exchange *exchange;
	struct facts facts;

	exchange = resolver_ask(settings->resolver_url, settings->endpoint,
	    settings->cookie_prefix, asking->credential);
	if (exchange == NULL) {
		error_set(error, "out of memory");
		return -1;
	}
	http_perform(http, exchange, (int64_t)settings->total_timeout * 1000);
	facts_init(&facts);
	(void)fprintf(out, "{\"answer\":%d",
	    (int)resolver_read(exchange, &facts, &why));
	json_print_text(out, ",\"why\":", why.text);
	(void)fputs("}\n", out);
	facts_clear(&facts);
	exchange_free(exchange);
	return 0;
}

static int
work(void *context, FILE *out, struct error *error)
{
	const struct asking *asking = context;
	struct http *http;
	int ret;

	if (http_library_init() == -1) {
		error_set(error, "the HTTP library does not start");
		return -1;
	}
	http = http_new(asking->settings, error);
	if (http == NULL)
		return -1;
	ret = put(asking, http, out, error);
	http_free(http);
	return ret;
}

static int
take(void *context, const struct json *line, struct error *error)
{
	struct asking *asking = context;
	const char *why;

	if (json_find_seconds(line, "answer", &asking->answer) != JSON_FOUND ||
	    json_find_string(line, "why", &why) != JSON_FOUND)
		return child_lines_are_odd(error);
	if (why[0] != '\0')
		error_set(&asking->why, "%s", why);
	return 0;
}

static void
say(struct doctor *doctor, const struct asking *asking)
{
	const char *url = asking->settings->resolver_url;
	const char *endpoint = asking->settings->endpoint;

	if (asking->answer == RESOLVER_LIVE)
		doctor_say(doctor, DOCTOR_GOOD, "resolver", NULL, "%s knows "
		    "the token, asked for %s", url, endpoint);
	else if (asking->answer == RESOLVER_NOT_LIVE ||
	    asking->answer == RESOLVER_ABSENT)
		doctor_say(doctor, DOCTOR_BAD, "resolver", "is the token "
		    "fresh? Else resolver_url is of another project than "
		    "endpoint, by whose name it is asked", "%s does not know "
		    "the session of this token, asked for %s", url, endpoint);
	else if (asking->answer == RESOLVER_LOCAL_FAULT)
		doctor_say(doctor, DOCTOR_UNKNOWN, "resolver", NULL, "%s",
		    error_text(&asking->why));
	else
		doctor_say(doctor, DOCTOR_BAD, "resolver", "set resolver_url "
		    "to Authgear's resolver, see authgear.conf(5)", "%s: %s",
		    url, error_text(&asking->why));
}

static void
ask(struct doctor *doctor, const struct credential *credential)
{
	struct asking asking = { .settings = doctor->settings,
	    .credential = credential, .answer = -1 };
	const struct child child = {
		.state = doctor->settings->state,
		.what = "",
		.silence_ms = (int64_t)asking.settings->total_timeout * 1000,
		.context = &asking,
		.work = work,
		.take = take
	};
	struct error error = { "" };

	if (child_run(&child, &error) == -1 || asking.answer == -1)
		doctor_say(doctor, DOCTOR_UNKNOWN, "resolver", NULL, "%s",
		    error_text(&error));
	else
		say(doctor, &asking);
}

void
doctor_resolver(struct doctor *doctor, const char *token)
{
	const struct settings *settings = doctor->settings;
	struct credential credential;
	struct error error = { "" };
	enum reason reason;

	if (settings->validate == SETTINGS_VALIDATE_JWT)
		return;
	if (strncasecmp(token, "Bearer ", 7) == 0)
		token += 7 + strspn(token + 7, " ");
	if (credential_from_password(&credential, token, strlen(token),
	    (size_t)settings->max_credential, &reason, &error) == -1)
		doctor_say(doctor, DOCTOR_UNKNOWN, "resolver", "hand over an "
		    "access token or the value of a session cookie", "what "
		    "was handed over is none: %s", reason_name(reason));
	else
		ask(doctor, &credential);
	credential_clear(&credential);
}
