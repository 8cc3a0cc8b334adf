#include "fcgi/layer/listener_inherit.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_FD 3
#define NAME_MAX_LEN 64

union address {
	struct sockaddr any;
	struct sockaddr_un un;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

/* A whole decimal number, or -1. */
static long
number(const char *text)
{
	char *end;
	long value;

	if (text == NULL || *text < '0' || *text > '9')
		return -1;
	errno = 0;
	value = strtol(text, &end, 10);
	return errno != 0 || *end != '\0' ? -1 : value;
}

/* What a socket of this name serves; 0, or -1 if there is no such name. */
static int
serve_of(const char *name, size_t len, enum listener_serve *serve_out)
{
	static const struct {
		const char *name;
		enum listener_serve serve;
	} rows[] = {
		{ "auth", LISTENER_SERVE_AUTH },
		{ "unknown", LISTENER_SERVE_AUTH },
		{ "login", LISTENER_SERVE_LOGIN },
		{ "ask", LISTENER_SERVE_ASK }
	};
	size_t i, wanted;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wanted = strlen(rows[i].name);
		if (len < wanted || memcmp(name, rows[i].name, wanted) != 0)
			continue;
		*serve_out = rows[i].serve;
		if (len == wanted || (len > wanted + 1 &&
		    name[wanted] == '-' && strcmp(rows[i].name, "unknown") !=
		    0))
			return 0;
	}
	return -1;
}

/* What is it bound to?  0, or -1 if that is nothing we serve. */
static int
read_address(int fd, struct listener *out)
{
	union address address;
	socklen_t len = sizeof(address);

	memset(&address, 0, sizeof(address));
	if (getsockname(fd, &address.any, &len) == -1)
		return -1;
	if (address.any.sa_family == AF_UNIX) {
		out->is_unix = 1;
		/* an abstract socket has no path: anybody can connect */
		if (address.un.sun_path[0] != '/')
			return -1;
		(void)snprintf(out->path, sizeof(out->path), "%.*s",
		    (int)sizeof(out->path) - 1, address.un.sun_path);
		(void)snprintf(out->text, sizeof(out->text), "unix:%s",
		    out->path);
		return 0;
	}
	if (address.any.sa_family == AF_INET &&
	    ntohl(address.ipv4.sin_addr.s_addr) == INADDR_LOOPBACK)
		out->port = ntohs(address.ipv4.sin_port);
	else if (address.any.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_LOOPBACK(&address.ipv6.sin6_addr)) {
		out->is_ipv6 = 1;
		out->port = ntohs(address.ipv6.sin6_port);
	} else
		return -1;
	(void)snprintf(out->text, sizeof(out->text), "%s:%u",
	    out->is_ipv6 ? "[::1]" : "127.0.0.1", out->port);
	return 0;
}

static int
take(int fd, struct listener *out, struct error *error)
{
	socklen_t len = sizeof(int);
	int flags, is_listening = 0, type = 0;

	memset(out, 0, sizeof(*out));
	out->serve = LISTENER_SERVE_AUTH;
	out->group = (gid_t)-1;
	out->fd = -1;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    type != SOCK_STREAM || (len = sizeof(int), getsockopt(fd,
	    SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len)) == -1 ||
	    !is_listening) {
		error_set(error, "descriptor %d is not a listening stream "
		    "socket", fd);
		return -1;
	}
	if (read_address(fd, out) == -1) {
		error_set(error, "descriptor %d is bound neither to a path "
		    "nor to 127.0.0.1 or [::1]", fd);
		return -1;
	}
	flags = fcntl(fd, F_GETFL);
	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1) {
		error_set(error, "descriptor %d: %s", fd, strerror(errno));
		return -1;
	}
	out->fd = fd;
	return 0;
}

static int
refuse_name(const char *name, size_t len, struct error *error)
{
	error_set(error, "socket name '%.*s' is not auth, login or ask, alone "
	    "or with -... behind it (FileDescriptorName=)",
	    (int)(len > NAME_MAX_LEN ? NAME_MAX_LEN : len), name);
	return -1;
}

int
listener_inherit(const struct listener_inherit *from, struct listener *out,
    size_t max, size_t *count_out, struct error *error)
{
	enum listener_serve serve = LISTENER_SERVE_AUTH;
	const char *name = from->names;
	size_t i, len;
	long count;

	*count_out = 0;
	if (from->fds == NULL || number(from->pid) != (long)from->our_pid)
		return 0;
	count = number(from->fds);
	if (count < 0 || (size_t)count > max) {
		error_set(error, "LISTEN_FDS must be a number up to %zu", max);
		return -1;
	}
	for (i = 0; i < (size_t)count; i++) {
		if (from->names != NULL) {
			if (name == NULL)
				return refuse_name("", 0, error);
			len = strcspn(name, ":");
			if (serve_of(name, len, &serve) == -1)
				return refuse_name(name, len, error);
			name = name[len] == ':' ? name + len + 1 : NULL;
		}
		if (take(FIRST_FD + (int)i, &out[i], error) == -1)
			return -1;
		out[i].serve = serve;
		if (serve == LISTENER_SERVE_ASK && !out[i].is_unix) {
			error_set(error, "%s: ask is for unix sockets only",
			    out[i].text);
			return -1;
		}
	}
	*count_out = (size_t)count;
	return 0;
}
