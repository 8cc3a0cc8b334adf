#include "fcgi/layer/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SPEC_MAX 400

static int
parse_number(const char *text, int base, unsigned long max,
    unsigned long *out)
{
	unsigned long digit, value = 0;

	*out = 0;
	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text >= '0' + base)
			return -1;
		digit = (unsigned long)(*text - '0');
		value = value * (unsigned long)base + digit;
		if (value > max)
			return -1;
	}
	*out = value;
	return 0;
}

static int
parse_address(const char *address, struct listener *out, struct error *error)
{
	static const char unix_[] = "unix:", ipv4[] = "127.0.0.1:";
	static const char ipv6[] = "[::1]:";
	const char *port;
	unsigned long value;

	(void)snprintf(out->text, sizeof(out->text), "%s", address);
	if (strncmp(address, unix_, sizeof(unix_) - 1) == 0) {
		address += sizeof(unix_) - 1;
		if (address[0] != '/' || strlen(address) >= sizeof(out->path)) {
			error_set(error, "listen: '%s' must be an absolute "
			    "path of less than %zu bytes", address,
			    sizeof(out->path));
			return -1;
		}
		(void)snprintf(out->path, sizeof(out->path), "%s", address);
		out->is_unix = 1;
		return 0;
	}
	if (strncmp(address, ipv4, sizeof(ipv4) - 1) == 0)
		port = address + sizeof(ipv4) - 1;
	else if (strncmp(address, ipv6, sizeof(ipv6) - 1) == 0) {
		port = address + sizeof(ipv6) - 1;
		out->is_ipv6 = 1;
	} else {
		error_set(error, "listen: '%s' is not unix:/path, "
		    "127.0.0.1:PORT or [::1]:PORT", address);
		return -1;
	}
	if (parse_number(port, 10, 65535, &value) == -1) {
		error_set(error, "listen: '%s' is not a port", port);
		return -1;
	}
	out->port = (unsigned int)value;
	return 0;
}

/* Whoever connects over TCP has no uid. */
static int
parse_serve(const char *serve, struct listener *out)
{
	if (strcmp(serve, "auth") == 0)
		out->serve = LISTENER_SERVE_AUTH;
	else if (strcmp(serve, "login") == 0)
		out->serve = LISTENER_SERVE_LOGIN;
	else if (strcmp(serve, "ask") == 0 && out->is_unix)
		out->serve = LISTENER_SERVE_ASK;
	else
		return -1;
	return 0;
}

/* One option; *seen tells which came before. */
static int
parse_option(const char *option, struct listener *out, unsigned int *seen,
    struct error *error)
{
	struct group *group;
	unsigned long value;
	unsigned int bit;

	if (strncmp(option, "serve=", 6) == 0 &&
	    parse_serve(option + 6, out) == 0) {
		bit = 1;
	} else if (strncmp(option, "mode=", 5) == 0 && out->is_unix) {
		bit = 2;
		if (parse_number(option + 5, 8, 0777, &value) == -1) {
			error_set(error, "listen: '%s' is not an octal mode "
			    "up to 0777", option);
			return -1;
		}
		out->mode = (mode_t)value;
	} else if (strncmp(option, "group=", 6) == 0 && out->is_unix) {
		bit = 4;
		group = getgrnam(option + 6);
		if (group == NULL) {
			error_set(error, "listen: there is no group '%s'",
			    option + 6);
			return -1;
		}
		out->group = group->gr_gid;
	} else {
		error_set(error, "listen: '%s' is no option here (serve=auth "
		    "or login; for unix: also serve=ask, mode=, group=)",
		    option);
		return -1;
	}
	if ((*seen & bit) != 0) {
		error_set(error, "listen: '%s' is there twice", option);
		return -1;
	}
	*seen |= bit;
	return 0;
}

static void
init(struct listener *out)
{
	memset(out, 0, sizeof(*out));
	out->serve = LISTENER_SERVE_AUTH;
	out->fd = -1;
	out->mode = 0660;
	out->group = (gid_t)-1;
}

int
listener_parse(const char *spec, struct listener *out, struct error *error)
{
	char copy[SPEC_MAX], *next, *part;
	unsigned int seen = 0;

	init(out);
	if (strlen(spec) >= sizeof(copy)) {
		error_set(error, "listen: too long");
		return -1;
	}
	(void)snprintf(copy, sizeof(copy), "%s", spec);
	next = copy;
	part = strsep(&next, ",");
	if (parse_address(part, out, error) == -1)
		return -1;
	while ((part = strsep(&next, ",")) != NULL) {
		if (parse_option(part, out, &seen, error) == -1)
			return -1;
	}
	return 0;
}

/* --- opening */

static void
fill_unix(struct sockaddr_un *address, const char *path)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, path,
	    strnlen(path, sizeof(address->sun_path) - 1));
}

