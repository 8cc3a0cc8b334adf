#include "live.h"

#include <sys/socket.h>

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

static enum MHD_Result
send_answer(struct MHD_Connection *connection,
    const struct sim_answer *answer)
{
	struct MHD_Response *response;
	enum MHD_Result result;
	const json_t *pair;
	const char *value;
	size_t i;

	response = MHD_create_response_from_buffer(strlen(answer->body),
	    answer->body, MHD_RESPMEM_MUST_COPY);
	json_array_foreach(answer->headers, i, pair) {
		value = json_string_value(json_array_get(pair, 1));
		/* it refuses an empty value, but a blank is the same */
		MHD_add_response_header(response,
		    json_string_value(json_array_get(pair, 0)),
		    value[0] != '\0' ? value : " ");
	}
	result = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
send_body(struct MHD_Connection *connection, unsigned int status,
    const char *type, const char *body, const char *location)
{
	struct sim_answer answer = { .headers = json_array() };
	enum MHD_Result result;

	sim_answer_body(&answer, status, type, body);
	sim_answer_headers(&answer);
	if (location != NULL)
		sim_answer_add(&answer, "Location", location);
	result = send_answer(connection, &answer);
	sim_answer_clear(&answer);
	return result;
}

static enum MHD_Result
send_huge(struct MHD_Connection *connection)
{
	enum MHD_Result result;
	char *text;

	if ((text = malloc(HUGE_LEN + 1)) == NULL)
		return MHD_NO;
	memset(text, ' ', HUGE_LEN);
	text[0] = '{';
	text[HUGE_LEN - 1] = '}';
	text[HUGE_LEN] = '\0';
	result = send_body(connection, 200, type_json, text, NULL);
	free(text);
	return result;
}

static enum MHD_Result
serve_true(struct sim *sim, struct MHD_Connection *connection,
    const struct sim_request *request, const struct sim_fault *fault)
{
	struct sim_answer answer;
	enum MHD_Result result = MHD_NO;

	sim_true_answer(sim, request, fault, &answer);
	switch ((int)fault->kind) {
	case FAULT_DRIP:
	case FAULT_BAD_STATUS_LINE:
	case FAULT_CUT_HEAD:
	case FAULT_CUT_BODY:
	case FAULT_DOUBLE_LENGTH:
		sim_send_raw(sim, fd_of(connection), fault, &answer);
		break;
	default:
		result = send_answer(connection, &answer);
		break;
	}
	sim_answer_clear(&answer);
	return result;
}

static enum MHD_Result
serve(struct sim *sim, struct MHD_Connection *connection,
    const struct sim_request *request)
{
	struct sim_fault fault = sim_fault_take(&sim->faults, request->path);
	int fd = fd_of(connection);

	switch ((int)fault.kind) {
	case FAULT_DELAY:
		sim_pause(sim, fd, fault.seconds);
		break;
	case FAULT_HANG:
		sim_pause(sim, fd, fault.seconds);
		return MHD_NO;
	case FAULT_DROP:
		return MHD_NO;
	case FAULT_STATUS:
		return send_body(connection, (unsigned int)fault.status,
		    type_text, "fault\n", NULL);
	case FAULT_HUGE:
		return send_huge(connection);
	case FAULT_MALFORMED:
		return send_body(connection, 200, type_json, "{\"keys\":[",
		    NULL);
	case FAULT_EMPTY:
		return send_body(connection, 200, type_json,
		    "{\"keys\":[]}", NULL);
	case FAULT_REDIRECT:
		return send_body(connection, 307, "text/html", "",
		    fault.location);
	case FAULT_WRONG_TYPE:
		return send_body(connection, 200, "text/html",
		    "<html>sign in to the network</html>", NULL);
	default:		/* the true answer, or nearly so */
		break;
	}
	return serve_true(sim, connection, request, &fault);
}

static enum MHD_Result
collect_pair(void *context, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	(void)kind;
	json_array_append_new(context, json_pack("[s, s]", name,
	    value != NULL ? value : ""));
	return MHD_YES;
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
	json_t *headers = json_object(), *lines = json_array();
	struct timespec now;
	json_int_t seen;

	MHD_get_connection_values(connection, MHD_HEADER_KIND, collect_header,
	    headers);
	MHD_get_connection_values(connection, MHD_HEADER_KIND, collect_pair,
	    lines);
	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&sim->lock);
	seen = json_integer_value(json_object_get(sim->counts, path));
	json_object_set_new(sim->counts, path, json_integer(seen + 1));
	json_array_append_new(sim->requests, json_pack(
	    "{s:s, s:s, s:f, s:o, s:o}", "method", method, "path", path,
	    "at", (double)now.tv_sec + (double)now.tv_nsec / 1e9,
	    "headers", headers, "lines", lines));
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
	struct sim_request request;
	enum MHD_Result result;
	json_t *headers, *query;
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
	headers = json_array();
	MHD_get_connection_values(connection, MHD_HEADER_KIND, collect_pair,
	    headers);
	query = json_object();
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND,
	    collect_header, query);
	request = (struct sim_request){ method, path, headers, body->data,
	    body->len, query };
	result = serve(sim, connection, &request);
	json_decref(query);
	json_decref(headers);
	return result;
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
