#include "fcgi/layer/connection.h"

#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FEED_SIZE 131072	/* a power of two above RECORD_COMPOSED_MAX */

struct connection {
	FCGX_Request request;
	int begun;
};

int
connection_library_init(void)
{
	static const int touched[] = { SIGPIPE, SIGTERM, SIGUSR1 };
	enum { COUNT = sizeof(touched) / sizeof(touched[0]) };
	struct sigaction saved[COUNT], ignore;
	size_t i;
	int ret;

	for (i = 0; i < COUNT; i++) {
		if (sigaction(touched[i], NULL, &saved[i]) == -1)
			return -1;
	}
	ret = FCGX_Init() == 0 ? 0 : -1;
	for (i = 0; i < COUNT; i++)
		(void)sigaction(touched[i], &saved[i], NULL);
	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	if (sigaction(SIGPIPE, &ignore, NULL) == -1)
		ret = -1;
	return ret;
}

void
connection_feed_init(struct connection_feed *feed)
{
	feed->read_fd = feed->write_fd = -1;
}

void
connection_feed_close(struct connection_feed *feed)
{
	if (feed->read_fd != -1)
		(void)close(feed->read_fd);
	if (feed->write_fd != -1)
		(void)close(feed->write_fd);
	connection_feed_init(feed);
}

int
connection_feed_open(struct connection_feed *feed)
{
	int fds[2];

	if (feed->read_fd != -1)
		return 0;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	/* may fail for an ordinary user over his quota: then large requests
	   do not fit and are dropped */
	(void)fcntl(fds[1], F_SETPIPE_SZ, FEED_SIZE);
	feed->read_fd = fds[0];
	feed->write_fd = fds[1];
	return 0;
}

static void
wipe_params(struct connection *connection)
{
	char **param;

	if (connection->request.envp == NULL)
		return;
	for (param = connection->request.envp; *param != NULL; param++)
		explicit_bzero(*param, strlen(*param));
}

void
connection_free(struct connection *connection)
{
	if (connection == NULL)
		return;
	if (connection->begun) {
		wipe_params(connection);
		FCGX_Free(&connection->request, 0);
	}
	free(connection);
}

struct connection *
connection_new(void)
{
	struct connection *connection;

	connection = calloc(1, sizeof(*connection));
	if (connection == NULL)
		return NULL;
	/* without a listening socket libfcgi can never wait in accept() */
	if (FCGX_InitRequest(&connection->request, -1,
	    FCGI_FAIL_ACCEPT_ON_INTR) != 0) {
		connection_free(connection);
		return NULL;
	}
	return connection;
}

static int
feed_it(struct connection_feed *feed, const unsigned char *bytes, size_t len)
{
	return write(feed->write_fd, bytes, len) == (ssize_t)len ? 0 : -1;
}

/* The body, which is made of zeros: libfcgi reads it through the buffer that
 * holds the parameters, and frees that as it is. */
static int
blank_buffer(FCGX_Request *request, struct connection_feed *feed, size_t len)
{
	unsigned char blank[RECORD_BLANK_MAX];
	char read[512];

	len = record_blank((unsigned int)request->requestId, len, blank);
	if (feed_it(feed, blank, len) == -1)
		return -1;
	while (FCGX_GetStr(read, sizeof(read), request->in) ==
	    (int)sizeof(read))
		;
	return 0;
}

int
connection_begin(struct connection *connection, int fd,
    struct connection_feed *feed, const unsigned char *composed, size_t len)
{
	FCGX_Request *request = &connection->request;

	if (connection_feed_open(feed) == -1)
		return -1;
	if (feed_it(feed, composed, len) == -1) {
		connection_feed_close(feed);
		return -1;
	}
	request->ipcFd = feed->read_fd;
	/* it begins by finishing: without this it would close the pipe */
	request->keepConnection = 1;
	request->detached = 1;
	if (FCGX_Accept_r(request) != 0) {
		/* it has closed its end of the pipe */
		feed->read_fd = -1;
		connection_feed_close(feed);
		request->ipcFd = -1;
		return -1;
	}
	connection->begun = 1;
	if (blank_buffer(request, feed, len) == -1)
		connection_feed_close(feed);
	request->keepConnection = 1;
	request->ipcFd = fd;
	return 0;
}

char *const *
connection_params(const struct connection *connection)
{
	return connection->request.envp;
}

int
connection_end(struct connection *connection, const char *reply, size_t len)
{
	FCGX_Request *request = &connection->request;
	int ret = -1;

	if (!connection->begun || len > 65535)
		return -1;
	if (FCGX_PutStr(reply, (int)len, request->out) == (int)len &&
	    FCGX_FClose(request->err) == 0 && FCGX_FClose(request->out) == 0)
		ret = 0;
	wipe_params(connection);
	/* not Finish: that would close the descriptor after an error, and
	   another thread might own its number already */
	FCGX_Free(request, 0);
	request->ipcFd = -1;
	connection->begun = 0;
	return ret;
}
