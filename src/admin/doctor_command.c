#include <sys/stat.h>

#include <unistd.h>

#include "admin/commands.h"
#include "admin/doctor.h"
#include "admin/doctor_authgear.h"
#include "admin/doctor_cache.h"
#include "admin/doctor_daemon.h"
#include "admin/doctor_pam.h"
#include "admin/doctor_probe.h"
#include "admin/doctor_settings.h"
#include "admin/doctor_state.h"
#include "admin/doctor_token.h"
#include "admin/doctor_web.h"

static const char help[] =
    "usage: authgear-cache doctor [--file TOKEN] [--config FILE] [--json] "
    "[<TOKEN]\n"
    "       authgear-cache doctor --probe URL... [OPTION...]\n"
    "\n"
    "Looks at this host: settings, state, clock, Authgear, sockets, daemons,\n"
    "PAM, web servers, and caches above all that. One line each: good, bad\n"
    "and what mends it, or why it cannot be looked at. The exit status is 1\n"
    "if one is bad. A token of yours on stdin (or in a file) shows whether\n"
    "the resolver knows it and the policies take it.\n"
    "\n"
    "      --probe        ask each URL too, as 'authgear-fcgi --probe' does\n"
    "  -f, --file FILE    read the token from FILE, not from stdin;\n"
    "                     it is never an argument\n"
    "  -c, --config FILE  settings (" COMMAND_SETTINGS ")\n"
    "  -j, --json         as JSON, one object a line\n"
    "  -h, --help         this text\n";

/* NULL, or what is wrong. */
static const char *
check(const struct command_line *line)
{
	const int probes = line->values[OPTION_PROBE] != NULL;

	if (!probes && line->count > 0)
		return "it takes options only; a token belongs to stdin or a "
		    "file";
	if (probes && line->count == 0)
		return "--probe asks URLs";
	return NULL;
}

/* Root, or who runs it all by himself. */
static int
may_look(const struct settings *settings)
{
	struct stat st;

	return geteuid() == 0 || lstat(settings->state, &st) == -1 ||
	    st.st_uid == geteuid();
}

static void
look(struct doctor *doctor, const struct command_line *line,
    const struct error *error)
{
	int i;

	doctor_settings(doctor, error);
	if (doctor->settings == NULL) {
		doctor_say(doctor, DOCTOR_UNKNOWN, "state, Authgear", NULL,
		    "the settings cannot be read");
	} else if (!may_look(doctor->settings)) {
		doctor_say(doctor, DOCTOR_UNKNOWN, "state, Authgear", "run "
		    "this as root", "the state is another user's");
	} else {
		doctor_state(doctor);
		doctor_authgear(doctor);
		doctor_token(doctor, line->values[OPTION_FILE]);
		doctor_daemon(doctor);
		doctor_pam(doctor);
		doctor_cache(doctor);
	}
	doctor_web(doctor);
	for (i = 0; i < line->count; i++)
		doctor_probe(doctor, line->operands[i]);
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	struct doctor doctor = { .config = line->values[OPTION_CONFIG],
	    .json = line->json, .user = DOCTOR_USER_UNKNOWN };
	struct error unreadable = { "" };
	const char *wrong = check(line);
	struct settings *settings;

	if (wrong != NULL) {
		error_set(error, "%s", wrong);
		return COMMAND_USAGE;
	}
	settings = settings_load(doctor.config, &unreadable);
	doctor.settings = settings;
	look(&doctor, line, &unreadable);
	word_list_clear(&doctor.asked);
	word_list_clear(&doctor.listens);
	word_list_clear(&doctor.services);
	settings_free(settings);
	if (command_flush("", error) != COMMAND_DONE)
		return COMMAND_FAILED;
	return doctor.counts[DOCTOR_BAD] > 0 ? COMMAND_FAILED : COMMAND_DONE;
}

const struct command doctor_command = {
	.name = "doctor",
	.options = 1U << OPTION_FILE | 1U << OPTION_PROBE,
	.usage = "[--probe URL...] ...",
	.summary = "look for what is wrong on this host",
	.help = help,
	.run = run
};
