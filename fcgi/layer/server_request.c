#include "fcgi/layer/server_request.h"

#include <sys/socket.h>

#include <string.h>
#include <unistd.h>

#include "fcgi/layer/server_private.h"

enum server_role
server_request_role(const struct server_request *request)
{
	return request->role;
}

enum listener_serve
server_request_serve(const struct server_request *request)
{
	return request->listener->serve;
}

int
server_request_is_too_large(const struct server_request *request)
{
	return request->is_too_large;
}

char *const *
server_request_params(const struct server_request *request)
{
	return connection_params(request->connection);
}

long
server_request_peer_uid(const struct server_request *request)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (!request->listener->is_unix || getsockopt(request->fd, SOL_SOCKET,
	    SO_PEERCRED, &peer, &len) == -1 || len != sizeof(peer))
		return -1;
	return (long)peer.uid;
}

void
server_request_attach(struct server_request *request, void *pointer)
{
	request->attached = pointer;
}

void *
server_request_attached(const struct server_request *request)
{
	return request->attached;
}

int
server_request_reply(struct server_request *request, const char *bytes,
    size_t len)
{
	static const char start[] = "Status: ";

	if (request->reply_len != 0 || len > SERVER_REPLY_MAX ||
	    len < sizeof(start) ||
	    memcmp(bytes, start, sizeof(start) - 1) != 0) {
		request->reply_failed = 1;
		return -1;
	}
	memcpy(request->reply, bytes, len);
	request->reply_len = len;
	return 0;
}

unsigned int
server_request_places(unsigned int max_connections)
{
	const unsigned int half = max_connections / 2;

	return half < SERVER_PARKED_MAX ? half : SERVER_PARKED_MAX;
}

int
server_request_may_park(struct server_request *request)
{
	struct server *server = request->server;
	const unsigned int limit =
	    server_request_places(server->options.max_connections);
	int ret;

	(void)pthread_mutex_lock(&server->lock);
	if (!request->has_place && !server->is_stopping &&
	    server->places < limit) {
		request->has_place = 1;
		server->places++;
	}
	ret = request->has_place;
	(void)pthread_mutex_unlock(&server->lock);
	return ret;
}

void
server_request_wake(struct server_request *request)
{
	struct server *server = request->server;
	const uint64_t one = 1;
	int is_ready = 0;

	(void)pthread_mutex_lock(&server->lock);
	if (request->state == SLOT_PARKED) {
		TAILQ_REMOVE(&server->parked, request, link);
		request->state = SLOT_READY;
		TAILQ_INSERT_TAIL(&server->ready, request, link);
		is_ready = 1;
	} else if (request->state == SLOT_BUSY)
		request->is_woken = 1;
	(void)pthread_mutex_unlock(&server->lock);
	/* cannot fail: the count is bounded by the parked requests */
	if (is_ready && write(server->wake_fd, &one, sizeof(one)) == -1)
		return;
}
