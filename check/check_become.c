#include "config.h"

#include "check/check_become.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_MAX (512UL * 1024 * 1024)
#define MEMORY_LEAST (128UL * 1024 * 1024)
#define FILES_MAX 64
#define PROCESSES_LEAST 64	/* of the daemon's user, a thread is one */
#define PROCESSOR_SECONDS 30
#define STACK_SIZE (2UL * 1024 * 1024)

static int
failed(struct error *error, const char *what)
{
	error_set(error, "%s: %s", what, strerror(errno));
	return -1;
}

/* A limit of ours. */
struct own_limit {
	unsigned int resource;
	rlim_t value, least;
};

/* Ours, whatever the host has; or the host's, where root may not raise it and
 * it is enough. */
static int
set_limit(const struct own_limit *limit)
{
	struct rlimit wanted = { limit->value, limit->value }, given;

	if (setrlimit(limit->resource, &wanted) == 0)
		return 0;
	if (errno != EPERM || getrlimit(limit->resource, &given) == -1)
		return -1;
	wanted.rlim_cur = wanted.rlim_max = given.rlim_max;
	if (given.rlim_max >= limit->least)
		return setrlimit(limit->resource, &wanted);
	errno = EPERM;
	return -1;
}

static int
end_in(int64_t msecs)
{
	const struct itimerval timer = { .it_value = {
		.tv_sec = msecs / 1000,
		.tv_usec = msecs % 1000 * 1000 } };

	return setitimer(ITIMER_REAL, &timer, NULL);
}

/* Who calls a set-uid host chooses its limits, and what fails for want of
 * something must not look as if Authgear were away: that serves old answers. */
static int
limit_all(void)
{
	static const struct own_limit limits[] = {
		{ RLIMIT_CORE, 0, 0 },
		{ RLIMIT_NOFILE, FILES_MAX, 0 },
		{ RLIMIT_FSIZE, RLIM_INFINITY, 0 },
		{ RLIMIT_CPU, PROCESSOR_SECONDS, 0 },
		{ RLIMIT_NPROC, RLIM_INFINITY, PROCESSES_LEAST },
		{ RLIMIT_DATA, RLIM_INFINITY, MEMORY_LEAST },
		{ RLIMIT_STACK, 4 * STACK_SIZE, STACK_SIZE },
#ifndef __SANITIZE_ADDRESS__
		/* the shadow of such a build is far larger */
		{ RLIMIT_AS, MEMORY_MAX, MEMORY_LEAST },
#endif
	};
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (set_limit(&limits[i]) == -1)
			return -1;
	return 0;
}

/* Nor its share of the processors, where root may take its own, nor how large
 * the stacks of threads are. */
static int
be_ordinary(void)
{
	const struct sched_param none = { .sched_priority = 0 };
	pthread_attr_t attributes;
	int rc;

	(void)sched_setscheduler(0, SCHED_OTHER, &none);
	(void)setpriority(PRIO_PROCESS, 0, 0);
	rc = pthread_attr_init(&attributes);
	if (rc == 0) {
		rc = pthread_attr_setstacksize(&attributes, STACK_SIZE);
		if (rc == 0)
			rc = pthread_setattr_default_np(&attributes);
		(void)pthread_attr_destroy(&attributes);
	}
	errno = rc;
	return rc == 0 ? 0 : -1;
}

int
check_become_small(int64_t msecs, struct error *error)
{
	(void)umask(077);
	if (close_range(STDERR_FILENO + 1, ~0U, 0) == -1)
		return failed(error, "close_range");
	if (end_in(msecs) == -1)
		return failed(error, "setitimer");
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		return failed(error, "cannot forbid core files");
	if (limit_all() == -1)
		return failed(error, "setrlimit");
	if (be_ordinary() == -1)
		return failed(error, "size of stacks");
	/* what a limit forbids to be written is an error like a full disk */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		return failed(error, "signal");
	return chdir("/") == 0 ? 0 : failed(error, "/");
}
