/*
 * For LD_PRELOAD: while the file named by NO_MEMORY_FILE exists, every Nth
 * allocation of the process fails, N being the number in that file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

EXPORT void *malloc(size_t size);
EXPORT void *calloc(size_t count, size_t size);
EXPORT void *realloc(void *memory, size_t size);

/* 0: none is to fail. */
static int
every(void)
{
	const char *path = getenv("NO_MEMORY_FILE");
	char digits[8] = "";
	int before = errno;
	int number = 0;
	int fd;

	if (path != NULL && (fd = open(path, O_RDONLY | O_CLOEXEC)) != -1) {
		if (read(fd, digits, sizeof(digits) - 1) > 0)
			number = atoi(digits);
		close(fd);
	}
	errno = before;
	return number;
}

static int
fails(void)
{
	static atomic_uint count;
	int nth = every();

	if (nth == 0 || atomic_fetch_add(&count, 1) % (unsigned int)nth !=
	    (unsigned int)nth - 1)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *memory, size_t size)
{
	return fails() ? NULL : __libc_realloc(memory, size);
}
