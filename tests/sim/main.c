#include "live.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
	const char *listen;
	const char *origin;
	const char *cert;
	const char *key;
	const char *ready_file;
};

int64_t
sim_now(const struct sim *sim)
{
	int64_t at = atomic_load(&sim->clock_at);

	return at != 0 ? at :
	    (int64_t)time(NULL) + atomic_load(&sim->clock_offset);
}

static char *
read_whole(const char *path)
{
	char *text = calloc(1, SIM_MAX_PEM + 1);
	FILE *file = fopen(path, "r");

	if (file == NULL || text == NULL ||
	    fread(text, 1, SIM_MAX_PEM, file) == 0) {
		fprintf(stderr, "authgear-sim: cannot read %s\n", path);
		exit(1);
	}
	fclose(file);
	return text;
}

static int
listen_on(const char *address, char host[64], int *port_out)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	const char *colon = strchr(address, ':');
	unsigned long port = 0;
	char *end = NULL;
	int one = 1;
	int fd;

	if (colon != NULL) {
		snprintf(host, 64, "%.*s", (int)(colon - address), address);
		port = strtoul(colon + 1, &end, 10);
	}
	if (end == NULL || end == colon + 1 || *end != '\0' ||
	    port > 65535 || inet_pton(AF_INET, host, &in.sin_addr) != 1) {
		fprintf(stderr, "authgear-sim: --listen wants ADDRESS:PORT\n");
		exit(2);
	}
	in.sin_port = htons((uint16_t)port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
	    sizeof(one)) == -1 ||
	    bind(fd, (struct sockaddr *)&in, sizeof(in)) == -1 ||
	    listen(fd, 1024) == -1 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) == -1) {
		perror("authgear-sim: listen");
		exit(1);
	}
	*port_out = ntohs(in.sin_port);
	return fd;
}

static struct MHD_Daemon *
start_daemon(struct sim *sim, int listener, char *cert, char *key)
{
	unsigned int flags = MHD_USE_THREAD_PER_CONNECTION |
	    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, cert },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, key },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (sim->tls)
		flags |= MHD_USE_TLS;
	else
		tls[0].option = MHD_OPTION_END;
	return MHD_start_daemon(flags, 0, NULL, NULL, sim_on_request, sim,
	    MHD_OPTION_LISTEN_SOCKET, listener,
	    MHD_OPTION_NOTIFY_CONNECTION, sim_on_connection, sim,
	    MHD_OPTION_NOTIFY_COMPLETED, sim_on_completed, sim,
	    MHD_OPTION_CONNECTION_TIMEOUT, 60u,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)256 * 1024,
	    MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

static void
parse_options(int argc, char **argv, struct options *options)
{
	static const struct option list[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "public-origin", required_argument, NULL, 'o' },
		{ "tls-cert", required_argument, NULL, 'c' },
		{ "tls-key", required_argument, NULL, 'k' },
		{ "ready-file", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", list, NULL)) != -1)
		switch (c) {
		case 'l': options->listen = optarg; break;
		case 'o': options->origin = optarg; break;
		case 'c': options->cert = optarg; break;
		case 'k': options->key = optarg; break;
		case 'r': options->ready_file = optarg; break;
		case 'h': sim_print_usage(); exit(0);
		default: exit(2);
		}
	if (optind == argc &&
	    (options->cert == NULL) == (options->key == NULL))
		return;
	fprintf(stderr, "authgear-sim: no operands, and --tls-cert together "
	    "with --tls-key; see --help\n");
	exit(2);
}

/* The file appears whole, for whoever waits for it. */
static int
write_ready(const char *path, const char *url)
{
	char *name = NULL;
	FILE *file;
	int ret = -1;

	if (asprintf(&name, "%s.new", path) == -1)
		return -1;
	if ((file = fopen(name, "w")) == NULL)
		goto done;
	ret = fprintf(file, "%s\n", url) > 0 ? 0 : -1;
	if (fclose(file) != 0 || rename(name, path) != 0)
		ret = -1;
done:
	free(name);
	return ret;
}

static void
sim_init(struct sim *sim, const struct options *options, const char *url)
{
	snprintf(sim->origin, sizeof(sim->origin), "%s",
	    options->origin != NULL ? options->origin : url);
	sim->tls = options->cert != NULL;
	sim->counts = json_object();
	sim->requests = json_array();
	sim->live = sim_live_new();
	pthread_mutex_init(&sim->lock, NULL);
	pthread_mutex_init(&sim->faults.lock, NULL);
	if (sim->live == NULL ||
	    sim_keys_init(&sim->keys, time(NULL)) == -1) {
		fprintf(stderr, "authgear-sim: no key could be made\n");
		exit(1);
	}
}

static void
sim_clear(struct sim *sim)
{
	sim_live_free(sim->live);
	sim_keys_clear(&sim->keys);
	pthread_mutex_destroy(&sim->faults.lock);
	pthread_mutex_destroy(&sim->lock);
	json_decref(sim->counts);
	json_decref(sim->requests);
}

int
main(int argc, char **argv)
{
	static struct sim sim;
	struct options options = { .listen = "127.0.0.1:0" };
	char *cert = NULL, *key = NULL;
	struct MHD_Daemon *server;
	char host[64], url[100];
	sigset_t signals;
	int port, listener, got;

	parse_options(argc, argv, &options);
	if (options.cert != NULL) {
		cert = read_whole(options.cert);
		key = read_whole(options.key);
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	listener = listen_on(options.listen, host, &port);
	snprintf(url, sizeof(url), "%s://%s:%d",
	    cert != NULL ? "https" : "http", host, port);
	sim_init(&sim, &options, url);
	server = start_daemon(&sim, listener, cert, key);
	if (server == NULL) {
		fprintf(stderr, "authgear-sim: cannot start\n");
		return 1;
	}
	if (options.ready_file != NULL &&
	    write_ready(options.ready_file, url) == -1) {
		perror("authgear-sim: --ready-file");
		return 1;
	}
	printf("listening on %s\n", url);
	fflush(stdout);
	sigwait(&signals, &got);
	atomic_store(&sim.stop, 1);
	MHD_stop_daemon(server);
	sim_clear(&sim);
	free(cert);
	free(key);
	return 0;
}
