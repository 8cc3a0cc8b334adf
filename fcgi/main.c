#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "face/ca_file.h"
#include "face/config_command.h"
#include "fcgi/fetcher.h"
#include "fcgi/layer/listener_inherit.h"
#include "fcgi/layer/server.h"
#include "fcgi/layer/server_request.h"
#include "fcgi/notify.h"
#include "fcgi/options.h"
#include "fcgi/probe_command.h"
#include "fcgi/service.h"
#include "fcgi/state_place.h"
#include "fcgi/upkeep.h"
#include "fcgi/writer.h"
#include "gate/gate_shared.h"
#include "transport/http.h"
#include "transport/http_library.h"

#define NAME "authgear-fcgi"
#define SPARE_FILES 64	/* keys, log, inherited */
#define FILES_A_THREAD 12	/* two databases of three, a pipe */
#define FILES_A_LOOKUP 5	/* a connection; a name for another one */

/* Everything that lives as long as the daemon. */
struct daemon {
	struct options options;
	struct settings *settings;
	struct log *log;
	struct listener listeners[LISTENER_MAX];
	size_t listener_count;
	struct service service;
	struct upkeep *upkeep;
	struct writer *writer;
	struct server_handler handler;
	struct server_options server_options;
	struct server *server;
	sigset_t signals;	/* that signal_thread takes */
	pthread_t signal_thread;
	int has_signal_thread;
};

/* Tokens pass through this process: no core file, no other user's debugger. */
static int
harden(struct error *error)
{
	static const struct rlimit none = { 0, 0 };

	umask(077);
	if (setrlimit(RLIMIT_CORE, &none) == -1) {
		error_set(error, "cannot forbid core files: %s",
		    strerror(errno));
		return -1;
	}
#ifndef __SANITIZE_ADDRESS__
	/* The leak check of such a build is a debugger itself. */
	if (prctl(PR_SET_DUMPABLE, 0) == -1) {
		error_set(error, "cannot forbid debuggers: %s",
		    strerror(errno));
		return -1;
	}
#endif
	/* what a limit forbids to be written is an error like a full disk */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    signal(SIGXFSZ, SIG_IGN) == SIG_ERR) {
		error_set(error, "signal: %s", strerror(errno));
		return -1;
	}
	return 0;
}

/* Descriptors 0 to 2 must not become connections. */
static int
fill_standard(struct error *error)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd == -1) {
		error_set(error, "/dev/null: %s", strerror(errno));
		return -1;
	}
	close(fd);
	return 0;
}

static void
raise_files(const struct daemon *daemon)
{
	struct rlimit limit;
	rlim_t wanted;

	wanted = daemon->options.max_connections + SPARE_FILES +
	    daemon->options.threads * FILES_A_THREAD +
	    (rlim_t)daemon->settings->max_lookups * FILES_A_LOOKUP;
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur < wanted)
		log_say(daemon->log, LOG_LEVEL_WARNING, "%lu open files "
		    "allowed, less than %u connections, %u threads and %d "
		    "lookups need (%lu); raise the limit or lower "
		    "--max-connections", (unsigned long)limit.rlim_cur,
		    daemon->options.max_connections,
		    daemon->options.threads, daemon->settings->max_lookups,
		    (unsigned long)wanted);
}

static int
open_listeners(struct daemon *daemon, struct error *error)
{
	const struct listener_inherit passed = {
		.pid = getenv("LISTEN_PID"),
		.fds = getenv("LISTEN_FDS"),
		.names = getenv("LISTEN_FDNAMES"),
		.our_pid = getpid()
	};
	struct options *options = &daemon->options;
	struct listener *listener;
	size_t i;

	if (options->listen_count == 0 && listener_inherit(&passed,
	    daemon->listeners, LISTENER_MAX, &daemon->listener_count,
	    error) == -1)
		return -1;
	for (i = 0; i < options->listen_count; i++) {
		listener = &daemon->listeners[i];
		if (listener_parse(options->listen[i], listener,
		    error) == -1 || listener_open(listener, error) == -1)
			return -1;
		daemon->listener_count++;
	}
	if (daemon->listener_count == 0) {
		error_set(error, "nothing to listen on: give --listen, or "
		    "start it through a systemd socket");
		return -1;
	}
	return 0;
}

