/*
 * The connection layer with a handler that grants everything: what a request
 * costs before anything is decided.  For benches and tests only.
 *
 * usage: noop_gate [--threads N] --listen ADDRESS...
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/grant.h"
#include "fcgi/layer/server.h"

static struct server *running;	/* for the signal handler */

static void
on_signal(int number)
{
	(void)number;
	server_stop(running);
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

static enum server_step
serve(void *thread, struct server_request *request)
{
	static const char reply[] = BENCH_GRANT;
	const char *value;

	(void)thread;
	(void)server_request_param(request, "HTTP_AUTHORIZATION", &value);
	(void)server_request_reply(request, reply, sizeof(reply) - 1);
	return SERVER_ANSWERED;
}

int
main(int argc, char **argv)
{
	static const struct option words[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "threads", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 }
	};
	struct listener listeners[LISTENER_MAX];
	struct server_handler handler = {
		.thread_begin = thread_begin,
		.serve = serve,
		.resume = serve,
		.thread_end = thread_end
	};
	struct server_options options;
	struct error error;
	size_t count = 0, i;
	int option, ret = 1;

	handler.context = &handler;
	error_clear(&error);
	server_options_init(&options);
	while ((option = getopt_long(argc, argv, "l:t:", words, NULL)) != -1) {
		if (option == 't')
			options.threads = (unsigned int)atoi(optarg);
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
	(void)signal(SIGINT, on_signal);
	if (server_run(running, &error) == 0)
		ret = 0;
done:
	if (ret != 0)
		(void)fprintf(stderr, "noop_gate: %s\n", error_text(&error));
	for (i = 0; i < count; i++)
		listener_close(&listeners[i]);
	server_free(running);
	return ret;
}
