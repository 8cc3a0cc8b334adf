#include "sim.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage_text[] =
"usage: authgear-sim [--listen 127.0.0.1:PORT] [--public-origin URL]\n"
"                    [--tls-cert FILE --tls-key FILE] [--ready-file FILE]\n"
"\n"
"A local Authgear for tests and demonstrations. Prints the line\n"
"\"listening on URL\" when it is ready; ends with SIGTERM or SIGINT.\n"
"\n"
"  --listen ADDRESS      where to listen; port 0 (the default) takes a free one\n"
"  --public-origin URL   what it calls itself (iss, aud, metadata)\n"
"  --tls-cert, --tls-key serve https with these PEM files\n"
"  --ready-file FILE     also write the URL into this file\n"
"\n"
"Serves /.well-known/openid-configuration,\n"
"/.well-known/oauth-authorization-server and /oauth2/jwks. Controlled by POST\n"
"of a JSON object (GET where nothing is needed):\n"
"\n"
"  /_sim/mint    {\"kind\":\"user|m2m|id\",\"lifetime\":S,\"sub\":..,\"client_id\":..,\n"
"                \"scope\":..,\"roles\":[..],\"resource\":..,\"claims\":{..},\n"
"                \"drop\":[..],\"header\":{..},\"drop_header\":[..],\"key\":KID,\n"
"                \"raw_payload\":TEXT,\"clock_offset\":S,\"count\":N,\n"
"                \"alg\":\"RS256|RS384|RS512|PS256|ES256|none|HS256-pem|\n"
"                HS256-der|HS256-jwk\",\"tamper\":\"signature|payload|header\"}\n"
"  /_sim/rotate  {\"keep\":true}     a new first key; false drops the others\n"
"  /_sim/retire  {\"kid\":KID}\n"
"  /_sim/fault   {\"path\":PATH or \"*\",\"fault\":\"none|delay|hang|drop|drip|status|\n"
"                huge|malformed|empty|redirect|bad-status-line|cut-head|\n"
"                cut-body|double-length|wrong-type\",\"seconds\":S,\"status\":N,\n"
"                \"count\":TIMES,\"location\":URL}\n"
"  /_sim/clock   {\"offset\":S}\n"
"  /_sim/counts  requests by path, and connections\n"
"  /_sim/requests  the last 200 requests with their headers\n"
"  /_sim/reset-counts\n";

struct options {
	const char *listen;
	const char *origin;
	const char *cert;
	const char *key;
	const char *ready_file;
};

struct body {
	char *data;
	size_t len;
};

int64_t
sim_now(const struct sim *sim)
{
	return (int64_t)time(NULL) + atomic_load(&sim->clock_offset);
}

void
sim_count(struct sim *sim, const char *method, const char *path,
    json_t *headers)
{
	json_t *count;

	pthread_mutex_lock(&sim->lock);
	count = json_object_get(sim->counts, path);
	json_object_set_new(sim->counts, path,
	    json_integer(json_integer_value(count) + 1));
	json_array_append_new(sim->requests, json_pack("{s:s, s:s, s:o}",
	    "method", method, "path", path, "headers", headers));
	if (json_array_size(sim->requests) > SIM_MAX_REQUESTS)
		json_array_remove(sim->requests, 0);
	pthread_mutex_unlock(&sim->lock);
}

void
sim_shut_connections(struct sim *sim, int but)
{
	int fd;

	pthread_mutex_lock(&sim->lock);
	for (fd = 0; fd < 1024; fd++) {
		if (sim->sockets[fd] && fd != but)
			shutdown(fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&sim->lock);
}

static int
fd_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_CONNECTION_FD);
	return info != NULL ? info->connect_fd : -1;
}

static void
on_connection(void *context, struct MHD_Connection *connection,
    void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	struct sim *sim = context;
	int fd = fd_of(connection);

	(void)socket_context;
	if (fd < 0 || fd >= 1024)
		return;
	pthread_mutex_lock(&sim->lock);
	sim->sockets[fd] = code == MHD_CONNECTION_NOTIFY_STARTED;
	pthread_mutex_unlock(&sim->lock);
}

