#include "admin/doctor_probe.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "admin/program.h"
#include "ground/json_parse.h"

#define OUTPUT_MAX (512 * 1024)
#define PATIENCE_MS 180000	/* each of its askings has five seconds */

static void
say(struct doctor *doctor, const char *subject, const struct json *probe)
{
	const char *verdict, *cause;

	if (json_find_string(probe, "verdict", &verdict) != JSON_FOUND ||
	    json_find_string(probe, "cause", &cause) != JSON_FOUND)
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, NULL,
		    "authgear-fcgi --probe tells no verdict");
	else if (strcmp(verdict, "closed") == 0)
		doctor_say(doctor, DOCTOR_GOOD, subject, NULL, "closed: %s",
		    cause);
	else
		doctor_say(doctor, strcmp(verdict, "open") == 0 ? DOCTOR_BAD :
		    DOCTOR_UNKNOWN, subject, "'authgear-fcgi --probe' shows "
		    "each answer", "%s: %s", verdict, cause);
}

static void
read_output(struct doctor *doctor, const char *subject,
    const struct program *program)
{
	enum json_refusal refusal;
	struct json *whole = json_parse(program->out.data, program->out.len,
	    &refusal);
	const struct json *probes;

	if (whole == NULL ||
	    json_find_array(whole, "probes", &probes) != JSON_FOUND ||
	    json_array_length(probes) != 1)
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, NULL,
		    "authgear-fcgi --probe ends with status %d: %.200s",
		    program->status, program->last);
	else
		say(doctor, subject, json_array_at(probes, 0));
	json_free(whole);
}

void
doctor_probe(struct doctor *doctor, const char *url)
{
	char path[PATH_MAX], subject[256];
	const char *const arguments[] = { path, "--probe", "--json",
	    "--config", doctor->config, "--", url, NULL };
	struct error error = { "" };
	struct program program;

	/* one with a password in it is refused, and not repeated */
	(void)snprintf(subject, sizeof(subject), "probe %.200s",
	    strchr(url, '@') == NULL ? url : "(an address)");
	if (program_beside("authgear-fcgi", path) == -1) {
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, NULL,
		    "authgear-fcgi does not lie beside this program");
		return;
	}
	if (program_run(arguments, OUTPUT_MAX, PATIENCE_MS, &program,
	    &error) == -1)
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, NULL, "%s",
		    error_text(&error));
	else
		read_output(doctor, subject, &program);
	program_clear(&program);
}
