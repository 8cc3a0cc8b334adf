#include "live.h"

#include <sys/socket.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double
seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Until the time is over, the simulator ends or the client has gone. */
void
sim_pause(const struct sim *sim, int fd, double seconds)
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
		sim_pause(sim, fd, seconds);
	}
}

/* As it goes over the wire; to be freed. */
static char *
wire_text(const struct sim_answer *answer, const struct sim_fault *fault)
{
	size_t i, len, promised = strlen(answer->body);
	const json_t *pair;
	char *text = NULL;
	FILE *out;

	if ((out = open_memstream(&text, &len)) == NULL)
		abort();
	if (fault->kind == FAULT_BAD_STATUS_LINE)
		fprintf(out, "HTTP/1.1 two hundred\r\n");
	else
		fprintf(out, "HTTP/1.1 %u OK\r\n", answer->status);
	json_array_foreach(answer->headers, i, pair)
		fprintf(out, "%s: %s\r\n",
		    json_string_value(json_array_get(pair, 0)),
		    json_string_value(json_array_get(pair, 1)));
	if (fault->kind == FAULT_DOUBLE_LENGTH)
		fprintf(out, "Content-Length: 2\r\n");
	/* nothing cannot be cut, so more is promised */
	if (fault->kind == FAULT_CUT_BODY && promised == 0)
		promised = 2;
	fprintf(out, "Content-Length: %zu\r\n\r\n%s", promised,
	    answer->body);
	fclose(out);
	return text;
}

void
sim_send_raw(struct sim *sim, int fd, const struct sim_fault *fault,
    const struct sim_answer *answer)
{
	char *text = wire_text(answer, fault);
	size_t body = strlen(answer->body);
	size_t head = strlen(text) - body;

	if (fault->kind == FAULT_DRIP)
		drip(sim, fd, text, fault->seconds);
	else if (fault->kind == FAULT_CUT_HEAD)
		put(fd, text, head / 2);
	else if (fault->kind == FAULT_CUT_BODY)
		put(fd, text, head + body - body / 2);
	else
		put(fd, text, head + body);
	free(text);
}
