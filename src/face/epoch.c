#include "face/epoch.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define OTHERS_WRITE (S_IWGRP | S_IWOTH)

void
epoch_init(struct epoch *epoch, const char *directory, const char *name,
    enum epoch_owner owner)
{
	memset(epoch, 0, sizeof(*epoch));
	epoch->directory = directory;
	epoch->name = name;
	epoch->owner = owner;
	epoch->fd = -1;
}

void
epoch_clear(struct epoch *epoch)
{
	if (epoch->fd != -1)
		(void)close(epoch->fd);
	epoch->fd = -1;
}

static int
is_good(const struct stat *st, uid_t uid)
{
	return S_ISREG(st->st_mode) && st->st_nlink == 1 &&
	    st->st_uid == uid && (st->st_mode & OTHERS_WRITE) == 0 &&
	    st->st_size == EPOCH_SIZE;
}

/* The directory as it lies there: a descriptor, or -1: none that counts. */
static int
open_directory(const struct epoch *epoch, struct stat *st)
{
	const int fd = open(epoch->directory, O_RDONLY | O_DIRECTORY |
	    O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return -1;
	if (fstat(fd, st) == 0 && (st->st_mode & OTHERS_WRITE) == 0 &&
	    (epoch->owner == EPOCH_OF_DIRECTORY || st->st_uid == 0))
		return fd;
	(void)close(fd);
	return -1;
}

static void
open_page(struct epoch *epoch, int directory, const struct stat *above)
{
	struct stat st;

	/* of a pipe nobody waits for the other end */
	epoch->fd = openat(directory, epoch->name, O_RDONLY | O_NOFOLLOW |
	    O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (epoch->fd == -1)
		return;
	if (fstat(epoch->fd, &st) == -1 || !is_good(&st, above->st_uid)) {
		epoch_clear(epoch);
		return;
	}
	epoch->uid = above->st_uid;
	epoch->device = st.st_dev;
	epoch->inode = st.st_ino;
	epoch->directory_device = above->st_dev;
	epoch->directory_inode = above->st_ino;
}

/* The page that is open is the one of that name there, and a good one still. */
static int
is_in_place(const struct epoch *epoch, int directory,
    const struct stat *above)
{
	struct stat st;

	return above->st_uid == epoch->uid &&
	    above->st_dev == epoch->directory_device &&
	    above->st_ino == epoch->directory_inode &&
	    fstatat(directory, epoch->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == epoch->device && st.st_ino == epoch->inode &&
	    is_good(&st, epoch->uid);
}

int
epoch_look(struct epoch *epoch)
{
	struct stat above;
	const int directory = open_directory(epoch, &above);

	if (directory == -1 || (epoch->fd != -1 &&
	    !is_in_place(epoch, directory, &above)))
		epoch_clear(epoch);
	if (directory != -1 && epoch->fd == -1)
		open_page(epoch, directory, &above);
	if (directory != -1)
		(void)close(directory);
	return epoch->fd != -1;
}

int
epoch_read(const struct epoch *epoch, unsigned char value_out[EPOCH_SIZE])
{
	static const unsigned char zeros[EPOCH_SIZE] = { 0 };
	struct stat st;

	if (epoch->fd != -1 && fstat(epoch->fd, &st) == 0 &&
	    is_good(&st, epoch->uid) && pread(epoch->fd, value_out,
	    EPOCH_SIZE, 0) == EPOCH_SIZE &&
	    memcmp(value_out, zeros, EPOCH_SIZE) != 0)
		return 1;
	memset(value_out, 0, EPOCH_SIZE);
	return 0;
}
