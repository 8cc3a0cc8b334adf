#include "admin/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FIRST_MS 1000
#define PERIOD_MS 200

static int64_t
time_now(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_BOOTTIME, &now) == -1 ? 0 :
	    (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
progress_begin(struct progress *progress, const char *what)
{
	progress->what = what;
	progress->is_shown = 0;
	progress->next = isatty(STDERR_FILENO) ? time_now() + FIRST_MS :
	    INT64_MAX;
}

void
progress_tell(struct progress *progress, int64_t count)
{
	int64_t now;

	if (progress->next == INT64_MAX || (now = time_now()) < progress->next)
		return;
	progress->next = now + PERIOD_MS;
	progress->is_shown = 1;
	(void)fprintf(stderr, "\r%lld %s", (long long)count, progress->what);
}

void
progress_end(struct progress *progress)
{
	if (progress->is_shown)
		(void)fputs("\r\033[K", stderr);
	progress->is_shown = 0;
	progress->next = INT64_MAX;
}
