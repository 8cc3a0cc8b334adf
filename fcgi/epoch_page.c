#include "config.h"

#include "fcgi/epoch_page.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE_MODE 0644
#define FOLDER_MODE 0755

struct epoch_page {
	const char *directory;
	unsigned char value[EPOCH_SIZE]; /* that was written last */
};

static int
open_folder(const char *path, struct error *error)
{
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	struct stat st;

	if (fd == -1) {
		error_set(error, "%s: %s; make it with 'install -d -m 0755 "
		    "-o USER %s'", path, strerror(errno), path);
		return -1;
	}
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
	    (st.st_mode & 0111) == 0111)
		return fd;
	error_set(error, "%s must belong to the user of the daemon, with mode "
	    "0755: 'install -d -m 0755 -o USER %s' makes it so", path, path);
	(void)close(fd);
	return -1;
}

static int
open_file(int folder, int flags)
{
	return openat(folder, EPOCH_DAEMON, O_RDWR | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC | flags, PAGE_MODE);
}

static int
is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_nlink == 1 && st.st_uid == geteuid() &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* What is no file of ours alone gives way to one. */
static int
open_page(int folder)
{
	int fd = open_file(folder, 0);

	if (fd != -1 && is_ours(fd))
		return fd;
	if (fd != -1)
		(void)close(fd);
	(void)unlinkat(folder, EPOCH_DAEMON, 0);
	return open_file(folder, O_CREAT | O_EXCL);
}

static int
put(int folder, const unsigned char value[EPOCH_SIZE])
{
	const int fd = open_page(folder);
	int ret = -1;

	if (fd == -1)
		return -1;
	/* a new one is empty, and no page until all of it is there */
	if (fchmod(fd, PAGE_MODE) == 0 &&
	    pwrite(fd, value, EPOCH_SIZE, 0) == EPOCH_SIZE &&
	    ftruncate(fd, EPOCH_SIZE) == 0)
		ret = 0;
	(void)close(fd);
	return ret;
}

static int
show(struct epoch_page *page, struct error *error)
{
	const int folder = open_folder(page->directory, error);

	if (folder == -1) {
		memset(page->value, 0, sizeof(page->value));
		return -1;
	}
	errno = 0;
	if (put(folder, page->value) == 0) {
		(void)close(folder);
		return 0;
	}
	error_set(error, "%s/" EPOCH_DAEMON " cannot be written: %s",
	    page->directory, strerror(errno != 0 ? errno : EIO));
	(void)unlinkat(folder, EPOCH_DAEMON, 0);
	(void)close(folder);
	memset(page->value, 0, sizeof(page->value));
	return -1;
}

int
epoch_page_blank(struct epoch_page *page, struct error *error)
{
	memset(page->value, 0, sizeof(page->value));
	return show(page, error);
}

int
epoch_page_renew(struct epoch_page *page, struct error *error)
{
	if (getrandom(page->value, sizeof(page->value), 0) !=
	    (ssize_t)sizeof(page->value))
		return epoch_page_blank(page, error);
	return show(page, error);
}

int
epoch_page_is_ours(const struct epoch_page *page)
{
	unsigned char value[EPOCH_SIZE];
	struct epoch epoch;
	int ret;

	epoch_init(&epoch, page->directory, EPOCH_DAEMON, EPOCH_OF_DIRECTORY);
	ret = epoch_look(&epoch) && epoch_read(&epoch, value) &&
	    memcmp(value, page->value, sizeof(value)) == 0;
	epoch_clear(&epoch);
	return ret;
}

struct epoch_page *
epoch_page_new(const char *directory, struct error *error)
{
	struct epoch_page *page = calloc(1, sizeof(*page));

	if (page == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	page->directory = directory;
	if (epoch_page_blank(page, error) == 0)
		return page;
	free(page);
	return NULL;
}

void
epoch_page_free(struct epoch_page *page)
{
	if (page == NULL)
		return;
	(void)epoch_page_blank(page, NULL);
	free(page);
}

const unsigned char *
epoch_page_value(const struct epoch_page *page)
{
	return page->value;
}
