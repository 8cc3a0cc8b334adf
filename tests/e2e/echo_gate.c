/*
 * The connection layer with a handler that tells what arrived.  What it does
 * is said by the parameter TEST: absent or `echo`, tell the parameters;
 * `empty`, answer without a reply; `park`, answer from another thread's wake;
 * `early`, be woken before it is parked; `stuck`, be parked and never woken.
 */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "tests/e2e/bare_gate.h"
#include "fcgi/layer/server_request.h"
#include "ground/buffer.h"
#include "ground/params.h"

static enum server_step
echo(void *thread, struct server_request *request)
{
	struct buffer buffer;
	char *const *param;

	(void)thread;
	buffer_init(&buffer, SERVER_REPLY_MAX);
	(void)buffer_append_format(&buffer, "Status: 200 OK\r\n"
	    "X-Uid: %ld\r\n\r\n", server_request_peer_uid(request));
	for (param = server_request_params(request); *param != NULL; param++)
		if (strlen(*param) < 1000)
			(void)buffer_append_format(&buffer, "%s\n", *param);
	(void)server_request_reply(request, buffer.data, buffer.len);
	buffer_clear(&buffer);
	return SERVER_ANSWERED;
}

static void *
wake_later(void *argument)
{
	static const struct timespec briefly = { 0, 20 * 1000 * 1000 };

	(void)nanosleep(&briefly, NULL);
	server_request_wake(argument);
	return NULL;
}

static enum server_step
serve(void *thread, struct server_request *request)
{
	const char *what;
	pthread_t waker;

	if (params_find(server_request_params(request), "TEST", &what) !=
	    PARAMS_ONCE ||
	    strcmp(what, "echo") == 0)
		return echo(thread, request);
	if (strcmp(what, "empty") == 0 || !server_request_may_park(request))
		return SERVER_ANSWERED;
	if (strcmp(what, "early") == 0)
		server_request_wake(request);
	else if (strcmp(what, "park") == 0) {
		if (pthread_create(&waker, NULL, wake_later, request) != 0)
			return SERVER_ANSWERED;
		(void)pthread_detach(waker);
	}
	return SERVER_PARKED;
}

int
main(int argc, char **argv)
{
	static const struct bare_gate gate = { "echo_gate", serve, echo, 300 };

	return bare_gate_run(&gate, argc, argv);
}
