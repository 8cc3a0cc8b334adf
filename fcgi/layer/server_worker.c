#include "fcgi/layer/server_worker.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fcgi/layer/server_private.h"
#include "fcgi/layer/server_slot.h"

#define ACCEPTS_IN_A_ROW 16

/* Put what is left of the input aside until more comes. */
static int
hold(struct server_thread *thread, struct server_request *slot, size_t at,
    size_t len)
{
	if (len == at)
		return 0;
	if (server_slot_hold(slot, len - at) == -1)
		return -1;
	memcpy(slot->held, thread->bytes + at, len - at);
	return 0;
}

/* The rest of a request whose parameters were too many by now. */
static enum record_answer
look_over(struct server_thread *thread, struct server_request *slot,
    struct record_request *request)
{
	enum record_answer answer = RECORD_SHORT;
	ssize_t n;

	memset(request, 0, sizeof(*request));
	request->role = slot->skip.role;
	request->id = slot->skip.id;
	while (answer == RECORD_SHORT) {
		n = recv(slot->fd, thread->bytes, sizeof(thread->bytes),
		    MSG_DONTWAIT);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == -1 && errno == EAGAIN ? RECORD_SHORT :
			    RECORD_BAD;
		answer = record_skip(&slot->skip, thread->bytes, (size_t)n);
		explicit_bzero(thread->bytes, (size_t)n);
	}
	return answer;
}

/*
 * Read what has come.  Until the request is complete its bytes are held by
 * us: left in the socket, small writes would fill the peer's buffer.
 */
static enum record_answer
look(struct server_thread *thread, struct server_request *slot,
    struct record_request *request)
{
	enum record_answer answer = RECORD_SHORT;
	size_t len = slot->held_len;
	ssize_t n = -1;

	if (slot->is_too_large)
		return look_over(thread, slot, request);
	if (len > 0)
		memcpy(thread->bytes, slot->held, len);
	server_slot_release(slot);
	if (len > 0)
		answer = record_check(thread->bytes, len, request,
		    thread->params);
	while (answer == RECORD_SHORT && len < sizeof(thread->bytes)) {
		n = recv(slot->fd, thread->bytes + len,
		    sizeof(thread->bytes) - len, MSG_DONTWAIT);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
		answer = record_check(thread->bytes, len, request,
		    thread->params);
	}
	slot->is_partial = slot->is_partial || len > 0;
	if (answer == RECORD_SHORT && (len == sizeof(thread->bytes) ||
	    n == 0 || errno != EAGAIN))
		answer = RECORD_BAD;
	else if (answer == RECORD_COMPLETE && hold(thread, slot, request->len,
	    len) == -1)
		request->keep = 0;
	else if (answer == RECORD_SHORT && hold(thread, slot, 0, len) == -1)
		answer = RECORD_BAD;
	else if (answer == RECORD_TOO_LARGE) {
		slot->is_too_large = 1;
		record_skip_init(&slot->skip, request);
		answer = record_skip(&slot->skip, thread->bytes + request->len,
		    len - request->len);
	}
	explicit_bzero(thread->bytes, len);
	if (slot->is_too_large && answer == RECORD_SHORT)
		return look_over(thread, slot, request);
	return answer;
}

/* 0: the handler may be asked; 1: it must not, canned; -1: nothing begun. */
static int
begin(struct server_thread *thread, struct server_request *slot,
    const struct record_request *request)
{
	size_t len;
	int rc;

	len = record_compose(request, thread->params, thread->composed);
	rc = connection_begin(slot->connection, slot->fd, &thread->feed,
	    thread->composed, len);
	explicit_bzero(thread->composed, len);
	explicit_bzero(thread->params, request->params_len);
	if (rc == -1)
		return -1;
	slot->role = request->role == RECORD_AUTHORIZER ? SERVER_AUTHORIZER :
	    SERVER_RESPONDER;
	slot->keep = request->keep && !slot->is_too_large;
	slot->is_partial = 0;
	slot->deadline = 0;
	slot->attached = NULL;
	slot->reply_len = 0;
	slot->reply_failed = 0;
	return request->is_odd;
}

/* From a step of the handler on.  0: answered and kept; -1: not ours now. */
static int
follow(struct server_thread *thread, struct server_request *slot,
    enum server_step step)
{
	struct server *server = thread->server;
	int has_place;

	while (step == SERVER_PARKED) {
		(void)pthread_mutex_lock(&server->lock);
		has_place = slot->has_place;
		(void)pthread_mutex_unlock(&server->lock);
		if (!has_place)
			break;
		if (server_slot_park(slot) == 0)
			return -1;
		step = server->handler->resume(thread->handler_thread, slot);
	}
	if (server_slot_answer(slot) == 0 && slot->keep)
		return 0;
	server_slot_close(slot);
	return -1;
}

