#include "tests/e2e/bare_gate.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

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

static unsigned int
number(const char *text)
{
	return (unsigned int)strtoul(text, NULL, 10);
}

int
bare_gate_run(const struct bare_gate *gate, int argc, char **argv)
{
	static const struct option words[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "max-connections", required_argument, NULL, 'm' },
		{ "request-msecs", required_argument, NULL, 'r' },
		{ "threads", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 }
	};
	struct listener listeners[LISTENER_MAX];
	struct server_handler handler = {
		.thread_begin = thread_begin, .serve = gate->serve,
		.resume = gate->resume, .abandon = abandon,
		.thread_end = thread_end
	};
	struct server_options options;
	struct error error;
	size_t count = 0, i;
	int option, ret = 1;

	handler.context = &handler;
	error_clear(&error);
	server_options_init(&options);
	if (gate->drain_msecs != 0)
		options.drain_msecs = gate->drain_msecs;
	while ((option = getopt_long(argc, argv, "", words, NULL)) != -1) {
		if (option == 't')
			options.threads = number(optarg);
		else if (option == 'm')
			options.max_connections = number(optarg);
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
	(void)signal(SIGINT, on_signal);
	if (server_run(running, &error) == 0)
		ret = 0;
	/* a second one: it is freed below */
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
done:
	if (ret != 0)
		(void)fprintf(stderr, "%s: %s\n", gate->name,
		    error_text(&error));
	for (i = 0; i < count; i++)
		listener_close(&listeners[i]);
	server_free(running);
	return ret;
}
