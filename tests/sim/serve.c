#include "sim.h"

#include <sys/socket.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Every connection has a thread of libmicrohttpd, so a fault may sleep here;
 * and it may write what libmicrohttpd would never send straight into the
 * socket, because MHD_NO makes it close the connection without a word.
 */

#define HUGE_LEN ((size_t)3 * 1024 * 1024)

struct body {
	char *data;
	size_t len;
};

static const char type_json[] = "application/json";
static const char type_text[] = "text/plain; charset=utf-8";

static int
fd_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_CONNECTION_FD);
	return info != NULL ? info->connect_fd : -1;
}

void
sim_on_connection(void *context, struct MHD_Connection *connection,
    void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	struct sim *sim = context;
	int started = code == MHD_CONNECTION_NOTIFY_STARTED;
	int fd = fd_of(connection);

	(void)socket_context;
	if (started)
		atomic_fetch_add(&sim->connections, 1);
	if (fd < 0 || fd >= SIM_MAX_SOCKETS)
		return;
	pthread_mutex_lock(&sim->lock);
	sim->sockets[fd] = started ? 1 : 0;
	pthread_mutex_unlock(&sim->lock);
}

void
sim_shut_connections(struct sim *sim, int but)
{
	int fd;

	pthread_mutex_lock(&sim->lock);
	for (fd = 0; fd < SIM_MAX_SOCKETS; fd++) {
		if (sim->sockets[fd] && fd != but)
			shutdown(fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&sim->lock);
}

static double
seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Until the time is over, the simulator ends or the client has gone. */
static void
pause_for(const struct sim *sim, int fd, double seconds)
{
	struct pollfd gone = { fd, POLLRDHUP, 0 };
	double end = seconds_now() + seconds;
	double left = seconds;

	while (left > 0 && !atomic_load(&sim->stop)) {
		if (poll(&gone, 1, left > 0.05 ? 50 : (int)(left * 1e3) + 1))
			return;
		left = end - seconds_now();
	}
}

static int
put(int fd, const char *data, size_t len)
{
	struct pollfd room = { fd, POLLOUT, 0 };
	ssize_t sent;

	while (len > 0) {
		if (poll(&room, 1, 10000) != 1)
			return -1;
		if ((sent = send(fd, data, len, MSG_NOSIGNAL)) < 0)
			return -1;
		data += sent;
		len -= (size_t)sent;
	}
	return 0;
}

static void
drip(const struct sim *sim, int fd, const char *text, double seconds)
{
	for (; *text != '\0' && !atomic_load(&sim->stop); text++) {
		if (put(fd, text, 1) == -1)
			return;
		pause_for(sim, fd, seconds);
	}
}

/* The true document as text, "{}\n" where there is none; to be freed. */
static char *
document_text(struct sim *sim, const char *path)
{
	json_t *document = sim_document(sim, path);
	char *compact = json_dumps(document, JSON_COMPACT);
	char *text = NULL;

	if (asprintf(&text, "%s\n", compact != NULL ? compact : "{}") == -1)
		abort();
	free(compact);
	json_decref(document);
	return text;
}

static void
send_raw(struct sim *sim, int fd, const struct sim_fault *fault,
    const char *path)
{
	static const char bad_line[] = "HTTP/1.1 two hundred\r\n\r\n";
	static const char half_head[] = "HTTP/1.1 200 OK\r\nContent-Type: app";
	char *body = document_text(sim, path);
	size_t len = strlen(body);
	char *text = NULL;

	if (asprintf(&text, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s"
	    "Content-Length: %zu\r\n\r\n%s", type_json,
	    fault->kind == FAULT_DOUBLE_LENGTH ? "Content-Length: 2\r\n" : "",
	    len, body) == -1)
		abort();
	if (fault->kind == FAULT_DRIP)
		drip(sim, fd, text, fault->seconds);
	else if (fault->kind == FAULT_BAD_STATUS_LINE)
		(void)!(put(fd, bad_line, strlen(bad_line)) == 0 &&
		    put(fd, body, len) == 0);
	else if (fault->kind == FAULT_CUT_HEAD)
		put(fd, half_head, strlen(half_head));
	else if (fault->kind == FAULT_CUT_BODY)
		put(fd, text, strlen(text) - len / 2);
	else
		put(fd, text, strlen(text));
	free(text);
	free(body);
}

/* The headers that Authgear gives to its documents. */
static void
add_headers(struct MHD_Response *response)
{
	static const char *const fixed[][2] = {
		{ "Access-Control-Allow-Origin", "*" },
		{ "Access-Control-Max-Age", "900" },
		{ "Permissions-Policy", "camera=(), geolocation=(), usb=()" },
		{ "Vary", "User-Agent" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		{ "X-Robots-Tag", "noindex, nofollow" },
	};
	char nonce[33], value[200];
	size_t i;

	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		MHD_add_response_header(response, fixed[i][0], fixed[i][1]);
	sim_random_hex(nonce, 32);
	snprintf(value, sizeof(value), "script-src 'self' https: 'nonce-%s' "
	    "'strict-dynamic'; object-src 'none'; base-uri 'none'; "
	    "frame-ancestors 'none'", nonce);
	MHD_add_response_header(response, "Content-Security-Policy", value);
	snprintf(value, sizeof(value), "csp_nonce=%s; Path=/; HttpOnly",
	    nonce);
	MHD_add_response_header(response, "Set-Cookie", value);
}

static enum MHD_Result
send_body(struct MHD_Connection *connection, unsigned int status,
    const char *type, char *body, const char *location)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	response = MHD_create_response_from_buffer(strlen(body), body,
	    MHD_RESPMEM_MUST_FREE);
	MHD_add_response_header(response, "Content-Type", type);
	add_headers(response);
	if (location != NULL)
		MHD_add_response_header(response, "Location", location);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
send_text(struct MHD_Connection *connection, unsigned int status,
    const char *type, const char *text)
{
	return send_body(connection, status, type, strdup(text), NULL);
}

static enum MHD_Result
send_huge(struct MHD_Connection *connection)
{
	char *text;

	if ((text = malloc(HUGE_LEN + 1)) == NULL)
		return MHD_NO;
	memset(text, ' ', HUGE_LEN);
	text[0] = '{';
	text[HUGE_LEN - 1] = '}';
	text[HUGE_LEN] = '\0';
	return send_body(connection, 200, type_json, text, NULL);
}

static enum MHD_Result
serve_true(struct sim *sim, struct MHD_Connection *connection,
    const char *method, const char *path)
{
	if (!sim_has_document(path))
		return send_text(connection, 404, type_text,
		    "404 page not found\n");
	if (strcmp(method, "GET") != 0)
		return send_text(connection, 405, type_text,
		    "Method Not Allowed\n");
	return send_body(connection, 200, type_json, document_text(sim, path),
	    NULL);
}

static enum MHD_Result
serve(struct sim *sim, struct MHD_Connection *connection,
    const char *method, const char *path)
{
	struct sim_fault fault = sim_fault_take(&sim->faults, path);
	int fd = fd_of(connection);

	switch (fault.kind) {
	case FAULT_NONE:
		break;
	case FAULT_DELAY:
		pause_for(sim, fd, fault.seconds);
		break;
	case FAULT_HANG:
		pause_for(sim, fd, fault.seconds);
		return MHD_NO;
	case FAULT_DROP:
		return MHD_NO;
	case FAULT_STATUS:
		return send_text(connection, (unsigned int)fault.status,
		    type_text, "fault\n");
	case FAULT_HUGE:
		return send_huge(connection);
	case FAULT_MALFORMED:
		return send_text(connection, 200, type_json, "{\"keys\":[");
	case FAULT_EMPTY:
		return send_text(connection, 200, type_json, "{\"keys\":[]}");
	case FAULT_REDIRECT:
		return send_body(connection, 307, "text/html", strdup(""),
		    fault.location);
	case FAULT_WRONG_TYPE:
		return send_text(connection, 200, "text/html",
		    "<html>sign in to the network</html>");
	case FAULT_DRIP:
	case FAULT_BAD_STATUS_LINE:
	case FAULT_CUT_HEAD:
	case FAULT_CUT_BODY:
	case FAULT_DOUBLE_LENGTH:
		send_raw(sim, fd, &fault, path);
		return MHD_NO;
	}
	return serve_true(sim, connection, method, path);
}

static enum MHD_Result
collect_header(void *context, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	(void)kind;
	json_object_set_new(context, name, json_string(value ? value : ""));
	return MHD_YES;
}

static void
count(struct sim *sim, struct MHD_Connection *connection, const char *method,
    const char *path)
{
	json_t *headers = json_object();
	json_int_t seen;

	MHD_get_connection_values(connection, MHD_HEADER_KIND, collect_header,
	    headers);
	pthread_mutex_lock(&sim->lock);
	seen = json_integer_value(json_object_get(sim->counts, path));
	json_object_set_new(sim->counts, path, json_integer(seen + 1));
	json_array_append_new(sim->requests, json_pack("{s:s, s:s, s:o}",
	    "method", method, "path", path, "headers", headers));
	if (json_array_size(sim->requests) > SIM_MAX_REQUESTS)
		json_array_remove(sim->requests, 0);
	pthread_mutex_unlock(&sim->lock);
}

static enum MHD_Result
control(struct sim *sim, struct MHD_Connection *connection, const char *path,
    const struct body *body)
{
	struct MHD_Response *response;
	enum MHD_Result result;
	json_t *answer;
	char *text;
	int status;

	answer = sim_control(sim, path, body->data, body->len,
	    fd_of(connection), &status);
	text = json_dumps(answer, JSON_COMPACT);
	json_decref(answer);
	if (text == NULL)
		return MHD_NO;
	response = MHD_create_response_from_buffer(strlen(text), text,
	    MHD_RESPMEM_MUST_FREE);
	MHD_add_response_header(response, "Content-Type", type_json);
	result = MHD_queue_response(connection, (unsigned int)status,
	    response);
	MHD_destroy_response(response);
	return result;
}

enum MHD_Result
sim_on_request(void *context, struct MHD_Connection *connection,
    const char *path, const char *method, const char *version,
    const char *data, size_t *len, void **request_context)
{
	struct sim *sim = context;
	struct body *body = *request_context;
	char *grown;

	(void)version;
	if (body == NULL) {
		*request_context = calloc(1, sizeof(*body));
		return *request_context != NULL ? MHD_YES : MHD_NO;
	}
	if (*len > 0) {
		if (*len > SIM_MAX_BODY - body->len || (grown = realloc(
		    body->data, body->len + *len)) == NULL)
			return MHD_NO;
		memcpy(grown + body->len, data, *len);
		body->data = grown;
		body->len += *len;
		*len = 0;
		return MHD_YES;
	}
	if (strncmp(path, "/_sim/", 6) == 0)
		return control(sim, connection, path, body);
	count(sim, connection, method, path);
	return serve(sim, connection, method, path);
}

void
sim_on_completed(void *context, struct MHD_Connection *connection,
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
