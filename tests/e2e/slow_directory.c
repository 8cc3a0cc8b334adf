/*
 * For LD_PRELOAD: while the file named by SLOW_DIRECTORY_FILE exists, a
 * directory service does not answer: getgrgid_r(3) and getpwnam_r(3) hang.
 */
#include <dlfcn.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int getgrgid_r(gid_t gid, struct group *group, char *buffer,
    size_t size, struct group **found);
EXPORT int getpwnam_r(const char *name, struct passwd *entry, char *buffer,
    size_t size, struct passwd **found);

static void
hang(void)
{
	const char *path = getenv("SLOW_DIRECTORY_FILE");

	while (path != NULL && access(path, F_OK) == 0)
		(void)usleep(20000);
}

/* ISO C knows no way from an object to a function. */
static void
find(const char *name, void *function)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	memcpy(function, &symbol, sizeof(symbol));
}

int
getgrgid_r(gid_t gid, struct group *group, char *buffer, size_t size,
    struct group **found)
{
	int (*real)(gid_t, struct group *, char *, size_t, struct group **);

	hang();
	find("getgrgid_r", &real);
	return real(gid, group, buffer, size, found);
}

int
getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size,
    struct passwd **found)
{
	int (*real)(const char *, struct passwd *, char *, size_t,
	    struct passwd **);

	hang();
	find("getpwnam_r", &real);
	return real(name, entry, buffer, size, found);
}
