#include "state/write/trust_epoch.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ground/epoch_place.h"
#include "state/database_file.h"

#define PAGE_SIZE 16
#define PAGE_MODE 0644
#define FOLDER_MODE 0755

static const unsigned char zeros[PAGE_SIZE] = { 0 };

/* Of the page itself. */
static void
name_page(const char *directory, char path[PATH_MAX])
{
	char folder[EPOCH_PLACE_SIZE];

	epoch_place(directory, folder);
	(void)snprintf(path, PATH_MAX, "%.4000s/trust", folder);
}

void
trust_epoch_init(struct trust_epoch *epoch, const char *directory)
{
	epoch->page = -1;
	epoch->lock = -1;
	epoch->directory = directory;
}

static void
leave(struct trust_epoch *epoch)
{
	if (epoch->page != -1)
		(void)close(epoch->page);
	if (epoch->lock != -1)
		(void)close(epoch->lock);
	epoch->page = -1;
	epoch->lock = -1;
}

static int
failed(const char *path, int number, struct error *error)
{
	error_set(error, "%s cannot be written: %s; nothing was changed, for "
	    "web servers would go on with answers that they keep: mend that, "
	    "and run this again", path, strerror(number));
	return -1;
}

static int
refuse(const char *path, const char *what, struct error *error)
{
	error_set(error, "%s is %s: remove it, then run this again, which "
	    "makes it anew; nothing was changed", path, what);
	return -1;
}

/* 0 and *fd_out, -1 if there is none and none is to be made; or -1 and
 * error. */
static int
open_folder(const char *path, int *fd_out, struct error *error)
{
	struct stat st;
	int fd;

	*fd_out = -1;
	if (geteuid() == 0 && mkdir(path, FOLDER_MODE) == -1 &&
	    errno != EEXIST)
		return failed(path, errno, error);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT && geteuid() != 0)
		return 0;
	if (fd == -1 && (errno == ELOOP || errno == ENOTDIR))
		return refuse(path, "a symbolic link or no directory", error);
	if (fd == -1)
		return failed(path, errno, error);
	if (fstat(fd, &st) == -1 || st.st_uid != geteuid()) {
		(void)close(fd);
		return refuse(path, "somebody else's", error);
	}
	/* whatever the umask of who made it took away */
	if ((st.st_mode & 07777) != FOLDER_MODE)
		(void)fchmod(fd, FOLDER_MODE);
	*fd_out = fd;
	return 0;
}

static int
open_file(int folder, int flags)
{
	return openat(folder, "trust", O_RDWR | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC | flags, PAGE_MODE);
}

/* 1: it is ours, and so it was from its beginning; 0: others could write to
 * it, and may have it open; -1: no file of ours. */
static int
is_ours(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_nlink != 1 || st.st_uid != geteuid())
		return -1;
	return (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int
open_page(int folder, const char *path, struct error *error)
{
	int fd = open_file(folder, 0), ours = 0;

	if (fd == -1 && errno != ENOENT)
		return errno == ELOOP || errno == EISDIR || errno == ENXIO ?
		    refuse(path, "no ordinary file", error) :
		    failed(path, errno, error);
	if (fd != -1)
		ours = is_ours(fd);
	if (fd != -1 && ours != 1)
		(void)close(fd);
	if (ours == -1)
		return refuse(path, "no ordinary file of one name and of who "
		    "runs this", error);
	if (ours == 1)
		return fd;
	if (unlinkat(folder, "trust", 0) == -1 && errno != ENOENT)
		return failed(path, errno, error);
	fd = open_file(folder, O_CREAT | O_EXCL);
	return fd == -1 ? failed(path, errno, error) : fd;
}

/* Zeros, and nothing else in it. */
static int
put_zeros(int fd, const char *path, struct error *error)
{
	if (pwrite(fd, zeros, sizeof(zeros), 0) != PAGE_SIZE ||
	    ftruncate(fd, PAGE_SIZE) == -1 || fchmod(fd, PAGE_MODE) == -1)
		return failed(path, errno != 0 ? errno : EIO, error);
	return 0;
}

static int
take_page(struct trust_epoch *epoch, struct error *error)
{
	char path[PATH_MAX];
	int folder;

	epoch_place(epoch->directory, path);
	if (open_folder(path, &folder, error) == -1)
		return -1;
	if (folder == -1)
		return 0;
	name_page(epoch->directory, path);
	epoch->page = open_page(folder, path, error);
	(void)close(folder);
	if (epoch->page == -1)
		return -1;
	errno = 0;
	return put_zeros(epoch->page, path, error);
}

int
trust_epoch_begin(struct trust_epoch *epoch, int wait, struct error *error)
{
	char path[PATH_MAX];

	if (epoch->lock != -1)
		return 0;
	(void)snprintf(path, sizeof(path), "%.3900s/trust.db.epoch",
	    epoch->directory);
	epoch->lock = database_file_lock(path, wait, error);
	if (epoch->lock == -1)
		return 1;
	if (take_page(epoch, error) == 0)
		return 0;
	leave(epoch);
	return -1;
}

/* What was written in part is nothing that anybody could have read before. */
static int
put_random(int fd)
{
	unsigned char value[PAGE_SIZE];

	do {
		if (getrandom(value, sizeof(value), 0) != PAGE_SIZE)
			return -1;
	} while (memcmp(value, zeros, sizeof(zeros)) == 0);
	return pwrite(fd, value, sizeof(value), 0) == PAGE_SIZE ? 0 : -1;
}

void
trust_epoch_end(struct trust_epoch *epoch, struct error *lacks)
{
	char path[PATH_MAX];

	errno = 0;
	if (epoch->page != -1 && put_random(epoch->page) == -1) {
		name_page(epoch->directory, path);
		error_set(lacks, "%s could not be written: %s; web servers "
		    "keep no answers, and ask each time, until the next "
		    "change or 'authgear-cache init'", path,
		    strerror(errno != 0 ? errno : EIO));
	}
	leave(epoch);
}
