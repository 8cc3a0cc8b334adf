#include "fcgi/layer/server.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/layer/server_private.h"
#include "fcgi/layer/server_slot.h"
#include "fcgi/layer/server_worker.h"

#define SWEEP_MSECS 250
#define DRAIN_STEP_MSECS 10
/* Accepted, and its request still on the way: whoever connected is at work,
 * or holds the stop up for no longer than this. */
#define DRAIN_HALF_MSECS 500
#define SLOTS_SPARE 1024	/* descriptors that are no connections */

void
server_options_init(struct server_options *options)
{
	memset(options, 0, sizeof(*options));
	options->threads = 4;
	options->max_connections = 1024;
	options->request_msecs = 5000;
	options->idle_msecs = 60000;
	options->drain_msecs = 3000;
}

static int
watch(struct server *server, int fd, uint32_t number, uint32_t how)
{
	struct epoll_event event;

	memset(&event, 0, sizeof(event));
	event.events = EPOLLIN | how;
	event.data.u64 = number;
	return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int
open_descriptors(struct server *server)
{
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->quit_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK |
	    EFD_SEMAPHORE);
	server->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (server->epoll_fd == -1 || server->stop_fd == -1 ||
	    server->quit_fd == -1 || server->wake_fd == -1 ||
	    server->reserve_fd == -1)
		return -1;
	if (watch(server, server->quit_fd, SERVER_EVENT_QUIT, 0) == -1 ||
	    watch(server, server->wake_fd, SERVER_EVENT_WAKE,
	    EPOLLEXCLUSIVE) == -1)
		return -1;
	return 0;
}

struct server *
server_new(const struct server_handler *handler,
    const struct server_options *options, const struct listener *listeners,
    size_t listener_count, struct error *error)
{
	struct server *server;

	if (connection_library_init() == -1) {
		error_set(error, "libfcgi cannot be initialised");
		return NULL;
	}
	server = calloc(1, sizeof(*server));
	if (server == NULL)
		goto failed;
	server->handler = handler;
	server->options = *options;
	server->listeners = listeners;
	server->listener_count = listener_count;
	server->epoll_fd = server->stop_fd = server->wake_fd = -1;
	server->quit_fd = server->reserve_fd = -1;
	TAILQ_INIT(&server->half);
	TAILQ_INIT(&server->idle);
	TAILQ_INIT(&server->parked);
	TAILQ_INIT(&server->ready);
	(void)pthread_mutex_init(&server->lock, NULL);
	(void)pthread_cond_init(&server->begun_changed, NULL);
	server->slot_count = options->max_connections + SLOTS_SPARE;
	server->slots = calloc(server->slot_count, sizeof(*server->slots));
	if (server->slots == NULL || open_descriptors(server) == -1)
		goto failed;
	return server;
failed:
	error_set(error, "cannot set up the server: %s", strerror(errno));
	server_free(server);
	return NULL;
}

void
server_free(struct server *server)
{
	int fds[5];
	size_t i;

	if (server == NULL)
		return;
	for (i = 0; server->slots != NULL && i < server->slot_count; i++)
		server_slot_free(server->slots[i]);
	free(server->slots);
	fds[0] = server->epoll_fd;
	fds[1] = server->stop_fd;
	fds[2] = server->wake_fd;
	fds[3] = server->quit_fd;
	fds[4] = server->reserve_fd;
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] != -1)
			(void)close(fds[i]);
	}
	(void)pthread_cond_destroy(&server->begun_changed);
	(void)pthread_mutex_destroy(&server->lock);
	free(server);
}

void
server_stop(struct server *server)
{
	const uint64_t one = 1;
	const int saved = errno;

	if (write(server->stop_fd, &one, sizeof(one)) == -1) {
		/* only if it is full of stops already */
	}
	errno = saved;
}

static void
wait_for_stop(struct server *server)
{
	struct pollfd stop = { .fd = server->stop_fd, .events = POLLIN };

	while (poll(&stop, 1, SWEEP_MSECS) != 1)
		server_slot_sweep(server, SLOT_SWEEP_LATE);
}

