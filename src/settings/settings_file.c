#include "settings/settings_file.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "settings/settings.h"

static int
check_file(int fd, const char *path, struct error *error)
{
	struct stat st;

	if (fstat(fd, &st) == -1) {
		error_set(error, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		error_set(error, "%s: is not a regular file", path);
		return -1;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		error_set(error, "%s: belongs to uid %lu; it must belong to "
		    "root or to the user who runs this (chown root)", path,
		    (unsigned long)st.st_uid);
		return -1;
	}
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		error_set(error, "%s: can be written by others; run: chmod "
		    "go-w %s", path, path);
		return -1;
	}
	if (st.st_size > SETTINGS_MAX_FILE) {
		error_set(error, "%s: is larger than %d bytes", path,
		    SETTINGS_MAX_FILE);
		return -1;
	}
	return 0;
}

int
settings_file_read(const char *path, struct buffer *text,
    struct error *error)
{
	char chunk[8192];
	ssize_t got;
	int fd;
	int ret = -1;

	/* NONBLOCK: a FIFO in its place must not hold us up */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1) {
		error_set(error, "%s: %s%s", path, strerror(errno),
		    errno == ENOENT ? "; make it, see authgear.conf(5), or "
		    "name another with --config" : errno == EACCES ? "; the "
		    "daemon's user must be able to read it: run 'chmod 0644' "
		    "on it" : "");
		return -1;
	}
	if (check_file(fd, path, error) == -1)
		goto done;
	while ((got = read(fd, chunk, sizeof(chunk))) > 0) {
		if (buffer_append(text, chunk, (size_t)got) == -1)
			break;
	}
	if (got == -1) {
		error_set(error, "%s: %s", path, strerror(errno));
		goto done;
	}
	if (text->failed || (text->len > 0 &&
	    text->data[text->len - 1] != '\n' &&
	    buffer_append(text, "\n", 1) == -1)) {
		error_set(error, "%s: is larger than %d bytes", path,
		    SETTINGS_MAX_FILE);
		goto done;
	}
	ret = 0;
done:
	close(fd);
	return ret;
}
