#include <sys/stat.h>

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/actor.h"
#include "admin/commands.h"
#include "admin/signals.h"
#include "face/json_print.h"
#include "ground/epoch_place.h"
#include "settings/settings.h"
#include "state/write/trust_init.h"

static const char help[] =
    "usage: authgear-cache init [--config FILE] [--user NAME] [--json]\n"
    "\n"
    "Makes the state directory that the settings name, or completes it: a\n"
    "trust.db of an earlier release is migrated, with --user owners and modes\n"
    "are mended.\n"
    "\n"
    "  -c, --config FILE  settings (" COMMAND_SETTINGS ")\n"
    "  -u, --user NAME    the daemon's user; only root can say it. Without\n"
    "                     it everything belongs to the caller, and root is\n"
    "                     asked for it on a terminal\n"
    "  -j, --json         say what is there as JSON\n"
    "  -h, --help         this text\n";

static void
print_place(const char *path, int json, int first)
{
	const struct passwd *user;
	const struct group *group;
	struct stat st;
	char owner[64], of[64];

	if (lstat(path, &st) == -1)
		return;
	user = getpwuid(st.st_uid);
	group = getgrgid(st.st_gid);
	(void)snprintf(owner, sizeof(owner), "%lu", (unsigned long)st.st_uid);
	(void)snprintf(of, sizeof(of), "%lu", (unsigned long)st.st_gid);
	if (user != NULL)
		(void)snprintf(owner, sizeof(owner), "%.60s", user->pw_name);
	if (group != NULL)
		(void)snprintf(of, sizeof(of), "%.60s", group->gr_name);
	if (!json) {
		(void)printf("%04o %s:%s %s\n", st.st_mode & 07777U, owner,
		    of, path);
		return;
	}
	json_print_text(stdout, first ? "{\"path\":" : ",{\"path\":", path);
	json_print_text(stdout, ",\"owner\":", owner);
	json_print_text(stdout, ",\"group\":", of);
	(void)printf(",\"mode\":\"%04o\"}", st.st_mode & 07777U);
}

static void
print_places(const struct settings *settings, int made, int json)
{
	static const char *const below[] = { "", "/trust.db", "/daemon" };
	static const char *const said[] = {
		[TRUST_THERE] = "already there",
		[TRUST_MADE] = "made",
		[TRUST_MIGRATED] = "already there, and migrated from an "
		    "earlier release,"
	};
	char path[EPOCH_PLACE_SIZE];
	size_t i;

	if (json) {
		(void)printf("{\"made\":%s,\"migrated\":%s",
		    made == TRUST_MADE ? "true" : "false",
		    made == TRUST_MIGRATED ? "true" : "false");
		json_print_text(stdout, ",\"endpoint\":", settings->endpoint);
		(void)printf(",\"places\":[");
	} else {
		(void)printf("%s: %s for %s\n", settings->state,
		    said[made], settings->endpoint);
	}
	for (i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		(void)snprintf(path, sizeof(path), "%.3900s%s",
		    settings->state, below[i]);
		print_place(path, json, i == 0);
	}
	/* beside it, so that who removes the one knows of the other */
	epoch_place(settings->state, path);
	print_place(path, json, 0);
	if (json)
		(void)printf("]}\n");
}

/* Root's own state is closed to the daemon, which is never root: hardly what
 * was meant, so it is asked for where somebody can answer. */
static const char *
ask_for_user(const char *state, char *line, size_t size)
{
	struct stat st;

	if (geteuid() != 0 || (lstat(state, &st) == 0 &&
	    (st.st_mode & S_IRGRP) != 0))
		return NULL;
	line[0] = '\0';
	if (isatty(STDIN_FILENO)) {
		(void)fprintf(stderr, "Which user does the daemon run as? "
		    "(nothing: root alone uses %s) ", state);
		if (fgets(line, (int)size, stdin) == NULL)
			line[0] = '\0';
		line[strcspn(line, "\n")] = '\0';
	}
	if (line[0] != '\0')
		return line;
	(void)fprintf(stderr, "authgear-cache: note: only root can use this "
	    "state; 'authgear-cache init --user NAME' gives it to the "
	    "daemon's user\n");
	return NULL;
}

static enum command_status
run(const struct command_line *line, struct error *error)
{
	const char *user = line->values[OPTION_USER];
	enum command_status status = COMMAND_FAILED;
	char answer[256], actor[ACTOR_SIZE];
	struct settings *settings;
	struct trust_init wish;
	struct moment now;
	sigset_t saved;
	int made;

	if (user != NULL && user[0] == '\0') {
		error_set(error, "--user names nobody");
		return COMMAND_USAGE;
	}
	settings = settings_load(line->values[OPTION_CONFIG], error);
	if (settings == NULL || command_now(&now, error) == -1)
		goto done;
	actor_name(actor);
	if (user == NULL)
		user = ask_for_user(settings->state, answer, sizeof(answer));
	signals_hold(&saved);
	wish = (struct trust_init){ .directory = settings->state,
	    .endpoint = settings->endpoint, .daemon_user = user,
	    .actor = actor };
	if (trust_init(&wish, &now, &made, error) == -1) {
		signals_release(&saved);
		goto done;
	}
	if (error->text[0] != '\0')
		(void)fprintf(stderr, "authgear-cache: note: %s\n",
		    error->text);
	error_clear(error);
	print_places(settings, made, line->json);
	status = command_flush("", error);
done:
	settings_free(settings);
	return status;
}

const struct command init_command = {
	.name = "init",
	.options = 1U << OPTION_USER,
	.options_first = 1,
	.no_option = COMMAND_NO_OPTION,
	.no_operand = "it takes options only",
	.usage = "[--config FILE] [--user NAME] [--json]",
	.summary = "make the state directory",
	.help = help,
	.run = run
};
