#include "transport/clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int
read_boot_id(char boot_id[MOMENT_BOOT_ID_SIZE])
{
	ssize_t got;
	int fd;

	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	got = read(fd, boot_id, MOMENT_BOOT_ID_SIZE - 1);
	close(fd);
	if (got != MOMENT_BOOT_ID_SIZE - 1)
		return -1;
	boot_id[MOMENT_BOOT_ID_SIZE - 1] = '\0';
	return 0;
}

int
clock_advance(struct moment *now)
{
	struct timespec wall, boot;

	if (clock_gettime(CLOCK_REALTIME, &wall) == -1)
		return -1;
	if (clock_gettime(CLOCK_BOOTTIME, &boot) == -1)
		return -1;
	now->wall = wall.tv_sec;
	now->boottime = (int64_t)boot.tv_sec * 1000 + boot.tv_nsec / 1000000;
	return 0;
}

int
clock_now(struct moment *now)
{
	if (read_boot_id(now->boot_id) == -1)
		return -1;
	return clock_advance(now);
}