static enum MHD_Result
send_body(struct MHD_Connection *connection, unsigned int status,
    const char *type, const char *body, size_t len, const char *location)
{
	static const char *const fixed[][2] = {
		{ "Vary", "User-Agent" },
		{ "Access-Control-Allow-Origin", "*" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
	};
	struct MHD_Response *response;
	enum MHD_Result result;
	size_t i;

	response = MHD_create_response_from_buffer(len, (void *)(intptr_t)body,
	    MHD_RESPMEM_MUST_COPY);
	MHD_add_response_header(response, "Content-Type", type);
	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		MHD_add_response_header(response, fixed[i][0], fixed[i][1]);
	if (location != NULL)
		MHD_add_response_header(response, "Location", location);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
send_json(struct MHD_Connection *connection, unsigned int status,
    json_t *document)
{
	char *text = json_dumps(document, JSON_COMPACT);
	enum MHD_Result result;

	json_decref(document);
	result = send_body(connection, status, "application/json", text,
	    strlen(text), NULL);
	free(text);
	return result;
}

static enum MHD_Result
send_huge(struct MHD_Connection *connection)
{
	size_t len = 3 * 1024 * 1024;
	enum MHD_Result result;
	char *text;

	if ((text = malloc(len)) == NULL)
		return MHD_NO;
	memset(text, ' ', len);
	text[0] = '{';
	text[len - 1] = '}';
	result = send_body(connection, 200, "application/json", text, len,
	    NULL);
	free(text);
	return result;
}

static enum MHD_Result
serve_document(struct sim *sim, struct MHD_Connection *connection,
    const char *method, const char *path)
{
	struct sim_fault fault = sim_fault_take(&sim->faults, path, 0);
	struct timespec step = { 0, 20000000 };
	json_t *document;
	double waited, wait = fault.seconds;

	if (fault.kind == FAULT_HANG && wait <= 0)
		wait = 3600;
	if (fault.kind != FAULT_DELAY && fault.kind != FAULT_HANG)
		wait = 0;
	for (waited = 0; waited < wait && !atomic_load(&sim->stop);
	    waited += 0.02)
		nanosleep(&step, NULL);
	switch ((int)fault.kind) {
	case FAULT_HANG:
	case FAULT_DROP:
	case FAULT_DRIP:	/* raw ones that came too late for wire.c */
	case FAULT_BAD_STATUS_LINE:
	case FAULT_CUT_HEAD:
	case FAULT_CUT_BODY:
	case FAULT_DOUBLE_LENGTH:
		return MHD_NO;
	case FAULT_STATUS:
		return send_body(connection, (unsigned int)(fault.status ?
		    fault.status : 500), "text/plain; charset=utf-8",
		    "fault\n", 6, NULL);
	case FAULT_HUGE:
		return send_huge(connection);
	case FAULT_MALFORMED:
		return send_body(connection, 200, "application/json",
		    "{\"keys\":[", 9, NULL);
	case FAULT_EMPTY:
		return send_body(connection, 200, "application/json",
		    "{\"keys\":[]}", 11, NULL);
	case FAULT_REDIRECT:
		return send_body(connection, 307, "text/html", "", 0,
		    fault.location);
	case FAULT_WRONG_TYPE:
		return send_body(connection, 200, "text/html",
		    "<html>sign in to the network</html>", 35, NULL);
	default:
		break;
	}
	if ((document = sim_document(sim, path)) == NULL)
		return send_body(connection, 404, "text/plain; charset=utf-8",
		    "404 page not found\n", 19, NULL);
	if (strcmp(method, "GET") != 0) {
		json_decref(document);
		return send_body(connection, 405, "text/plain; charset=utf-8",
		    "Method Not Allowed\n", 19, NULL);
	}
	return send_json(connection, 200, document);
}

static enum MHD_Result
collect_header(void *context, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	(void)kind;
	json_object_set_new(context, name, json_string(value ? value : ""));
	return MHD_YES;
}

static enum MHD_Result
on_request(void *context, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *data, size_t *len,
    void **request_context)
{
	struct sim *sim = context;
	struct body *body = *request_context;
	json_t *headers, *result;
	char *grown;
	int status;

	(void)version;
	if (body == NULL) {
		*request_context = calloc(1, sizeof(*body));
		return *request_context != NULL ? MHD_YES : MHD_NO;
	}
	if (*len > 0) {
		if (body->len + *len > 1024 * 1024 || (grown = realloc(
		    body->data, body->len + *len)) == NULL)
			return MHD_NO;
		memcpy(grown + body->len, data, *len);
		body->data = grown;
		body->len += *len;
		*len = 0;
		return MHD_YES;
	}
	if (strncmp(path, "/_sim/", 6) == 0) {
		result = sim_control(sim, path, body->data, body->len,
		    fd_of(connection), &status);
		return send_json(connection, (unsigned int)status, result);
	}
	headers = json_object();
	MHD_get_connection_values(connection, MHD_HEADER_KIND, collect_header,
	    headers);
	sim_count(sim, method, path, headers);
	return serve_document(sim, connection, method, path);
}

static void
on_completed(void *context, struct MHD_Connection *connection,
    void **request_context, enum MHD_RequestTerminationCode code)
{
	struct body *body = *request_context;

	(void)context;
	(void)connection;
	(void)code;
	if (body == NULL)
		return;
	free(body->data);
	free(body);
	*request_context = NULL;
}

static char *
read_whole(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 65536);

	if (file == NULL || text == NULL ||
	    fread(text, 1, 65535, file) == 0) {
		fprintf(stderr, "authgear-sim: cannot read %s\n", path);
		exit(1);
	}
	fclose(file);
	return text;
}

static int
listen_on(const char *address, int *port_out)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	const char *colon = strchr(address, ':');
	unsigned long port = 0;
	char host[64];
	char *end = NULL;
	int one = 1;
	int fd;

	if (colon != NULL) {
		snprintf(host, sizeof(host), "%.*s", (int)(colon - address),
		    address);
		port = strtoul(colon + 1, &end, 10);
	}
	if (end == NULL || end == colon + 1 || *end != '\0' ||
	    port > 65535 || inet_pton(AF_INET, host, &in.sin_addr) != 1) {
		fprintf(stderr, "authgear-sim: --listen wants ADDRESS:PORT\n");
		exit(2);
	}
	in.sin_port = htons((uint16_t)port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) == -1 ||
	    listen(fd, 1024) == -1 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) == -1) {
		perror("authgear-sim: listen");
		exit(1);
	}
	*port_out = ntohs(in.sin_port);
	return fd;
}

