/*
 * For LD_PRELOAD: the wall clock of a process is as many seconds off as the
 * file named by WALL_CLOCK_FILE says; the clocks that nobody can set are not.
 * With BOOT_CLOCK_STEP each look at the time since boot is so many seconds
 * later than the one before: whatever looks twice takes long.
 */
#include <sys/time.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int gettimeofday(struct timeval *restrict now, void *restrict zone);
EXPORT time_t time(time_t *out);
EXPORT int clock_gettime(clockid_t clock, struct timespec *now);

/* A worker of nginx has no environment any more. */
static char *path;
static long step, stepped;

__attribute__((constructor)) static void
begin(void)
{
	const char *value = getenv("WALL_CLOCK_FILE");

	if (value != NULL)
		path = strdup(value);
	value = getenv("BOOT_CLOCK_STEP");
	if (value != NULL)
		step = strtol(value, NULL, 10);
}

static long
offset(void)
{
	char text[32] = "";
	const int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd == -1)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	(void)close(fd);
	return strtol(text, NULL, 10);
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	/* ISO C knows no way from an object to a function */
	int (*real)(clockid_t, struct timespec *);
	void *symbol = dlsym(RTLD_NEXT, "clock_gettime");
	int ret;

	memcpy(&real, &symbol, sizeof(symbol));
	ret = real(clock, now);
	if (ret == 0 && (clock == CLOCK_REALTIME ||
	    clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += offset();
	if (ret == 0 && clock == CLOCK_BOOTTIME)
		now->tv_sec += stepped += step;
	return ret;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec wall;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &wall) == -1)
		return -1;
	now->tv_sec = wall.tv_sec;
	now->tv_usec = wall.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *out)
{
	struct timespec wall;

	if (clock_gettime(CLOCK_REALTIME, &wall) == -1)
		return -1;
	if (out != NULL)
		*out = wall.tv_sec;
	return wall.tv_sec;
}
