/*
 * The textbook libfcgi program: threads blocked in FCGX_Accept_r, a handler
 * that grants everything.  What the connection layer is compared with.
 *
 * usage: textbook [--threads N] --listen ADDRESS...
 */
#include <fcgiapp.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/grant.h"
#include "fcgi/layer/listener.h"

static void *
accept_loop(void *argument)
{
	static const char reply[] = BENCH_GRANT;
	const struct listener *listener = argument;
	FCGX_Request request;

	if (FCGX_InitRequest(&request, listener->fd, 0) != 0)
		return NULL;
	while (FCGX_Accept_r(&request) == 0) {
		(void)FCGX_GetParam("HTTP_AUTHORIZATION", request.envp);
		(void)FCGX_PutStr(reply, sizeof(reply) - 1, request.out);
		FCGX_Finish_r(&request);
	}
	return NULL;
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
	struct error error;
	pthread_t thread;
	sigset_t ends;
	size_t count = 0, i;
	int number, option, t, threads = 16;

	error_clear(&error);
	while ((option = getopt_long(argc, argv, "l:t:", words, NULL)) != -1) {
		if (option == 't')
			threads = atoi(optarg);
		else if (option != 'l' || count == LISTENER_MAX ||
		    listener_parse(optarg, &listeners[count], &error) == -1 ||
		    listener_open(&listeners[count], &error) == -1) {
			(void)fprintf(stderr, "textbook: %s\n",
			    error_text(&error));
			return 1;
		} else
			count++;
	}
	(void)FCGX_Init();
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
	for (i = 0; i < count; i++) {
		(void)fcntl(listeners[i].fd, F_SETFL, 0);
		for (t = 0; t < threads; t++)
			if (pthread_create(&thread, NULL, accept_loop,
			    &listeners[i]) != 0)
				return 1;
	}
	(void)sigwait(&ends, &number);
	for (i = 0; i < count; i++)
		listener_close(&listeners[i]);
	_exit(0);
}
