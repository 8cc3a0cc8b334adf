#include "sim.h"

#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Connections are accepted here.  While a fault is set that libmicrohttpd
 * will not send, the request's path is peeked, and a request that meets the
 * fault is answered by a thread of its own; everything else goes on to
 * libmicrohttpd.
 */

struct raw {
	struct sim *sim;
	int fd;
	struct sim_fault fault;
	char path[512];
};

static void
put(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void
pause_for(const struct sim *sim, double seconds)
{
	struct timespec step = { 0, 20000000 };
	double waited;

	for (waited = 0; waited < seconds && !atomic_load(&sim->stop);
	    waited += 0.02)
		nanosleep(&step, NULL);
}

/* The true document, a byte each time. */
static void
drip(const struct raw *raw, const char *text)
{
	double seconds = raw->fault.seconds > 0 ? raw->fault.seconds : 0.2;

	for (; *text != '\0' && !atomic_load(&raw->sim->stop); text++) {
		if (send(raw->fd, text, 1, MSG_NOSIGNAL) != 1)
			return;
		pause_for(raw->sim, seconds);
	}
}

static void
send_raw(const struct raw *raw)
{
	json_t *document = sim_document(raw->sim, raw->path);
	char *body = document ? json_dumps(document, JSON_COMPACT) :
	    strdup("{}");
	char head[256];

	json_decref(document);
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    strlen(body));
	switch ((int)raw->fault.kind) {
	case FAULT_HANG:
		pause_for(raw->sim, raw->fault.seconds > 0 ?
		    raw->fault.seconds : 3600);
		break;
	case FAULT_DRIP:
		drip(raw, head);
		drip(raw, body);
		break;
	case FAULT_BAD_STATUS_LINE:
		put(raw->fd, "HTTP/1.1 two hundred\r\n\r\n");
		put(raw->fd, body);
		break;
	case FAULT_CUT_HEAD:
		put(raw->fd, "HTTP/1.1 200 OK\r\nContent-Type: appl");
		break;
	case FAULT_CUT_BODY:
		put(raw->fd, head);
		body[strlen(body) / 2] = '\0';
		put(raw->fd, body);
		break;
	case FAULT_DOUBLE_LENGTH:
		snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n"
		    "Content-Type: application/json\r\n"
		    "Content-Length: 2\r\nContent-Length: %zu\r\n\r\n",
		    strlen(body));
		put(raw->fd, head);
		put(raw->fd, body);
		break;
	default:		/* FAULT_DROP */
		break;
	}
	free(body);
}

static void *
raw_thread(void *argument)
{
	struct raw *raw = argument;
	char request[4096];

	sim_count(raw->sim, "GET", raw->path, json_object());
	(void)!recv(raw->fd, request, sizeof(request), MSG_DONTWAIT);
	send_raw(raw);
	shutdown(raw->fd, SHUT_RDWR);
	close(raw->fd);
	free(raw);
	return NULL;
}

/* The path of the request line that has come, "" if none has. */
static void
peek_path(int fd, char path[512])
{
	struct pollfd wait = { fd, POLLIN, 0 };
	char line[1024] = "";
	ssize_t got;

	path[0] = '\0';
	if (poll(&wait, 1, 2000) != 1)
		return;
	got = recv(fd, line, sizeof(line) - 1, MSG_PEEK | MSG_DONTWAIT);
	if (got <= 0)
		return;
	line[got] = '\0';
	if (sscanf(line, "%*15s %511[^ ?\r\n]", path) != 1)
		path[0] = '\0';
}

static int
meets_raw_fault(struct sim *sim, int fd)
{
	struct raw *raw;
	pthread_t thread;
	pthread_attr_t detached;
	int started;

	if (sim->tls || !sim_fault_any_raw(&sim->faults))
		return 0;
	if ((raw = calloc(1, sizeof(*raw))) == NULL)
		return 0;
	raw->sim = sim;
	raw->fd = fd;
	peek_path(fd, raw->path);
	if (strncmp(raw->path, "/_sim/", 6) != 0 && raw->path[0] != '\0')
		raw->fault = sim_fault_take(&sim->faults, raw->path, 1);
	if (raw->fault.kind == FAULT_NONE) {
		free(raw);
		return 0;
	}
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	started = pthread_create(&thread, &detached, raw_thread, raw) == 0;
	pthread_attr_destroy(&detached);
	if (!started) {
		free(raw);
		close(fd);
	}
	return 1;
}

static void *
peek_thread(void *argument)
{
	struct raw *pair = argument;
	struct sim *sim = pair->sim;
	int fd = pair->fd;
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	free(pair);
	if (meets_raw_fault(sim, fd))
		return NULL;
	if (getpeername(fd, (struct sockaddr *)&peer, &len) == -1 ||
	    MHD_add_connection(sim->daemon, fd, (struct sockaddr *)&peer,
	    len) != MHD_YES)
		(void)0;	/* libmicrohttpd closes it */
	return NULL;
}

static void
take(struct sim *sim, int fd)
{
	struct raw *pair;
	pthread_t thread;

	atomic_fetch_add(&sim->connections, 1);
	if ((pair = calloc(1, sizeof(*pair))) == NULL) {
		close(fd);
		return;
	}
	pair->sim = sim;
	pair->fd = fd;
	if (!sim_fault_any_raw(&sim->faults)) {
		peek_thread(pair);
		return;
	}
	if (pthread_create(&thread, NULL, peek_thread, pair) != 0) {
		free(pair);
		close(fd);
		return;
	}
	pthread_detach(thread);
}

void
sim_wire_accept(struct sim *sim)
{
	struct pollfd wait = { sim->listener, POLLIN, 0 };
	int fd;

	while (!atomic_load(&sim->stop)) {
		if (poll(&wait, 1, 200) != 1)
			continue;
		fd = accept4(sim->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd != -1)
			take(sim, fd);
	}
}
