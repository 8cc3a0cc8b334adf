#include "state/database_file.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "state/database_holder.h"

#define LOCK_PAUSE_MS 5
#define SHARE_MS 100

int
database_file_make(const char *path, unsigned int mode, struct error *error)
{
	char name[PATH_MAX];
	int fd = -1, ret = -1;

	(void)snprintf(name, sizeof(name), "%s.XXXXXX", path);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd == -1) {
		error_set(error, "%s cannot be made: %s", path,
		    strerror(errno));
		return -1;
	}
	if (fchmod(fd, mode) == -1) {
		error_set(error, "%s: %s", name, strerror(errno));
		goto done;
	}
	/* Closing the real file here would drop the locks that another thread
	 * has on it through SQLite: closed first, named after. */
	(void)close(fd);
	fd = -1;
	if (link(name, path) == -1 && errno != EEXIST) {
		error_set(error, "%s cannot be made: %s", path,
		    strerror(errno));
		goto done;
	}
	ret = 0;
done:
	if (fd != -1)
		(void)close(fd);
	(void)unlink(name);
	return ret;
}

static int
open_lock(const char *path, char name[PATH_MAX])
{
	(void)snprintf(name, PATH_MAX, "%s.lock", path);
	return open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* 0, or -1: not within `wait` milliseconds. */
static int
take_lock(int fd, int how, int wait)
{
	static const struct timespec pause = { 0, LOCK_PAUSE_MS * 1000000L };
	int i;

	for (i = 0; i < wait; i += LOCK_PAUSE_MS) {
		if (flock(fd, how | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		(void)nanosleep(&pause, NULL);
	}
	return -1;
}

int
database_file_lock(const char *path, int wait, struct error *error)
{
	char name[PATH_MAX], holder[96];
	int fd;

	fd = open_lock(path, name);
	if (fd == -1) {
		error_set(error, "%s cannot be opened: %s", name,
		    strerror(errno));
		return -1;
	}
	if (take_lock(fd, LOCK_EX, wait) == 0)
		return fd;
	if (database_holder_whole(name, holder, sizeof(holder)) == 0)
		error_set(error, "%s is held by %s", name, holder);
	else
		error_set(error, "%s is held by another process: find it "
		    "with 'fuser -v %s'", name, name);
	(void)close(fd);
	return -1;
}

int
database_file_share(const char *path)
{
	char name[PATH_MAX];
	int fd;

	fd = open_lock(path, name);
	if (fd == -1 || take_lock(fd, LOCK_SH, SHARE_MS) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

int
database_file_set_aside(const char *path, struct error *error)
{
	char directory[PATH_MAX], prefix[NAME_MAX + 1], name[PATH_MAX];
	char last[PATH_MAX];
	unsigned long number, greatest = 0;
	struct dirent *entry;
	const char *base;
	DIR *dir;

	base = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
	(void)snprintf(directory, sizeof(directory), "%.*s",
	    base == path ? 1 : (int)(base - path), base == path ? "." : path);
	(void)snprintf(prefix, sizeof(prefix), "%.200s.corrupt-", base);
	dir = opendir(directory);
	if (dir == NULL) {
		error_set(error, "%s: %s", directory, strerror(errno));
		return -1;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		number = strtoul(entry->d_name + strlen(prefix), NULL, 10);
		if (number > greatest && number < ULONG_MAX)
			greatest = number;
		(void)snprintf(name, sizeof(name), "%.3800s/%.255s", directory,
		    entry->d_name);
		(void)unlink(name);
	}
	(void)closedir(dir);
	(void)snprintf(name, sizeof(name), "%.4000s.corrupt-%lu", path,
	    greatest + 1);
	if (rename(path, name) == -1) {
		error_set(error, "%s cannot be set aside: %s", path,
		    strerror(errno));
		return -1;
	}
	/* They belong to the old file; a new one must not find them. */
	(void)snprintf(last, sizeof(last), "%.4000s-wal", path);
	(void)unlink(last);
	(void)snprintf(last, sizeof(last), "%.4000s-shm", path);
	(void)unlink(last);
	return 0;
}
