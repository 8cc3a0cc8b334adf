#include "config.h"

#include "pam/ask.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "face/record.h"
#include "pam/ask_peer.h"

/* One question on its way. */
struct ask {
	const struct pam_options *options;
	char *why;
	size_t size;
	int fd;
	int64_t end;		/* monotonic milliseconds */
};

static int64_t
now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static enum ask_result
late(const struct ask *ask)
{
	(void)snprintf(ask->why, ask->size, "no answer from %s within %d s "
	    "(deadline)", ask->options->socket, ask->options->deadline);
	return ASK_LATE;
}

static enum ask_result
broken(const struct ask *ask, const char *what)
{
	(void)snprintf(ask->why, ask->size, "%s: %s", ask->options->socket,
	    what);
	return ASK_BROKEN;
}

/* ASK_ANSWERED once the descriptor is ready. */
static enum ask_result
wait_for(const struct ask *ask, short events)
{
	struct pollfd wanted = { .fd = ask->fd, .events = events };
	int64_t left;
	int rc;

	do {
		left = ask->end - now();
		if (left <= 0)
			return late(ask);
		rc = poll(&wanted, 1, (int)left);
	} while (rc == 0 || (rc == -1 && errno == EINTR));
	return rc == -1 ? broken(ask, strerror(errno)) : ASK_ANSWERED;
}

/* A host may have closed 0 to 2, where others would then write. */
static int
make_socket(void)
{
	int fd, above;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 || fd > STDERR_FILENO)
		return fd;
	above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	(void)close(fd);
	return above;
}

static enum ask_result
connect_to(struct ask *ask)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int64_t left;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
	    ask->options->socket);
	ask->fd = make_socket();
	if (ask->fd == -1)
		return broken(ask, strerror(errno));
	/* EAGAIN: its queue is full, and there is nothing to poll for */
	while (connect(ask->fd, (const struct sockaddr *)&address,
	    sizeof(address)) == -1) {
		if (errno != EAGAIN && errno != EINTR) {
			(void)snprintf(ask->why, ask->size, "nobody answers at "
			    "%s: %s; is authgear-fcgi with its ask socket "
			    "running, and may this program connect (root, or "
			    "the group authgear-ask)?",
			    ask->options->socket, strerror(errno));
			return ASK_NO_LISTENER;
		}
		left = ask->end - now();
		if (left <= 0)
			return late(ask);
		(void)poll(NULL, 0, left < 10 ? (int)left : 10);
	}
	return ask_peer_check(ask->fd, ask->options->socket,
	    ask->options->daemon_user, ask->why, ask->size) == -1 ?
	    ASK_FOREIGN : ASK_ANSWERED;
}

static enum ask_result
send_all(const struct ask *ask, const unsigned char *bytes, size_t len)
{
	enum ask_result result;
	ssize_t n;

	while (len > 0) {
		n = send(ask->fd, bytes, len, MSG_NOSIGNAL);
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (n == -1 && errno == EAGAIN) {
			result = wait_for(ask, POLLOUT);
			if (result != ASK_ANSWERED)
				return result;
		} else if (n == 0 || errno != EINTR)
			return broken(ask, "closed early");
	}
	return ASK_ANSWERED;
}

static enum ask_result
receive(const struct ask *ask, unsigned char *bytes, struct answer *answer)
{
	enum answer_check check = ANSWER_SHORT;
	enum ask_result result;
	size_t len = 0;
	ssize_t n;

	while (check == ANSWER_SHORT) {
		result = wait_for(ask, POLLIN);
		if (result != ASK_ANSWERED)
			return result;
		n = recv(ask->fd, bytes + len, ANSWER_RECORDS_MAX - len, 0);
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return broken(ask, "closed before its answer was "
			    "whole");
		len += (size_t)n;
		check = answer_check(answer, bytes, len);
	}
	return check == ANSWER_COMPLETE ? ASK_ANSWERED :
	    broken(ask, "what answers there is not authgear-fcgi");
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
ask(const struct pam_options *options, const struct ask_question *question,
    struct answer *answer, char *why, size_t size)
{
	struct ask ask = { .options = options, .why = why, .size = size,
	    .fd = -1 };
	enum ask_result result = ASK_NO_MEMORY;
	unsigned char *bytes, *got;
	size_t len = 0;

	(void)snprintf(why, size, "out of memory");
	ask.end = now() + (int64_t)options->deadline * 1000;
	bytes = compose(options, question, &len);
	got = malloc(ANSWER_RECORDS_MAX);
	if (bytes == NULL || got == NULL)
		goto done;
	result = connect_to(&ask);
	if (result == ASK_ANSWERED)
		result = send_all(&ask, bytes, len);
	if (result == ASK_ANSWERED)
		result = receive(&ask, got, answer);
done:
	if (ask.fd != -1)
		(void)close(ask.fd);
	if (bytes != NULL)
		explicit_bzero(bytes, RECORD_COMPOSED_MAX);
	free(bytes);
	free(got);
	return result;
}