/* Serve a BUSY slot until it has no complete request any more. */
static void
work(struct server_thread *thread, struct server_request *slot)
{
	struct server *server = thread->server;
	enum server_step step;
	struct record_request request;
	int rc;

	for (;;) {
		switch (look(thread, slot, &request)) {
		case RECORD_SHORT:
			if (server_slot_wait(slot) == 0)
				return;
			continue;
		case RECORD_COMPLETE:
			break;
		case RECORD_TOO_LARGE:
		case RECORD_BAD:
		default:
			server_slot_close(slot);
			return;
		}
		rc = begin(thread, slot, &request);
		if (rc == -1) {
			server_slot_close(slot);
			return;
		}
		step = SERVER_ANSWERED;
		if (rc == 0)
			step = server->handler->serve(thread->handler_thread,
			    slot);
		if (follow(thread, slot, step) == -1)
			return;
	}
}

static void
pause_briefly(void)
{
	static const struct timespec briefly = { 0, 10 * 1000 * 1000 };

	(void)nanosleep(&briefly, NULL);
}

/*
 * No descriptor left: close a connection that only waits, else turn one away
 * with the descriptor held in reserve; the queue must not stay full for ever.
 */
static void
relieve(struct server *server, const struct listener *listener)
{
	int fd, relieved = 0;

	(void)pthread_mutex_lock(&server->lock);
	if (server_slot_evict(server))
		relieved = 1;
	else if (server->reserve_fd != -1) {
		(void)close(server->reserve_fd);
		fd = accept4(listener->fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd != -1)
			(void)close(fd);
		server->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		relieved = fd != -1;
	}
	if (server->reserve_fd == -1)
		server->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	(void)pthread_mutex_unlock(&server->lock);
	if (!relieved)
		pause_briefly();
}

/*
 * Not until the queue is empty: where it never is, threads would not come
 * back to requests that were woken or arrive in pieces.
 */
static void
accept_some(struct server_thread *thread, const struct listener *listener)
{
	struct server *server = thread->server;
	struct server_request *slot;
	const int on = 1;
	int fd, i;

	for (i = 0; i < ACCEPTS_IN_A_ROW; i++) {
		fd = accept4(listener->fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd == -1 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd == -1 && (errno == EMFILE || errno == ENFILE ||
		    errno == ENOBUFS || errno == ENOMEM))
			relieve(server, listener);
		if (fd == -1)
			return;
		if (!listener->is_unix)
			(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
			    sizeof(on));
		slot = server_slot_open(server, fd, listener);
		if (slot == NULL) {
			(void)close(fd);
			continue;
		}
		work(thread, slot);
	}
}

/* Unless the server stops; while a thread does so, the drain is not over. */
static void
accept_if_open(struct server_thread *thread, const struct listener *listener)
{
	struct server *server = thread->server;
	int is_open;

	(void)pthread_mutex_lock(&server->lock);
	is_open = !server->is_stopping;
	if (is_open)
		server->accepting++;
	(void)pthread_mutex_unlock(&server->lock);
	if (!is_open)
		return;
	accept_some(thread, listener);
	(void)pthread_mutex_lock(&server->lock);
	server->accepting--;
	(void)pthread_mutex_unlock(&server->lock);
}

static void
resume_one(struct server_thread *thread)
{
	struct server *server = thread->server;
	struct server_request *slot;
	uint64_t value;

	/* a semaphore: every wake is read by one thread */
	if (read(server->wake_fd, &value, sizeof(value)) != sizeof(value))
		return;
	slot = server_slot_ready(server);
	if (slot == NULL)
		return;
	if (follow(thread, slot, server->handler->resume(
	    thread->handler_thread, slot)) == 0)
		work(thread, slot);
}

static void
serve_events(struct server_thread *thread)
{
	struct server *server = thread->server;
	struct server_request *slot;
	struct epoll_event event;
	uint32_t generation, number;

	for (;;) {
		if (epoll_wait(server->epoll_fd, &event, 1, -1) != 1)
			continue;
		generation = (uint32_t)(event.data.u64 >> 32);
		number = (uint32_t)event.data.u64;
		if (generation != 0) {
			slot = server_slot_take(server, number, generation);
			if (slot != NULL)
				work(thread, slot);
		} else if (number == SERVER_EVENT_QUIT)
			return;
		else if (number == SERVER_EVENT_WAKE)
			resume_one(thread);
		else
			accept_if_open(thread, &server->listeners[number]);
	}
}

/* 0, or -1; says to server_run() that it is over. */
static int
begin_thread(struct server_thread *thread)
{
	struct server *server = thread->server;
	int ret = 0;

	connection_feed_init(&thread->feed);
	thread->handler_thread = server->handler->thread_begin(
	    server->handler->context, thread->index);
	if (thread->handler_thread == NULL ||
	    connection_feed_open(&thread->feed) == -1)
		ret = -1;
	(void)pthread_mutex_lock(&server->lock);
	server->begun++;
	if (ret == -1)
		server->begin_failed = 1;
	(void)pthread_cond_signal(&server->begun_changed);
	(void)pthread_mutex_unlock(&server->lock);
	return ret;
}

void *
server_worker_main(void *argument)
{
	struct server_thread *thread = argument;

	if (begin_thread(thread) == 0)
		serve_events(thread);
	if (thread->handler_thread != NULL)
		thread->server->handler->thread_end(thread->handler_thread);
	connection_feed_close(&thread->feed);
	return NULL;
}
