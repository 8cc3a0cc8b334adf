/*
 * For LD_PRELOAD: when the process ends, the file that SYNC_ORDER_FILE names
 * tells how trust.db and its log were written: syncs, what was written and not
 * synced (0 or more files), and how often trust.db was written while its log
 * was not synced.
 */
#include <sys/types.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int fdatasync(int fd);
EXPORT int fsync(int fd);
EXPORT ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset);
EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t len,
    off64_t offset);

enum { MAIN, LOG, OTHER };

static int is_dirty[OTHER];
static unsigned int syncs, early;

/* ISO C knows no way from an object to a function. */
static void
find(const char *name, void *function)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	memcpy(function, &symbol, sizeof(symbol));
}

static int
which(int fd)
{
	char link[64], path[4096];
	const char *end;
	ssize_t len;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len <= 0)
		return OTHER;
	path[len] = '\0';
	end = strstr(path, "/trust.db");
	if (end == NULL)
		return OTHER;
	if (strcmp(end, "/trust.db") == 0)
		return MAIN;
	return strcmp(end, "/trust.db-wal") == 0 ? LOG : OTHER;
}

static void
wrote(int file)
{
	if (file == OTHER)
		return;
	early += file == MAIN && is_dirty[LOG];
	is_dirty[file] = 1;
}

static void
synced(int file)
{
	if (file == OTHER)
		return;
	syncs++;
	is_dirty[file] = 0;
}

int
fdatasync(int fd)
{
	int (*real)(int);
	int ret;

	find("fdatasync", &real);
	ret = real(fd);
	if (ret == 0)
		synced(which(fd));
	return ret;
}

int
fsync(int fd)
{
	int (*real)(int);
	int ret;

	find("fsync", &real);
	ret = real(fd);
	if (ret == 0)
		synced(which(fd));
	return ret;
}

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
	ssize_t (*real)(int, const void *, size_t, off_t);

	find("pwrite", &real);
	wrote(which(fd));
	return real(fd, bytes, len, offset);
}

ssize_t
pwrite64(int fd, const void *bytes, size_t len, off64_t offset)
{
	ssize_t (*real)(int, const void *, size_t, off64_t);

	find("pwrite64", &real);
	wrote(which(fd));
	return real(fd, bytes, len, offset);
}

__attribute__((destructor)) static void
tell(void)
{
	const char *path = getenv("SYNC_ORDER_FILE");
	FILE *file = path == NULL ? NULL : fopen(path, "we");

	if (file == NULL)
		return;
	(void)fprintf(file, "%u %d %u\n", syncs, is_dirty[MAIN] +
	    is_dirty[LOG], early);
	(void)fclose(file);
}
