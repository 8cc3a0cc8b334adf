#include "config.h"

#include "pam/ask_wire.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "face/record.h"

int64_t
ask_wire_now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int
ask_wire_above(int fd)
{
	int above;

	if (fd == -1 || fd > STDERR_FILENO)
		return fd;
	above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	(void)close(fd);
	return above;
}

enum ask_result
ask_wire_late(const struct ask_wire *wire)
{
	(void)snprintf(wire->why, wire->size, "no answer from %s within %d s "
	    "(deadline); is it held up, or is deadline= not above "
	    "total_timeout?", wire->who, wire->deadline);
	return ASK_LATE;
}

enum ask_result
ask_wire_broken(const struct ask_wire *wire, const char *what)
{
	(void)snprintf(wire->why, wire->size, "%s: %s", wire->who, what);
	return ASK_BROKEN;
}

static enum ask_result
closed(const struct ask_wire *wire, size_t len)
{
	(void)ask_wire_broken(wire, "closed before its answer was whole");
	return len == 0 ? ASK_CLOSED : ASK_BROKEN;
}

/* ASK_ANSWERED once the descriptor is ready. */
static enum ask_result
wait_for(const struct ask_wire *wire, short events)
{
	struct pollfd wanted = { .fd = wire->fd, .events = events };
	int64_t left;
	int rc;

	do {
		left = wire->end - ask_wire_now();
		if (left <= 0)
			return ask_wire_late(wire);
		rc = poll(&wanted, 1, (int)left);
	} while (rc == 0 || (rc == -1 && errno == EINTR));
	return rc == -1 ? ask_wire_broken(wire, strerror(errno)) :
	    ASK_ANSWERED;
}

static enum ask_result
send_all(const struct ask_wire *wire, const unsigned char *bytes, size_t len)
{
	enum ask_result result;
	ssize_t n;

	while (len > 0) {
		n = send(wire->fd, bytes, len, MSG_NOSIGNAL);
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (n == -1 && errno == EAGAIN) {
			result = wait_for(wire, POLLOUT);
			if (result != ASK_ANSWERED)
				return result;
		} else if (n == 0 || errno != EINTR) {
			(void)ask_wire_broken(wire, "closed early");
			return ASK_CLOSED;
		}
	}
	return ASK_ANSWERED;
}

static enum ask_result
receive_into(const struct ask_wire *wire, unsigned char *bytes,
    struct answer *answer)
{
	enum answer_check check = ANSWER_SHORT;
	enum ask_result result;
	size_t len = 0;
	ssize_t n;

	while (check == ANSWER_SHORT) {
		result = wait_for(wire, POLLIN);
		if (result != ASK_ANSWERED)
			return result;
		n = recv(wire->fd, bytes + len, ANSWER_RECORDS_MAX - len, 0);
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return closed(wire, len);
		len += (size_t)n;
		check = answer_check(answer, 1, bytes, len);
	}
	return check == ANSWER_COMPLETE ? ASK_ANSWERED :
	    ask_wire_broken(wire, "what answers there is not authgear-fcgi");
}

enum ask_result
ask_wire_receive(const struct ask_wire *wire, struct answer *answer)
{
	unsigned char *bytes = malloc(ANSWER_RECORDS_MAX);
	enum ask_result result = ASK_NO_MEMORY;

	if (bytes != NULL)
		result = receive_into(wire, bytes, answer);
	else
		(void)snprintf(wire->why, wire->size, "out of memory");
	free(bytes);
	return result;
}

/* 0, or -1: too long. */
static int
put_all(const struct pam_options *options,
    const struct ask_question *question, unsigned char *params, size_t *len)
{
	const struct {
		const char *name, *value;
	} pairs[] = {
		{ "AUTHGEAR_ASK", "1" },
		{ "AUTHGEAR_POLICY", options->policy },
		{ "AUTHGEAR_PHASE", question->phase },
		{ "AUTHGEAR_ACCOUNT", question->account },
		{ "AUTHGEAR_CREDENTIAL", question->credential },
		{ "AUTHGEAR_SERVICE", question->service },
		{ "REMOTE_ADDR", question->address }
	};
	size_t i;

	*len = 0;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i].value != NULL && record_put_param(params, len,
		    pairs[i].name, pairs[i].value) == -1)
			return -1;
	return 0;
}

/* The question as bytes; NULL: no memory. */
static unsigned char *
compose(const struct pam_options *options,
    const struct ask_question *question, size_t *len_out)
{
	struct record_request request = { .role = RECORD_AUTHORIZER, .id = 1 };
	unsigned char *params = malloc(RECORD_PARAMS_MAX), *bytes = NULL;

	if (params == NULL)
		return NULL;
	bytes = malloc(RECORD_COMPOSED_MAX);
	if (bytes != NULL && put_all(options, question, params,
	    &request.params_len) == 0)
		*len_out = record_compose(&request, params, bytes);
	else {
		free(bytes);
		bytes = NULL;
	}
	explicit_bzero(params, RECORD_PARAMS_MAX);
	free(params);
	return bytes;
}

enum ask_result
ask_wire_send(const struct ask_wire *wire, const struct pam_options *options,
    const struct ask_question *question)
{
	enum ask_result result = ASK_NO_MEMORY;
	unsigned char *bytes;
	size_t len = 0;

	bytes = compose(options, question, &len);
	if (bytes == NULL) {
		(void)snprintf(wire->why, wire->size, "out of memory");
		return result;
	}
	result = send_all(wire, bytes, len);
	explicit_bzero(bytes, RECORD_COMPOSED_MAX);
	free(bytes);
	return result;
}
