#include "fcgi/layer/server_slot.h"

#include <sys/epoll.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fcgi/layer/server_uid.h"

static const char canned[] =
    "Status: 500 Internal Server Error\r\n"
    "Content-Type: application/json\r\n"
    "Cache-Control: no-store\r\n"
    "\r\n"
    "{\"error\":\"server_error\"}\n";

int64_t
server_slot_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- under the lock */

static void
release_locked(struct server *server, struct server_request *slot)
{
	if (slot->held == NULL)
		return;
	explicit_bzero(slot->held, slot->held_len);
	free(slot->held);
	server->held_total -= slot->held_len;
	slot->held = NULL;
	slot->held_len = 0;
}

/* The descriptor, for the caller to close: its number is not used again
 * before, so that need not be under the lock. */
static int
vacate_locked(struct server *server, struct server_request *slot)
{
	int fd = slot->fd;

	server_uid_leave(server, slot);
	release_locked(server, slot);
	if (slot->has_place)
		server->places--;
	slot->has_place = 0;
	slot->state = SLOT_FREE;
	slot->fd = -1;
	server->connections--;
	return fd;
}

static void
close_locked(struct server *server, struct server_request *slot)
{
	(void)close(vacate_locked(server, slot));
}

static struct server_request *
oldest(struct slot_list *list)
{
	struct server_request *best = NULL, *slot;

	for (slot = TAILQ_FIRST(list); slot != NULL;
	    slot = TAILQ_NEXT(slot, link)) {
		if (best == NULL || slot->deadline < best->deadline)
			best = slot;
	}
	return best;
}

int
server_slot_evict(struct server *server)
{
	struct slot_list *list = &server->half;
	struct server_request *slot;

	slot = oldest(list);
	if (slot == NULL) {
		list = &server->idle;
		slot = oldest(list);
	}
	if (slot == NULL)
		return 0;
	TAILQ_REMOVE(list, slot, link);
	close_locked(server, slot);
	return 1;
}

static void
sweep_list(struct server *server, struct slot_list *list, int64_t now, int all)
{
	struct server_request *next, *slot;

	for (slot = TAILQ_FIRST(list); slot != NULL; slot = next) {
		next = TAILQ_NEXT(slot, link);
		if (!all && slot->deadline > now)
			continue;
		TAILQ_REMOVE(list, slot, link);
		close_locked(server, slot);
	}
}

static struct server_request *
get_slot(struct server *server, int fd)
{
	struct server_request *slot;

	if (fd < 0 || (size_t)fd >= server->slot_count)
		return NULL;
	if (server->slots[fd] != NULL)
		return server->slots[fd];
	slot = calloc(1, sizeof(*slot));
	if (slot == NULL)
		return NULL;
	slot->server = server;
	slot->connection = connection_new();
	if (slot->connection == NULL) {
		server_slot_free(slot);
		return NULL;
	}
	server->slots[fd] = slot;
	return slot;
}

void
server_slot_free(struct server_request *slot)
{
	if (slot == NULL)
		return;
	connection_free(slot->connection);
	free(slot);
}

/* --- from the threads */

struct server_request *
server_slot_open(struct server *server, int fd, const struct listener *listener)
{
	struct server_request *ret = NULL, *slot;

	(void)pthread_mutex_lock(&server->lock);
	if (server->connections >= server->options.max_connections &&
	    !server_slot_evict(server))
		goto done;
	slot = get_slot(server, fd);
	if (slot == NULL)
		goto done;
	slot->fd = fd;
	slot->listener = listener;
	if (server_uid_enter(server, slot) == -1)
		goto done;
	slot->state = SLOT_BUSY;
	if (++slot->generation == 0)
		slot->generation = 1;
	slot->keep = 0;
	slot->is_partial = 1;
	slot->is_registered = 0;
	slot->has_event = 0;
	slot->is_woken = 0;
	slot->has_place = 0;
	slot->is_too_large = 0;
	slot->attached = NULL;
	slot->deadline = 0;
	server->connections++;
	server->busy++;
	ret = slot;
done:
	(void)pthread_mutex_unlock(&server->lock);
	return ret;
}

static int
enter_epoll(struct server *server, struct server_request *slot)
{
	struct epoll_event event;

	if (slot->is_registered)
		return 0;
	memset(&event, 0, sizeof(event));
	event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
	event.data.u64 = ((uint64_t)slot->generation << 32) |
	    (uint32_t)slot->fd;
	if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, slot->fd, &event) == -1)
		return -1;
	slot->is_registered = 1;
	return 0;
}