/* Is the path free, or a dead socket that may be replaced? */
static int
check_path(const char *path, struct error *error)
{
	struct sockaddr_un address;
	struct stat st;
	int fd, rc, why;

	if (lstat(path, &st) == -1) {
		if (errno == ENOENT)
			return 0;
		error_set(error, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (!S_ISSOCK(st.st_mode)) {
		error_set(error, "%s is there and is no socket; remove it or "
		    "listen elsewhere", path);
		return -1;
	}
	fill_unix(&address, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1) {
		error_set(error, "socket: %s", strerror(errno));
		return -1;
	}
	rc = connect(fd, (struct sockaddr *)&address, sizeof(address));
	why = rc == -1 ? errno : 0;
	(void)close(fd);
	if (why == ECONNREFUSED || why == ENOENT)
		return 0;
	error_set(error, "%s: another process listens there; stop it first",
	    path);
	return -1;
}

/* Why an address cannot be taken, and what to do about it. */
static void
refuse_bind(const struct listener *listener, int why, struct error *error)
{
	const char *advice = "";

	if (listener->is_unix && why == ENOENT)
		advice = "; make its directory first";
	else if (listener->is_unix && why == EACCES)
		advice = "; the daemon's user must be able to write its "
		    "directory, or systemd must hold the socket";
	else if (why == EACCES)
		advice = "; a port below 1024 is for root or for a socket "
		    "that systemd holds";
	else if (why == EADDRINUSE)
		advice = "; stop who listens there, or take another port";
	error_set(error, "cannot listen on %s: %s%s", listener->text,
	    strerror(why), advice);
}

/*
 * The file is bound under another name in the same directory, given its mode
 * and group, and only then renamed: nobody can connect to it before it is
 * right, and umask, which belongs to all threads, is left alone.
 */
static int
bind_unix(int fd, struct listener *listener, struct error *error)
{
	struct sockaddr_un address;
	struct stat st;
	char name[sizeof(listener->path) + 32];
	int ret = -1;

	if (check_path(listener->path, error) == -1)
		return -1;
	if (snprintf(name, sizeof(name), "%s.%ld", listener->path,
	    (long)getpid()) >= (int)sizeof(address.sun_path)) {
		error_set(error, "%s: the path is too long", listener->path);
		return -1;
	}
	fill_unix(&address, name);
	/* before listen() nobody can connect, whatever the mode */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1) {
		refuse_bind(listener, errno, error);
		return -1;
	}
	if (listener->group != (gid_t)-1 &&
	    lchown(name, (uid_t)-1, listener->group) == -1) {
		error_set(error, "%s: cannot give it to group %lu: %s; only "
		    "root and members of a group can do that",
		    listener->path, (unsigned long)listener->group,
		    strerror(errno));
		goto done;
	}
	if (chmod(name, listener->mode) == -1 || lstat(name, &st) == -1 ||
	    listen(fd, LISTENER_BACKLOG) == -1 ||
	    rename(name, listener->path) == -1) {
		error_set(error, "%s: %s", listener->path, strerror(errno));
		goto done;
	}
	listener->device = st.st_dev;
	listener->inode = st.st_ino;
	listener->made_path = 1;
	ret = 0;
done:
	if (ret == -1)
		(void)unlink(name);
	return ret;
}

static int
bind_tcp(int fd, struct listener *listener, struct error *error)
{
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)listener->port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in ipv4 = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)listener->port),
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	struct sockaddr *address = listener->is_ipv6 ?
	    (struct sockaddr *)&ipv6 : (struct sockaddr *)&ipv4;
	socklen_t len = listener->is_ipv6 ? sizeof(ipv6) : sizeof(ipv4);
	const int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, address, len) == -1 ||
	    listen(fd, LISTENER_BACKLOG) == -1 ||
	    getsockname(fd, address, &len) == -1) {
		refuse_bind(listener, errno, error);
		return -1;
	}
	listener->port = ntohs(listener->is_ipv6 ? ipv6.sin6_port :
	    ipv4.sin_port);
	(void)snprintf(listener->text, sizeof(listener->text), "%s:%u",
	    listener->is_ipv6 ? "[::1]" : "127.0.0.1", listener->port);
	return 0;
}

int
listener_open(struct listener *listener, struct error *error)
{
	int family = AF_UNIX, fd, rc;

	if (!listener->is_unix)
		family = listener->is_ipv6 ? AF_INET6 : AF_INET;
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1) {
		error_set(error, "%s: %s", listener->text, strerror(errno));
		return -1;
	}
	rc = listener->is_unix ? bind_unix(fd, listener, error) :
	    bind_tcp(fd, listener, error);
	if (rc == -1) {
		(void)close(fd);
		return -1;
	}
	listener->fd = fd;
	return 0;
}

void
listener_close(struct listener *listener)
{
	struct stat st;

	if (listener->made_path && lstat(listener->path, &st) == 0 &&
	    S_ISSOCK(st.st_mode) && st.st_dev == listener->device &&
	    st.st_ino == listener->inode)
		(void)unlink(listener->path);
	listener->made_path = 0;
	if (listener->fd != -1)
		(void)close(listener->fd);
	listener->fd = -1;
}
