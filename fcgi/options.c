#include "config.h"

#include "fcgi/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/layer/server.h"

/* A known one is refused only in its long form, with a value too many. */
#define LETTERS "c:l:t:jhV"

#define EPOCH_PATH_MAX 1000	/* bytes */

enum {
	OPTION_MAX_CONNECTIONS = 256,
	OPTION_EPOCH,
	OPTION_LOG,
	OPTION_CHECK_CONFIG,
	OPTION_PRINT_POLICIES,
	OPTION_PROBE
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "listen", required_argument, NULL, 'l' },
	{ "threads", required_argument, NULL, 't' },
	{ "max-connections", required_argument, NULL,
	    OPTION_MAX_CONNECTIONS },
	{ "epoch", required_argument, NULL, OPTION_EPOCH },
	{ "log", required_argument, NULL, OPTION_LOG },
	{ "check-config", no_argument, NULL, OPTION_CHECK_CONFIG },
	{ "print-policies", no_argument, NULL, OPTION_PRINT_POLICIES },
	{ "probe", no_argument, NULL, OPTION_PROBE },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

static int
read_number(const char *name, const char *text, unsigned int min,
    unsigned int max, unsigned int *number_out, struct error *error)
{
	unsigned long number;
	char *end;

	*number_out = 0;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
	    number < min || number > max) {
		error_set(error, "%s: a number of %u to %u, not \"%.40s\"",
		    name, min, max, text);
		return -1;
	}
	*number_out = (unsigned int)number;
	return 0;
}

static int
add_listener(struct options *options, const char *text,
    struct error *error)
{
	struct listener listener;

	/* The group it names is looked up again when it is opened. */
	if (listener_parse(text, &listener, error) == -1)
		return -1;
	if (options->listen_count == LISTENER_MAX) {
		error_set(error, "--listen: at most %d of them", LISTENER_MAX);
		return -1;
	}
	options->listen[options->listen_count++] = text;
	return 0;
}

static int
read_epoch(struct options *options, const char *text, struct error *error)
{
	if (text[0] != '/' || strlen(text) > EPOCH_PATH_MAX) {
		error_set(error, "--epoch: a short absolute path, not "
		    "\"%.40s\"", text);
		return -1;
	}
	options->epoch = text;
	return 0;
}

static int
read_log(struct options *options, const char *text, struct error *error)
{
	if (strcmp(text, "stderr") == 0) {
		options->log = LOG_TO_STDERR;
		return 0;
	}
	if (strcmp(text, "syslog") == 0) {
		options->log = LOG_TO_SYSLOG;
		return 0;
	}
	error_set(error, "--log: stderr or syslog, not \"%.40s\"", text);
	return -1;
}

static int
set_action(struct options *options, enum options_action action)
{
	/* --help and --version win over everything else. */
	if (options->action != OPTIONS_HELP)
		options->action = action;
	return 0;
}

static int
take(struct options *options, int option, const char *value,
    struct error *error)
{
	switch (option) {
	case 'c':
		options->config = value;
		options->has_config = 1;
		return 0;
	case 'l':
		return add_listener(options, value, error);
	case 't':
		return read_number("--threads", value, 1,
		    SERVER_THREADS_MAX, &options->threads, error);
	case OPTION_MAX_CONNECTIONS:
		return read_number("--max-connections", value,
		    SERVER_CONNECTIONS_MIN, SERVER_CONNECTIONS_MAX,
		    &options->max_connections, error);
	case OPTION_EPOCH:
		return read_epoch(options, value, error);
	case OPTION_LOG:
		return read_log(options, value, error);
	case OPTION_CHECK_CONFIG:
		return set_action(options, OPTIONS_CHECK_CONFIG);
	case OPTION_PRINT_POLICIES:
		return set_action(options, OPTIONS_PRINT_POLICIES);
	case OPTION_PROBE:
		return set_action(options, OPTIONS_PROBE);
	case 'j':
		options->json = 1;
		return 0;
	case 'h':
		return set_action(options, OPTIONS_HELP);
	case 'V':
		return set_action(options, OPTIONS_VERSION);
	default:
		return -1;
	}
}

/*
 * What getopt_long(3) has refused: ':' lacks its value.  A long option is the
 * word before optind; in the middle of "-xy", optopt tells the letter.
 */
static void
say_refused(int option, char *const argv[], struct error *error)
{
	if (option == ':')
		error_set(error, "%.40s: needs a value", argv[optind - 1]);
	else if (optopt == 0 || optopt >= OPTION_MAX_CONNECTIONS ||
	    strchr(LETTERS, optopt) != NULL)
		error_set(error, "%.40s: no such option, or one that takes no "
		    "value", argv[optind - 1]);
	else
		error_set(error, "-%c: no such option", optopt);
}

int
options_read(struct options *options, int argc, char *argv[],
    struct error *error)
{
	int option;

	memset(options, 0, sizeof(*options));
	options->config = SYSCONFDIR "/authgear/authgear.conf";
	options->threads = 4;
	options->max_connections = 1024;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":" LETTERS, long_options,
	    NULL)) != -1) {
		if (option == '?' || option == ':') {
			say_refused(option, argv, error);
			return -1;
		}
		if (take(options, option, optarg, error) == -1)
			return -1;
	}
	if (options->action == OPTIONS_PROBE) {
		options->urls = (const char *const *)argv + optind;
		options->url_count = (size_t)(argc - optind);
		if (options->url_count > 0)
			return 0;
		error_set(error, "--probe: which address?");
		return -1;
	}
	if (optind < argc) {
		error_set(error, "unexpected argument \"%.40s\"",
		    argv[optind]);
		return -1;
	}
	if (options->json && options->action == OPTIONS_SERVE) {
		error_set(error, "--json goes with --check-config, "
		    "--print-policies or --probe");
		return -1;
	}
	return 0;
}

const char *
options_help(void)
{
	return "usage: authgear-fcgi [OPTION]...\n"
	    "Answers web servers (and PAM modules) that ask whether a request "
	    "may pass.\n\n"
	    "  -c, --config FILE     the settings\n"
	    "                        (" SYSCONFDIR
	    "/authgear/authgear.conf)\n"
	    "  -l, --listen ADDRESS[,serve=auth|login|ask][,mode=0660]"
	    "[,group=NAME]\n"
	    "                        unix:/path, 127.0.0.1:port or "
	    "[::1]:port; repeatable;\n"
	    "                        without it: the sockets of systemd\n"
	    "  -t, --threads N       threads that answer (4)\n"
	    "      --max-connections N\n"
	    "                        connections at once (1024)\n"
	    "      --epoch DIRECTORY\n"
	    "                        this user's own, for nginx to keep "
	    "answers by (none)\n"
	    "      --log stderr|syslog\n"
	    "                        where the log goes (stderr)\n"
	    "      --check-config    read and print the settings, and end\n"
	    "      --print-policies  say who passes each policy, and end\n"
	    "      --probe URL...    ask these addresses as a stranger "
	    "would: are they\n"
	    "                        closed? and end\n"
	    "  -j, --json            with the three before: as JSON\n"
	    "  -h, --help            this text\n"
	    "  -V, --version         the version\n\n"
	    "See authgear-fcgi(8).\n";
}