static void
say_warnings(const struct daemon *daemon)
{
	const struct word_list *warnings = &daemon->settings->warnings;
	const char *ca_file = daemon->settings->ca_file;
	struct error error = { "" };
	size_t i;

	for (i = 0; i < warnings->count; i++)
		log_say(daemon->log, LOG_LEVEL_WARNING, "%s",
		    warnings->words[i]);
	/* No reason to end: stored keys may serve for a long time. */
	if (ca_file != NULL && ca_file_check(ca_file, &error) == -1)
		log_say(daemon->log, LOG_LEVEL_WARNING, "%s; until that is "
		    "mended, nothing is asked of Authgear",
		    error_text(&error));
}

/* Every thread has its gate, and the doors are open. */
static void
say_ready(void *context)
{
	const struct daemon *daemon = context;
	struct buffer text;
	size_t i;

	buffer_init(&text, LOG_MAX_LINE);
	for (i = 0; i < daemon->listener_count; i++)
		buffer_append_format(&text, "%s%s", i > 0 ? ", " : "",
		    daemon->listeners[i].text);
	log_say(daemon->log, LOG_LEVEL_INFO, "ready: listening on %s",
	    text.data);
	buffer_clear(&text);
	if (notify_send(getenv("NOTIFY_SOCKET"), "READY=1\n") == -1)
		log_say(daemon->log, LOG_LEVEL_WARNING,
		    "cannot tell the service manager: %s", strerror(errno));
}

/* The habits of log rotation and of other daemons must not end this one. */
static void *
wait_for_signal(void *argument)
{
	struct daemon *daemon = argument;
	int number;

	while (sigwait(&daemon->signals, &number) == 0) {
		if (number == SIGTERM || number == SIGINT) {
			server_stop(daemon->server);
			return NULL;
		}
		log_say(daemon->log, LOG_LEVEL_WARNING, "SIG%s changes "
		    "nothing: settings are read at the start; restart the "
		    "daemon for new ones, after --check-config",
		    sigabbrev_np(number));
	}
	return NULL;
}

/* It is opened here first: it fails early and clearly. */
static int
open_state(struct daemon *daemon, struct error *error)
{
	daemon->writer = writer_new(daemon->settings, daemon->service.shared,
	    daemon->log, error);
	if (daemon->writer == NULL)
		return -1;
	daemon->service.fetcher = fetcher_new(daemon->settings,
	    daemon->service.shared, daemon->log, error);
	if (daemon->service.fetcher == NULL)
		return -1;
	daemon->upkeep = upkeep_new(daemon->settings, daemon->service.shared,
	    daemon->options.epoch, &daemon->service.shown, daemon->log, error);
	return daemon->upkeep == NULL ? -1 : 0;
}

/* All threads are made with the signals blocked; one of them waits. */
static int
begin(struct daemon *daemon, struct error *error)
{
	daemon->service.settings = daemon->settings;
	daemon->service.log = daemon->log;
	daemon->service.shared = gate_shared_new(daemon->settings);
	daemon->service.seats = (int)server_request_places(
	    daemon->options.max_connections);
	daemon->service.attempts = login_attempts_new();
	if (daemon->service.shared == NULL ||
	    daemon->service.attempts == NULL) {
		error_set(error, "out of memory");
		return -1;
	}
	if (open_state(daemon, error) == -1) {
		state_place_explain(daemon->settings->state, error);
		return -1;
	}
	service_handler(&daemon->service, &daemon->handler);
	daemon->handler.ready = say_ready;
	daemon->handler.ready_context = daemon;
	server_options_init(&daemon->server_options);
	daemon->server_options.threads = daemon->options.threads;
	daemon->server_options.max_connections =
	    daemon->options.max_connections;
	daemon->server_options.drain_msecs =
	    (unsigned int)daemon->settings->total_timeout * 1000 + 500;
	daemon->server = server_new(&daemon->handler, &daemon->server_options,
	    daemon->listeners, daemon->listener_count, error);
	if (daemon->server == NULL)
		return -1;
	if (pthread_create(&daemon->signal_thread, NULL,
	    wait_for_signal, daemon) != 0) {
		error_set(error, "cannot make a thread");
		return -1;
	}
	daemon->has_signal_thread = 1;
	return 0;
}