static struct MHD_Daemon *
start_daemon(struct sim *sim, const struct options *options)
{
	unsigned int flags = MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC |
	    MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
	    MHD_USE_POLL;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, NULL },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (options->cert != NULL) {
		flags |= MHD_USE_TLS;
		tls[0].ptr_value = read_whole(options->cert);
		tls[1].ptr_value = read_whole(options->key);
	} else
		tls[0].option = MHD_OPTION_END;
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, sim,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, sim,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, sim,
	    MHD_OPTION_CONNECTION_TIMEOUT, 60u,
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

	while ((c = getopt_long(argc, argv, "l:o:c:k:r:h", list, NULL)) != -1)
		switch (c) {
		case 'l': options->listen = optarg; break;
		case 'o': options->origin = optarg; break;
		case 'c': options->cert = optarg; break;
		case 'k': options->key = optarg; break;
		case 'r': options->ready_file = optarg; break;
		case 'h': fputs(usage_text, stdout); exit(0);
		default: fputs(usage_text, stderr); exit(2);
		}
	if (optind != argc ||
	    (options->cert == NULL) != (options->key == NULL)) {
		fputs(usage_text, stderr);
		exit(2);
	}
}

static void
say_ready(const struct options *options, const char *url)
{
	FILE *file;

	printf("listening on %s\n", url);
	fflush(stdout);
	if (options->ready_file == NULL)
		return;
	if ((file = fopen(options->ready_file, "w")) != NULL) {
		fprintf(file, "%s\n", url);
		fclose(file);
	}
}

static void *
make_spares(void *context)
{
	struct sim *sim = context;
	struct timespec step = { 0, 50000000 };
	EVP_PKEY *pair;
	int wanted;

	while (!atomic_load(&sim->stop)) {
		pthread_mutex_lock(&sim->keys.lock);
		wanted = sim->keys.spare == NULL;
		pthread_mutex_unlock(&sim->keys.lock);
		if (wanted && (pair = EVP_RSA_gen(2048)) != NULL) {
			pthread_mutex_lock(&sim->keys.lock);
			sim->keys.spare = pair;
			pthread_mutex_unlock(&sim->keys.lock);
		}
		nanosleep(&step, NULL);
	}
	return NULL;
}

static void *
accept_thread(void *context)
{
	sim_wire_accept(context);
	return NULL;
}

int
main(int argc, char **argv)
{
	static struct sim sim;
	struct options options = { .listen = "127.0.0.1:0" };
	pthread_t spares, acceptor;
	sigset_t signals;
	char url[64];
	int port, got;

	parse_options(argc, argv, &options);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	pthread_mutex_init(&sim.lock, NULL);
	pthread_mutex_init(&sim.faults.lock, NULL);
	sim.counts = json_object();
	sim.requests = json_array();
	sim.tls = options.cert != NULL;
	if (sim_keys_init(&sim.keys, time(NULL)) == -1)
		return 1;
	sim.listener = listen_on(options.listen, &port);
	snprintf(url, sizeof(url), "%s://127.0.0.1:%d",
	    sim.tls ? "https" : "http", port);
	snprintf(sim.origin, sizeof(sim.origin), "%s",
	    options.origin ? options.origin : url);
	if ((sim.daemon = start_daemon(&sim, &options)) == NULL) {
		fprintf(stderr, "authgear-sim: cannot start\n");
		return 1;
	}
	if (pthread_create(&spares, NULL, make_spares, &sim) != 0 ||
	    pthread_create(&acceptor, NULL, accept_thread, &sim) != 0)
		return 1;
	say_ready(&options, url);
	sigwait(&signals, &got);
	atomic_store(&sim.stop, 1);
	pthread_join(acceptor, NULL);
	pthread_join(spares, NULL);
	sim_shut_connections(&sim, -1);
	MHD_stop_daemon(sim.daemon);
	json_decref(sim.counts);
	json_decref(sim.requests);
	sim_keys_clear(&sim.keys);
	return 0;
}
