/*
 * The connection layer with a handler that tells what arrived.  What it does
 * is said by the parameter TEST: absent or `echo`, tell the parameters;
 * `empty`, answer without a reply; `park`, answer from another thread's wake;
 * `early`, be woken before it is parked; `stuck`, be parked and never woken.
 *
 * usage: echo_gate [--threads N] [--max-connections N] [--per-uid N]
 *     [--request-msecs N] --listen ADDRESS...
 */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fcgi/layer/server.h"
#include "ground/buffer.h"

static struct server *running;	/* for the signal handler */

static void
on_signal(int number)
{
	(void)number;
	/* which promises to be fit for a handler: */
	server_stop(running);	/* NOLINT(bugprone-signal-handler) */
}

static void *
thread_begin(void *context, unsigned int index)
{
	(void)index;
	return context;
}

static void
thread_end(void *thread)
{
	(void)thread;
}

static void
abandon(void *thread, struct server_request *request)
{
	(void)thread;
	(void)request;
}

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

	if (server_request_param(request, "TEST", &what) != PARAMS_ONCE ||
	    strcmp(what, "echo") == 0)
		return echo(thread, request);
	if (strcmp(what, "empty") == 0 || !server_may_park(request))
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

static unsigned int
number(const char *text)
{
	return (unsigned int)strtoul(text, NULL, 10);
}

int
main(int argc, char **argv)
{
	static const struct option words[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "max-connections", required_argument, NULL, 'm' },
		{ "per-uid", required_argument, NULL, 'u' },
		{ "request-msecs", required_argument, NULL, 'r' },
		{ "threads", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 }
	};
	struct listener listeners[LISTENER_MAX];
	struct server_handler handler = {
		.thread_begin = thread_begin, .serve = serve,
		.resume = echo, .abandon = abandon, .thread_end = thread_end
	};
	struct server_options options;
	struct error error;
	size_t count = 0, i;
	int option, ret = 1;

	handler.context = &handler;
	error_clear(&error);
	server_options_init(&options);
	options.drain_msecs = 300;
	while ((option = getopt_long(argc, argv, "", words, NULL)) != -1) {
		if (option == 't')
			options.threads = number(optarg);
		else if (option == 'm')
			options.max_connections = number(optarg);
		else if (option == 'u')
			options.max_per_uid = number(optarg);
		else if (option == 'r')
			options.request_msecs = number(optarg);
		else if (option != 'l' || count == LISTENER_MAX ||
		    listener_parse(optarg, &listeners[count], &error) == -1 ||
		    listener_open(&listeners[count], &error) == -1)
			goto done;
		else
			count++;
	}
	running = server_new(&handler, &options, listeners, count, &error);
	if (running == NULL)
		goto done;
	(void)signal(SIGTERM, on_signal);
	if (server_run(running, &error) == 0)
		ret = 0;
	(void)signal(SIGTERM, SIG_IGN);	/* a second one: it is freed below */
done:
	if (ret != 0)
		(void)fprintf(stderr, "echo_gate: %s\n", error_text(&error));
	for (i = 0; i < count; i++)
		listener_close(&listeners[i]);
	server_free(running);
	return ret;
}
