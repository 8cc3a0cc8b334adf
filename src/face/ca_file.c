#include "face/ca_file.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "facts/certificates.h"
#include "ground/buffer.h"

/* 0, or -1 and errno; what is no ordinary file would never end. */
static int
read_whole(int fd, struct buffer *text)
{
	char chunk[8192];
	struct stat st;
	ssize_t got;

	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	while ((got = read(fd, chunk, sizeof(chunk))) > 0) {
		if (buffer_append(text, chunk, (size_t)got) == -1) {
			errno = EFBIG;
			return -1;
		}
	}
	return got == 0 ? 0 : -1;
}

int
ca_file_check(const char *path, struct error *error)
{
	struct error why = { "" };
	struct buffer text;
	int fd, ret = -1;

	buffer_init(&text, CERTIFICATES_MAX_FILE);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1 || read_whole(fd, &text) == -1)
		error_set(error, "ca_file %.200s: %s", path, strerror(errno));
	else if (certificates_check(text.data, text.len, &why) == -1)
		error_set(error, "ca_file %.200s: %s", path,
		    error_text(&why));
	else
		ret = 0;
	if (fd != -1)
		(void)close(fd);
	buffer_clear(&text);
	return ret;
}