static void
end_all(struct daemon *daemon)
{
	size_t i;
	int is_left;

	if (daemon->has_signal_thread) {
		pthread_kill(daemon->signal_thread, SIGTERM);
		pthread_join(daemon->signal_thread, NULL);
	}
	fetcher_free(daemon->service.fetcher);
	server_free(daemon->server);
	is_left = upkeep_free(daemon->upkeep) == -1;
	writer_free(daemon->writer);
	if (!is_left)
		gate_shared_free(daemon->service.shared);
	login_attempts_free(daemon->service.attempts);
	for (i = 0; i < daemon->listener_count; i++)
		listener_close(&daemon->listeners[i]);
	settings_free(daemon->settings);
	log_free(daemon->log);
}

/* In every thread, so that none but the one that waits takes them. */
static int
block_signals(struct daemon *daemon)
{
	static const int taken[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1,
	    SIGUSR2 };
	size_t i;

	sigemptyset(&daemon->signals);
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(&daemon->signals, taken[i]);
	return pthread_sigmask(SIG_BLOCK, &daemon->signals, NULL) == 0 ? 0 :
	    -1;
}

static int
serve_all(struct daemon *daemon, struct error *error)
{
	if (block_signals(daemon) == -1 || harden(error) == -1)
		return -1;
	if (http_library_init() == -1) {
		error_set(error, "the HTTP library does not start");
		return -1;
	}
	daemon->settings = settings_load(daemon->options.config, error);
	if (daemon->settings == NULL)
		return -1;
	say_warnings(daemon);
	raise_files(daemon);
	if (open_listeners(daemon, error) == -1 ||
	    begin(daemon, error) == -1)
		return -1;
	if (server_run(daemon->server, error) == -1)
		return -1;
	log_say(daemon->log, LOG_LEVEL_INFO, "ended by a signal");
	return 0;
}

/* Where there is no log, or none that tells whether anybody heard it. */
static void
say_error(const char *text, const char *hint)
{
	fprintf(stderr, "%s%s%s\n", log_is_journal(getenv("JOURNAL_STREAM")) ?
	    "<3>" : NAME ": ", text, hint);
}

static int
run_daemon(struct daemon *daemon)
{
	struct error error = { "" };
	int ret;

	if (fill_standard(&error) == -1)
		return EXIT_FAILURE;
	daemon->log = log_new(daemon->options.log, NAME,
	    getenv("JOURNAL_STREAM"));
	if (daemon->log == NULL) {
		say_error("out of memory", "");
		return EXIT_FAILURE;
	}
	ret = serve_all(daemon, &error);
	if (ret == -1) {
		log_say(daemon->log, LOG_LEVEL_ERROR, "%s",
		    error_text(&error));
		if (daemon->options.log == LOG_TO_SYSLOG)
			say_error(error_text(&error), "");
	}
	end_all(daemon);
	http_library_end();
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char *argv[])
{
	struct daemon daemon = { .listener_count = 0 };
	struct error error = { "" };

	if (options_read(&daemon.options, argc, argv, &error) == -1) {
		say_error(error_text(&error), "; try --help");
		return 2;
	}
	switch (daemon.options.action) {
	case OPTIONS_HELP:
		fputs(options_help(), stdout);
		return EXIT_SUCCESS;
	case OPTIONS_VERSION:
		puts(NAME " " PACKAGE_VERSION);
		return EXIT_SUCCESS;
	case OPTIONS_CHECK_CONFIG:
		return config_command_check(daemon.options.config,
		    daemon.options.json);
	case OPTIONS_PRINT_POLICIES:
		return config_command_policies(daemon.options.config,
		    daemon.options.json);
	case OPTIONS_PROBE:
		if (fill_standard(&error) == -1)
			return EXIT_FAILURE;
		return probe_command(&daemon.options);
	case OPTIONS_SERVE:
	default:
		return run_daemon(&daemon);
	}
}
