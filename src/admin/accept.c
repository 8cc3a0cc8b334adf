#include "admin/accept.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "admin/actor.h"
#include "admin/signals.h"
#include "settings/settings.h"
#include "state/write/trust_writer.h"
#include "transport/clock.h"

#define DEFAULT_CONFIG SYSCONFDIR "/authgear/authgear.conf"

static const char help[] =
    "usage: authgear-cache accept [--reason TEXT] [--config FILE] [--json]\n"
    "\n"
    "Has the daemon believe the trust.db that is there, though it has seen a\n"
    "newer one: after an older copy was put back. What was revoked since then\n"
    "is let in again.\n"
    "\n"
    "  -r, --reason TEXT  why, for the audit\n"
    "  -c, --config FILE  settings (" DEFAULT_CONFIG ")\n"
    "  -j, --json         say what was done as JSON\n"
    "  -h, --help         this text\n";

struct accept {
	const char *config;
	const char *reason;
	int json;
};

static void
say(const struct accept *accept, const struct settings *settings,
    const struct trust_writer *writer, int64_t number)
{
	const char *lacks = trust_writer_lacks(writer);

	if (accept->json)
		(void)printf("{\"accepted\":%lld}\n", (long long)number);
	else
		(void)printf("%s/trust.db is accepted as it is, by change "
		    "%lld; copies from before are not believed any more.\n"
		    "What is in force: 'authgear-cache list revocations'\n",
		    settings->state, (long long)number);
	if (lacks != NULL)
		(void)fprintf(stderr, "authgear-cache: note: %s\n", lacks);
}

static int
accept_it(const struct accept *accept, const struct settings *settings,
    struct error *error)
{
	struct trust_note note = { NULL, accept->reason, "cli", NULL };
	struct trust_writer *writer;
	char actor[ACTOR_SIZE];
	struct moment now;
	sigset_t saved;
	int64_t number;
	int ret = -1;

	actor_name(actor);
	note.actor = actor;
	if (clock_now(&now) == -1) {
		error_set(error, "the kernel's boot id cannot be read: mount "
		    "/proc");
		return -1;
	}
	signals_hold(&saved);
	writer = trust_writer_open_old(settings->state, settings->endpoint,
	    error);
	if (writer != NULL && trust_writer_accept(writer, &note, &now,
	    &number, error) == TRUST_WRITTEN) {
		say(accept, settings, writer, number);
		ret = fflush(stdout) == 0 && !ferror(stdout) ? 0 : -1;
		if (ret == -1)
			error_set(error, "it is done, but writing to stdout "
			    "failed");
	} else {
		signals_release(&saved);
	}
	trust_writer_free(writer);
	return ret;
}

static int
run(const struct accept *accept)
{
	struct error error = { "" };
	struct settings *settings = settings_load(accept->config, &error);
	int status = 1;

	if (settings != NULL && accept_it(accept, settings, &error) == 0)
		status = 0;
	if (status != 0)
		(void)fprintf(stderr, "authgear-cache: %s\n",
		    error_text(&error));
	settings_free(settings);
	return status;
}

static int
usage(const char *wrong)
{
	(void)fprintf(stderr, "authgear-cache accept: %s; try 'authgear-cache "
	    "accept --help'\n", wrong);
	return 2;
}

int
accept_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "reason", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct accept accept = { DEFAULT_CONFIG, "", 0 };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "c:r:jh", options,
	    NULL)) != -1) {
		switch (option) {
		case 'c':
			accept.config = optarg;
			break;
		case 'r':
			accept.reason = optarg;
			break;
		case 'j':
			accept.json = 1;
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
	return run(&accept);
}