int
server_slot_wait(struct server_request *slot)
{
	struct server *server = slot->server;
	int64_t now;
	int ret = -1;

	now = server_slot_now();
	(void)pthread_mutex_lock(&server->lock);
	if (slot->has_event) {
		slot->has_event = 0;
		goto done;
	}
	ret = 0;
	server->busy--;
	if ((server->is_stopping && !slot->is_partial) ||
	    enter_epoll(server, slot) == -1) {
		close_locked(server, slot);
		goto done;
	}
	if (slot->is_partial) {
		if (slot->deadline == 0)
			slot->deadline = now + server->options.request_msecs;
		slot->state = SLOT_HALF;
		TAILQ_INSERT_TAIL(&server->half, slot, link);
	} else {
		slot->deadline = now + server->options.idle_msecs;
		slot->state = SLOT_IDLE;
		TAILQ_INSERT_TAIL(&server->idle, slot, link);
	}
done:
	(void)pthread_mutex_unlock(&server->lock);
	return ret;
}

struct server_request *
server_slot_take(struct server *server, unsigned int fd, uint32_t generation)
{
	struct server_request *ret = NULL, *slot;

	(void)pthread_mutex_lock(&server->lock);
	slot = fd < server->slot_count ? server->slots[fd] : NULL;
	if (slot == NULL || slot->generation != generation ||
	    slot->state == SLOT_FREE)
		goto done;
	if (slot->state == SLOT_HALF)
		TAILQ_REMOVE(&server->half, slot, link);
	else if (slot->state == SLOT_IDLE) {
		TAILQ_REMOVE(&server->idle, slot, link);
		slot->deadline = 0;
	} else {
		slot->has_event = 1;
		goto done;
	}
	slot->state = SLOT_BUSY;
	server->busy++;
	ret = slot;
done:
	(void)pthread_mutex_unlock(&server->lock);
	return ret;
}

int
server_slot_park(struct server_request *slot)
{
	struct server *server = slot->server;
	int ret = -1;

	(void)pthread_mutex_lock(&server->lock);
	if (slot->is_woken) {
		slot->is_woken = 0;
		goto done;
	}
	slot->state = SLOT_PARKED;
	TAILQ_INSERT_TAIL(&server->parked, slot, link);
	server->busy--;
	ret = 0;
done:
	(void)pthread_mutex_unlock(&server->lock);
	return ret;
}

struct server_request *
server_slot_ready(struct server *server)
{
	struct server_request *slot;

	(void)pthread_mutex_lock(&server->lock);
	slot = TAILQ_FIRST(&server->ready);
	if (slot != NULL) {
		TAILQ_REMOVE(&server->ready, slot, link);
		slot->state = SLOT_BUSY;
		slot->is_woken = 0;
		server->busy++;
	}
	(void)pthread_mutex_unlock(&server->lock);
	return slot;
}

void
server_slot_close(struct server_request *slot)
{
	struct server *server = slot->server;
	int fd;

	(void)pthread_mutex_lock(&server->lock);
	server->busy--;
	fd = vacate_locked(server, slot);
	(void)pthread_mutex_unlock(&server->lock);
	(void)close(fd);
}

int
server_slot_answer(struct server_request *slot)
{
	struct server *server = slot->server;
	const char *reply = slot->reply;
	size_t len = slot->reply_len;
	int ret;

	if (len == 0 || slot->reply_failed) {
		reply = canned;
		len = sizeof(canned) - 1;
	}
	ret = connection_end(slot->connection, reply, len);
	explicit_bzero(slot->reply, slot->reply_len);
	slot->reply_len = 0;
	slot->attached = NULL;
	(void)pthread_mutex_lock(&server->lock);
	if (slot->has_place)
		server->places--;
	slot->has_place = 0;
	slot->is_woken = 0;
	if (server->is_stopping)
		ret = -1;
	(void)pthread_mutex_unlock(&server->lock);
	return ret;
}

int
server_slot_hold(struct server_request *slot, size_t len)
{
	struct server *server = slot->server;
	int ret = -1;

	(void)pthread_mutex_lock(&server->lock);
	if (len > SERVER_HELD_MAX - server->held_total)
		goto done;
	slot->held = malloc(len);
	if (slot->held == NULL)
		goto done;
	slot->held_len = len;
	server->held_total += len;
	ret = 0;
done:
	(void)pthread_mutex_unlock(&server->lock);
	return ret;
}

void
server_slot_release(struct server_request *slot)
{
	struct server *server = slot->server;

	if (slot->held == NULL)
		return;
	(void)pthread_mutex_lock(&server->lock);
	release_locked(server, slot);
	(void)pthread_mutex_unlock(&server->lock);
}

void
server_slot_sweep(struct server *server, enum slot_sweep which)
{
	const int64_t now = server_slot_now();

	(void)pthread_mutex_lock(&server->lock);
	sweep_list(server, &server->half, now, which == SLOT_SWEEP_ALL);
	sweep_list(server, &server->idle, now, which != SLOT_SWEEP_LATE);
	(void)pthread_mutex_unlock(&server->lock);
}
