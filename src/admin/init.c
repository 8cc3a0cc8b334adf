#include "admin/init.h"

#include <sys/stat.h>

#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/actor.h"
#include "admin/signals.h"
#include "settings/settings.h"
#include "state/write/trust_init.h"
#include "transport/clock.h"

#define DEFAULT_CONFIG SYSCONFDIR "/authgear/authgear.conf"

static const char help[] =
    "usage: authgear-cache init [--config FILE] [--user NAME] [--json]\n"
    "\n"
    "Makes the state directory that the settings name, or completes it: a\n"
    "trust.db of an earlier release is migrated, with --user owners and modes\n"
    "are mended.\n"
    "\n"
    "  -c, --config FILE  settings (" DEFAULT_CONFIG ")\n"
    "  -u, --user NAME    the daemon's user; only root can say it. Without\n"
    "                     it everything belongs to the caller, and root is\n"
    "                     asked for it on a terminal\n"
    "  -j, --json         say what is there as JSON\n"
    "  -h, --help         this text\n";

static void
print_escaped(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			(void)printf("\\%c", *text);
		else if ((unsigned char)*text < ' ')
			(void)printf("\\u%04x", (unsigned int)*text);
		else
			(void)putchar(*text);
	}
}

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
	(void)printf("%s{\"path\":\"", first ? "" : ",");
	print_escaped(path);
	(void)printf("\",\"owner\":\"%s\",\"group\":\"%s\","
	    "\"mode\":\"%04o\"}", owner, of, st.st_mode & 07777U);
}

static int
print_places(const struct settings *settings, int made, int json)
{
	static const char *const below[] = { "", "/trust.db", "/daemon" };
	static const char *const said[] = {
		[TRUST_THERE] = "already there",
		[TRUST_MADE] = "made",
		[TRUST_MIGRATED] = "already there, and migrated from an "
		    "earlier release,"
	};
	char path[PATH_MAX];
	size_t i;

	if (json) {
		(void)printf("{\"made\":%s,\"migrated\":%s,\"endpoint\":\"",
		    made == TRUST_MADE ? "true" : "false",
		    made == TRUST_MIGRATED ? "true" : "false");
		print_escaped(settings->endpoint);
		(void)printf("\",\"places\":[");
	} else {
		(void)printf("%s: %s for %s\n", settings->state,
		    said[made], settings->endpoint);
	}
	for (i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		(void)snprintf(path, sizeof(path), "%.3900s%s",
		    settings->state, below[i]);
		print_place(path, json, i == 0);
	}
	if (json)
		(void)printf("]}\n");
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : -1;
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

int
init_run(const char *config, const char *user, int json)
{
	char line[256];
	sigset_t saved;
	struct settings *settings = NULL;
	struct error error = { "" };
	char actor[ACTOR_SIZE];
	struct moment now;
	int made, status = 1;

	settings = settings_load(config, &error);
	if (settings == NULL)
		goto done;
	if (clock_now(&now) == -1) {
		error_set(&error, "the kernel's boot id cannot be read: mount "
		    "/proc");
		goto done;
	}
	actor_name(actor);
	if (user == NULL)
		user = ask_for_user(settings->state, line, sizeof(line));
	signals_hold(&saved);
	if (trust_init(settings->state, settings->endpoint, user, actor, &now,
	    &made, &error) == -1) {
		signals_release(&saved);
		goto done;
	}
	if (error.text[0] != '\0')
		(void)fprintf(stderr, "authgear-cache: note: %s\n",
		    error.text);
	error_clear(&error);
	if (print_places(settings, made, json) == -1) {
		error_set(&error, "writing to stdout failed");
		goto done;
	}
	status = 0;
done:
	if (status != 0)
		(void)fprintf(stderr, "authgear-cache: %s\n",
		    error_text(&error));
	settings_free(settings);
	return status;
}

static int
usage(const char *wrong)
{
	(void)fprintf(stderr, "authgear-cache init: %s; try 'authgear-cache "
	    "init --help'\n", wrong);
	return 2;
}

int
init_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "user", required_argument, NULL, 'u' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	const char *config = DEFAULT_CONFIG, *user = NULL;
	int option, json = 0;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+c:u:jh", options,
	    NULL)) != -1) {
		switch (option) {
		case 'c':
			config = optarg;
			break;
		case 'u':
			user = optarg;
			break;
		case 'j':
			json = 1;
			break;
		case 'h':
			return fputs(help, stdout) == EOF ||
			    fflush(stdout) == EOF;
		default:
			return usage("there is no such option, or it lacks its "
			    "value");
		}
	}
	if (optind != argc)
		return usage("it takes options only");
	if (user != NULL && user[0] == '\0')
		return usage("--user names nobody");
	return init_run(config, user, json);
}
