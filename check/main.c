/* authgear-check: root's pam_authgear.so asks it where no daemon answers. */
#include "config.h"

#include <sys/stat.h>
#include <sys/time.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/check_answer.h"
#include "check/check_become.h"
#include "check/check_wire.h"
#include "face/become.h"

#define NAME "authgear-check"
#define MSECS 3000
#define MSECS_MAX 60000
#define ANSWER_MSECS 150		/* left to tell what came of it */

static const char help[] =
    "usage: " NAME " [--config FILE] [--msecs NUMBER] < SOCKET\n"
    "\n"
    "Answers one question of pam_authgear.so on the socket that is its\n"
    "standard input, as authgear-fcgi would.  For root's PAM hosts, which run\n"
    "it where no daemon answers.  See authgear-check(8).\n"
    "\n"
    "  -c, --config FILE   settings (default: " SYSCONFDIR
    "/authgear/authgear.conf)\n"
    "  -m, --msecs NUMBER  milliseconds for all of it (default: 3000)\n"
    "  -l, --called-here   a user called the host, and may hold this up\n"
    "  -h, --help          print this\n"
    "  -V, --version       print the version\n";

struct options {
	const char *config;
	int64_t msecs;
	int is_held_up;		/* maybe, by who called the host */
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "msecs", required_argument, NULL, 'm' },
	{ "called-here", no_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

static int
usage(const char *what)
{
	fprintf(stderr, NAME ": %s; try --help\n", what);
	return 2;
}

static int64_t
read_msecs(const char *text)
{
	const size_t len = strlen(text);
	const long number = len > 0 && len <= 5 && strspn(text, "0123456789") ==
	    len ? strtol(text, NULL, 10) : 0;

	return number > ANSWER_MSECS && number <= MSECS_MAX ?
	    number : -1;
}

/* -1: go on, else the status to end with. */
static int
read_options(struct options *options, int argc, char *argv[])
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "c:m:lhV", long_options,
	    NULL)) != -1) {
		switch (option) {
		case 'c':
			options->config = optarg;
			break;
		case 'm':
			options->msecs = read_msecs(optarg);
			break;
		case 'l':
			options->is_held_up = 1;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts(NAME " " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		default:
			return usage("an option that it does not have, or "
			    "that lacks its value");
		}
	}
	if (options->msecs == -1)
		return usage("--msecs makes no sense");
	return optind == argc ? -1 : usage("there are no arguments");
}

/* Root does no more than that: who it is to be stands in root's settings. */
static struct settings *
begin(const struct options *options, enum reason *reason_out,
    struct error *error)
{
	struct settings *settings;

	*reason_out = REASON_STATE_UNREADABLE;
	if (check_become_small(options->msecs, error) == -1)
		return NULL;
	*reason_out = REASON_SETTINGS_INVALID;
	settings = settings_load(options->config, error);
	if (settings == NULL)
		return NULL;
	/* whoever calls su may hold this process up until Authgear seems to
	 * be away: no old answer serves him for that */
	if (options->is_held_up)
		settings->stale_if_error = 0;
	*reason_out = REASON_STATE_UNREADABLE;
	if (become_daemon(settings->state, 0, error) == 0)
		return settings;
	settings_free(settings);
	return NULL;
}

/* The question is not read where nobody may answer it. */
static void
refuse(const struct check_answer *answer, enum reason reason,
    const struct error *error)
{
	struct ask_call call = { .id = "" };

	if (check_answer_id(call.id) == 0)
		check_answer_refuse(answer, &call, reason, error_text(error));
}

/* Until the timer ends the process: on a busy machine some of it is over. */
static int64_t
left_msecs(void)
{
	struct itimerval timer;

	if (getitimer(ITIMER_REAL, &timer) == -1)
		return 0;
	return (int64_t)timer.it_value.tv_sec * 1000 +
	    timer.it_value.tv_usec / 1000;
}

/* All that is held ends with it, at once: somebody waits for its end. */
static void
run(const struct options *options)
{
	struct check_answer answer = { .fd = STDIN_FILENO,
	    .is_held_up = options->is_held_up };
	struct check_wire wire = { .text = NULL };
	struct error error = { "" };
	struct settings *settings;
	enum reason reason;

	settings = begin(options, &reason, &error);
	answer.settings = settings;
	answer.log = log_new(LOG_TO_SYSLOG, NAME, NULL);
	if (answer.log == NULL)
		_exit(EXIT_FAILURE);
	if (settings == NULL)
		refuse(&answer, reason, &error);
	else if (check_wire_read(&wire, answer.fd, &error) == -1)
		refuse(&answer, REASON_REPLY_UNSENDABLE, &error);
	else {
		answer.msecs = left_msecs() - ANSWER_MSECS;
		check_answer_all(&answer, wire.params);
	}
	check_wire_clear(&wire);
	log_free(answer.log);
	_exit(EXIT_SUCCESS);
}

/* By the module, whose end of a pair of sockets is there already. */
static int
is_asked(void)
{
	struct stat st;

	return fstat(STDIN_FILENO, &st) == 0 && S_ISSOCK(st.st_mode);
}

int
main(int argc, char *argv[])
{
	struct options options = {
		.config = SYSCONFDIR "/authgear/authgear.conf",
		.msecs = MSECS,
		.is_held_up = getuid() != 0	/* set-uid */
	};
	const int status = read_options(&options, argc, argv);

	if (status != -1)
		return status;
	if (geteuid() != 0 || !is_asked()) {
		fputs(NAME ": it answers pam_authgear.so on a socket, for "
		    "root alone\n", stderr);
		return 2;
	}
	run(&options);
	return EXIT_FAILURE;
}
