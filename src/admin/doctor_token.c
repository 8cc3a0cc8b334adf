#include "admin/doctor_token.h"

#include <stdio.h>
#include <stdlib.h>

#include "admin/doctor_resolver.h"
#include "admin/explain_ask.h"
#include "admin/given.h"
#include "admin/handed.h"

static void
say_policy(struct doctor *doctor, const struct policy *policy,
    const struct explain_report *report)
{
	char subject[sizeof("policy ") + POLICY_MAX_NAME];
	char remedy[256];

	(void)snprintf(subject, sizeof(subject), "policy %s", policy->name);
	if (report->reason == REASON_WRONG_AUDIENCE) {
		(void)snprintf(remedy, sizeof(remedy), "set audience of "
		    "[policy %s] to what the token's aud says", policy->name);
		doctor_say(doctor, DOCTOR_BAD, subject, remedy, "the token's "
		    "audience is none of its own");
	} else if (report->reason == REASON_WRONG_ISSUER) {
		doctor_say(doctor, DOCTOR_BAD, subject, "set endpoint to what "
		    "the token's iss says", "the token is not of %s",
		    doctor->settings->endpoint);
	} else if (report->reason == REASON_GRANTED) {
		doctor_say(doctor, DOCTOR_GOOD, subject, NULL, "takes the "
		    "token");
	} else if (reason_verdict(report->reason) == VERDICT_FORBIDDEN) {
		doctor_say(doctor, DOCTOR_GOOD, subject, NULL, "takes the "
		    "token's audience, and refuses its user: %s",
		    reason_name(report->reason));
	} else {
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, "see "
		    "'authgear-cache explain --policy NAME'", "the token is "
		    "refused: %s", reason_name(report->reason));
	}
}

static void
ask(struct doctor *doctor, size_t index, struct buffer *text)
{
	const struct settings *settings = doctor->settings;
	const struct policy *policy = settings->policies[index];
	struct explain_ask asked = { .settings = settings,
	    .policy = policy->name, .text = text, .may_ask = 1 };
	struct explain_report *report = calloc(1, sizeof(*report));
	struct error error = { "" };

	if (report == NULL || explain_ask(&asked, report, &error) == -1) {
		doctor_say(doctor, DOCTOR_UNKNOWN, "token", NULL, "%s",
		    report == NULL ? "out of memory" : error_text(&error));
	} else {
		say_policy(doctor, policy, report);
	}
	if (report != NULL)
		explain_report_clear(report);
	free(report);
}

static void
ask_all(struct doctor *doctor, struct buffer *text)
{
	size_t i;

	doctor_resolver(doctor, handed_trim(text));
	for (i = 0; i < doctor->settings->policy_count; i++)
		ask(doctor, i, text);
}

void
doctor_token(struct doctor *doctor, const char *file)
{
	struct error error = { "" };
	struct buffer text;

	buffer_init(&text, HANDED_LIMIT);
	if (file == NULL && given_stdin() != GIVEN_SOMETHING)
		doctor_say(doctor, DOCTOR_UNKNOWN, "token", "'authgear-cache "
		    "doctor <token.txt' does", "none is on stdin, so nothing "
		    "tells whether the resolver and the policies take one");
	else if ((file == NULL ? handed_read_soon(&text, &error) :
	    handed_read_text(file, &text, &error)) == -1)
		doctor_say(doctor, DOCTOR_UNKNOWN, "token", NULL, "%s",
		    error_text(&error));
	else if (handed_trim(&text)[0] == '\0')
		doctor_say(doctor, DOCTOR_UNKNOWN, "token", NULL, "what was "
		    "handed over is empty");
	else
		ask_all(doctor, &text);
	buffer_clear(&text);
}