static void
drain(struct server *server)
{
	const int64_t begun = server_slot_now();
	const int64_t end = begun + server->options.drain_msecs;
	int is_empty = 0;
	size_t i;

	for (i = 0; i < server->listener_count; i++)
		(void)epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL,
		    server->listeners[i].fd, NULL);
	(void)pthread_mutex_lock(&server->lock);
	server->is_stopping = 1;
	(void)pthread_mutex_unlock(&server->lock);
	server_slot_sweep(server, SLOT_SWEEP_IDLE);
	while (!is_empty && server_slot_now() < end) {
		if (server_slot_now() >= begun + DRAIN_HALF_MSECS)
			server_slot_sweep(server, SLOT_SWEEP_ALL);
		(void)pthread_mutex_lock(&server->lock);
		is_empty = server->connections == 0 && server->accepting == 0;
		(void)pthread_mutex_unlock(&server->lock);
		if (!is_empty)
			(void)poll(NULL, 0, DRAIN_STEP_MSECS);
	}
}

/* No thread is left, but one that wakes may still be about. */
static void
abandon_list(struct server *server, struct slot_list *list)
{
	struct server_request *slot;

	for (;;) {
		(void)pthread_mutex_lock(&server->lock);
		slot = TAILQ_FIRST(list);
		if (slot != NULL) {
			TAILQ_REMOVE(list, slot, link);
			slot->state = SLOT_BUSY;
			server->busy++;
		}
		(void)pthread_mutex_unlock(&server->lock);
		if (slot == NULL)
			return;
		if (server->handler->abandon != NULL)
			server->handler->abandon(NULL, slot);
		slot->reply_len = 0;
		(void)server_slot_answer(slot);
		server_slot_close(slot);
	}
}

static unsigned int
start_threads(struct server *server, struct server_thread *threads,
    struct error *error)
{
	sigset_t all, saved;
	unsigned int i;
	int rc;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &saved);
	for (i = 0; i < server->options.threads; i++) {
		threads[i].server = server;
		threads[i].index = i;
		rc = pthread_create(&threads[i].thread, NULL,
		    server_worker_main, &threads[i]);
		if (rc != 0) {
			error_set(error, "cannot start a thread: %s",
			    strerror(rc));
			break;
		}
	}
	(void)pthread_sigmask(SIG_SETMASK, &saved, NULL);
	return i;
}

/*
 * Accept only when every thread has what it needs: the connections of the
 * first one could take the descriptors of the last.
 */
static void
open_doors(struct server *server, unsigned int started, struct error *error)
{
	int is_good;
	size_t i;

	(void)pthread_mutex_lock(&server->lock);
	while (server->begun < started)
		(void)pthread_cond_wait(&server->begun_changed, &server->lock);
	is_good = started == server->options.threads && !server->begin_failed;
	(void)pthread_mutex_unlock(&server->lock);
	for (i = 0; is_good && i < server->listener_count; i++) {
		if (watch(server, server->listeners[i].fd, (uint32_t)i,
		    EPOLLEXCLUSIVE) == 0)
			continue;
		error_set(error, "%s: %s", server->listeners[i].text,
		    strerror(errno));
		is_good = 0;
	}
	server->is_failed = !is_good;
	if (!is_good)
		server_stop(server);
	else if (server->handler->ready != NULL)
		server->handler->ready(server->handler->ready_context);
}

int
server_run(struct server *server, struct error *error)
{
	struct server_thread *threads;
	const uint64_t one = 1;
	unsigned int i, started;
	int ret = -1;

	threads = calloc(server->options.threads, sizeof(*threads));
	if (threads == NULL || server->ran) {
		error_set(error, "the server cannot be run");
		goto done;
	}
	server->ran = 1;
	started = start_threads(server, threads, error);
	open_doors(server, started, error);
	wait_for_stop(server);
	drain(server);
	while (write(server->quit_fd, &one, sizeof(one)) == -1 &&
	    errno == EINTR)
		;
	for (i = 0; i < started; i++)
		(void)pthread_join(threads[i].thread, NULL);
	abandon_list(server, &server->parked);
	abandon_list(server, &server->ready);
	server_slot_sweep(server, SLOT_SWEEP_ALL);
	if (server->begin_failed)
		error_set(error, "a thread could not be set up");
	if (!server->is_failed)
		ret = 0;
done:
	free(threads);
	return ret;
}
