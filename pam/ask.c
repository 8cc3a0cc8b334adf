#include "config.h"

#include "pam/ask.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/sockios.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pam/ask_peer.h"
#include "pam/helper.h"

#define MARGIN_MSECS 20		/* until who comes next is asked */

/* Who did not take the question till now does not look it up, and there is
 * another one to ask.  Where there is none, all of the time is waited for. */
static int64_t
taken_until(const struct pam_options *options, int64_t end)
{
	const int64_t kept = helper_kept_msecs(options);

	return kept == 0 ? end : end - kept - MARGIN_MSECS;
}

static enum ask_result
nobody_took(const struct ask_wire *wire)
{
	(void)snprintf(wire->why, wire->size, "nobody took the question at "
	    "%s; is authgear-fcgi running, and does it hang?", wire->who);
	return ASK_NO_LISTENER;
}

static enum ask_result
nobody(const struct ask_wire *wire)
{
	(void)snprintf(wire->why, wire->size, "nobody answers at %s: %s; is "
	    "authgear-fcgi with its ask socket running, and may this program "
	    "connect (root, or in the group authgear-ask when it was "
	    "started)?", wire->who,
	    strerror(errno));
	return ASK_NO_LISTENER;
}

static enum ask_result
connect_to(struct ask_wire *wire, int64_t until)
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
		left = until - ask_wire_now();
		if (left <= 0)
			return until < wire->end ? nobody_took(wire) :
			    ask_wire_late(wire);
		(void)poll(NULL, 0, left < 10 ? (int)left : 10);
	}
	return ASK_ANSWERED;
}

/* The kernel knows what of it nobody has read; where it does not tell, the
 * question counts as taken. */
static enum ask_result
await_taken(const struct ask_wire *wire, int64_t until)
{
	struct pollfd answer = { .fd = wire->fd, .events = POLLIN };
	int64_t left;
	int unread = 0, rc;

	while ((left = until - ask_wire_now()) > 0) {
		rc = poll(&answer, 1, (int)left);
		if (rc > 0 || (rc == -1 && errno != EINTR))
			return ASK_ANSWERED;
	}
	if (until == wire->end || ioctl(wire->fd, SIOCOUTQ, &unread) == -1 ||
	    unread <= 0)
		return ASK_ANSWERED;
	return nobody_took(wire);
}

enum ask_result
ask(const struct pam_options *options, const struct ask_question *question,
    int64_t end, struct answer *answer, char *why, size_t size)
{
	struct ask_wire wire = { .who = options->socket, .end = end,
	    .deadline = options->deadline, .why = why, .size = size,
	    .fd = -1 };
	const int64_t until = taken_until(options, end);
	enum ask_result result;

	result = connect_to(&wire, until);
	if (result == ASK_ANSWERED && ask_peer_check(wire.fd, options->socket,
	    options->daemon_user, why, size) == -1)
		result = ASK_FOREIGN;
	if (result == ASK_ANSWERED)
		result = ask_wire_send(&wire, options, question);
	if (result == ASK_ANSWERED)
		result = await_taken(&wire, until);
	if (result == ASK_ANSWERED)
		result = ask_wire_receive(&wire, answer);
	if (wire.fd != -1)
		(void)close(wire.fd);
	return result;
}
