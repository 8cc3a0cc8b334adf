#include "config.h"

#include "pam/ask.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pam/ask_peer.h"

static enum ask_result
nobody(const struct ask_wire *wire)
{
	(void)snprintf(wire->why, wire->size, "nobody answers at %s: %s; is "
	    "authgear-fcgi with its ask socket running, and may this program "
	    "connect (root, or the group authgear-ask)?", wire->who,
	    strerror(errno));
	return ASK_NO_LISTENER;
}

static enum ask_result
connect_to(struct ask_wire *wire)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int64_t left;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
	    wire->who);
	wire->fd = ask_wire_above(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0));
	if (wire->fd == -1)
		return ask_wire_broken(wire, strerror(errno));
	/* EAGAIN: its queue is full, and there is nothing to poll for */
	while (connect(wire->fd, (const struct sockaddr *)&address,
	    sizeof(address)) == -1) {
		if (errno != EAGAIN && errno != EINTR)
			return nobody(wire);
		left = wire->end - ask_wire_now();
		if (left <= 0)
			return ask_wire_late(wire);
		(void)poll(NULL, 0, left < 10 ? (int)left : 10);
	}
	return ASK_ANSWERED;
}

enum ask_result
ask(const struct pam_options *options, const struct ask_question *question,
    int64_t end, struct answer *answer, char *why, size_t size)
{
	struct ask_wire wire = { .who = options->socket, .end = end,
	    .deadline = options->deadline, .why = why, .size = size,
	    .fd = -1 };
	enum ask_result result;

	result = connect_to(&wire);
	if (result == ASK_ANSWERED && ask_peer_check(wire.fd, options->socket,
	    options->daemon_user, why, size) == -1)
		result = ASK_FOREIGN;
	if (result == ASK_ANSWERED)
		result = ask_wire_send(&wire, options, question);
	if (result == ASK_ANSWERED)
		result = ask_wire_receive(&wire, answer);
	if (wire.fd != -1)
		(void)close(wire.fd);
	return result;
}
