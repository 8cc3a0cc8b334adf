#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "admin/child.h"
#include "admin/commands.h"
#include "admin/progress.h"
#include "admin/rights.h"
#include "face/json_print.h"
#include "settings/settings.h"
#include "state/status_list.h"
#include "state/write/trust_list.h"

static const char help[] =
    "usage: authgear-cache verify [--config FILE] [--json]\n"
    "\n"
    "Reads trust.db and daemon/status.db whole: are they sound, and does each\n"
    "revocation make sense? Daemons go on meanwhile.\n"
    "\n"
    "  -c, --config FILE  settings (" COMMAND_SETTINGS ")\n"
    "  -j, --json         as one JSON object\n"
    "  -h, --help         this text\n";

/* What was looked at, here and by the child. */
struct looked {
	const struct settings *settings;
	struct progress progress;
	int64_t steps;
	FILE *out;		/* of the child */
};

static int
tell_progress(void *context)
{
	struct looked *looked = context;

	progress_tell(&looked->progress, ++looked->steps);
	return 0;
}

static int
tell_parent(void *context)
{
	struct looked *looked = context;

	/* a step is a thousandth of a second or less */
	if (++looked->steps % 1000 == 0)
		child_progress(looked->out, looked->steps);
	return 0;
}

static int
work(void *context, FILE *out, struct error *error)
{
	struct looked *looked = context;
	struct status_list *list;
	int ret = -1;

	looked->out = out;
	list = status_list_open(looked->settings->state,
	    looked->settings->endpoint, STATUS_LIST_OLDEST, error);
	if (list != NULL)
		ret = status_list_verify(list, tell_parent, looked, error);
	status_list_free(list);
	return ret;
}

/* It has nothing to say but how it ends. */
static int
take(void *context, const struct json *line, struct error *error)
{
	(void)context;
	(void)line;
	return child_lines_are_odd(error);
}

static int
look_at_trust(struct looked *looked, struct error *error)
{
	int ret;

	progress_begin(&looked->progress, "steps through trust.db");
	ret = trust_list_verify(looked->settings->state,
	    looked->settings->endpoint, tell_progress, looked, error);
	progress_end(&looked->progress);
	return ret;
}

/* 1 if there is none yet: what cannot be looked at is not absent. */
static int
is_absent(const struct settings *settings)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%.3900s/daemon/status.db",
	    settings->state);
	return lstat(path, &st) == -1 && errno == ENOENT;
}

/* 1 if there is nothing to look at. */
static int
look_at_status(struct looked *looked, struct error *error)
{
	const struct child child = {
		.state = looked->settings->state,
		.what = "steps through status.db",
		.context = looked,
		.work = work,
		.take = take
	};

	return is_absent(looked->settings) ? 1 : child_run(&child, error);
}

static void
say(const char *name, int absent, const struct error *error, int json)
{
	const char *text = error->text;

	if (text[0] == '\0')
		text = absent ? "not there yet: the daemon makes it" : "sound";
	if (!json) {
		(void)printf("%s: %s\n", name, text);
		return;
	}
	json_print_text(stdout, strcmp(name, "trust.db") == 0 ? "{" : ",",
	    name);
	json_print_text(stdout, ":", text);
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	struct error trust = { "" }, status = { "" };
	struct looked looked = { .steps = 0 };
	struct settings *settings;
	enum command_status ret;
	int absent;

	settings = rights_settings(line, error);
	if (settings == NULL)
		return COMMAND_FAILED;
	looked.settings = settings;
	if (look_at_trust(&looked, &trust) == -1)
		error_set(&trust, "it cannot be read");
	absent = look_at_status(&looked, &status);
	if (absent == -1)
		error_set(&status, "it cannot be read");
	say("trust.db", 0, &trust, line->json);
	say("status.db", absent == 1, &status, line->json);
	if (line->json)
		(void)fputs("}\n", stdout);
	settings_free(settings);
	ret = command_flush("", error);
	return ret == COMMAND_DONE && (trust.text[0] != '\0' ||
	    status.text[0] != '\0') ? COMMAND_FAILED : ret;
}

const struct command verify_command = {
	.name = "verify",
	.no_option = COMMAND_NO_OPTION,
	.no_operand = "it takes options only",
	.usage = "[--config FILE] [--json]",
	.summary = "is the state sound",
	.help = help,
	.run = run
};
