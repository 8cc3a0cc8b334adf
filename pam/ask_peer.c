#include "config.h"

#include "pam/ask_peer.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#define PASSWD "/etc/passwd"
#define LINE_MAX_LEN 4096
#define PATH_LEN 108

/* 0, or -1 if there is none such. */
static int
find_user(const char *name, uid_t *uid_out)
{
	char line[LINE_MAX_LEN];
	struct passwd entry, *found = NULL;
	FILE *file = fopen(PASSWD, "re");
	int ret = -1;

	if (file == NULL)
		return -1;
	while (ret == -1 && fgetpwent_r(file, &entry, line, sizeof(line),
	    &found) == 0) {
		if (strcmp(entry.pw_name, name) != 0)
			continue;
		*uid_out = entry.pw_uid;
		ret = 0;
	}
	(void)fclose(file);
	return ret;
}

static int
is_trusted(uid_t uid, uid_t daemon, int has_daemon)
{
	return uid == 0 || (has_daemon && uid == daemon);
}

static int
check_directory(const char *path, uid_t daemon, int has_daemon, char *why,
    size_t size)
{
	char directory[PATH_LEN];
	struct stat info;
	size_t len = (size_t)(strrchr(path, '/') - path);

	(void)snprintf(directory, sizeof(directory), "%.*s",
	    len == 0 ? 1 : (int)len, path);
	if (stat(directory, &info) == -1) {
		(void)snprintf(why, size, "%s: %s", directory,
		    strerror(errno));
		return -1;
	}
	if (is_trusted(info.st_uid, daemon, has_daemon) &&
	    (info.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return 0;
	(void)snprintf(why, size, "others than root and the daemon's user can "
	    "write %s (uid %ld, mode %03o); nobody there is asked", directory,
	    (long)info.st_uid, (unsigned int)(info.st_mode & 07777));
	return -1;
}

int
ask_peer_check(int fd, const char *path, const char *daemon_user, char *why,
    size_t size)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	uid_t daemon = 0;
	int has_daemon;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1 ||
	    len != sizeof(peer)) {
		(void)snprintf(why, size, "%s: %s", path, strerror(errno));
		return -1;
	}
	has_daemon = find_user(daemon_user, &daemon) == 0;
	if (is_trusted(peer.uid, daemon, has_daemon))
		return check_directory(path, daemon, has_daemon, why, size);
	if (has_daemon)
		(void)snprintf(why, size, "uid %ld listens at %s, expected are "
		    "root and %s (uid %ld); it is not asked", (long)peer.uid,
		    path, daemon_user, (long)daemon);
	else
		(void)snprintf(why, size, "uid %ld listens at %s, expected is "
		    "root, and there is no user %s in " PASSWD "; it is not "
		    "asked", (long)peer.uid, path, daemon_user);
	return -1;
}
