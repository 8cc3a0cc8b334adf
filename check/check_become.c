#include "config.h"

#include "check/check_become.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_MAX (512UL * 1024 * 1024)
#define FILES_MAX 64
#define FILE_MAX (1024UL * 1024 * 1024)
#define PROCESSOR_SECONDS 30

static int
failed(struct error *error, const char *what)
{
	error_set(error, "%s: %s", what, strerror(errno));
	return -1;
}

/* Ours, whatever the host has; or the host's, where root may not raise it. */
static int
limit(int resource, rlim_t value)
{
	struct rlimit wanted = { value, value }, given;

	if (setrlimit(resource, &wanted) == 0)
		return 0;
	if (errno != EPERM || getrlimit(resource, &given) == -1)
		return -1;
	wanted.rlim_cur = wanted.rlim_max = given.rlim_max;
	return setrlimit(resource, &wanted);
}

static int
end_in(int64_t msecs)
{
	const struct itimerval timer = { .it_value = {
		.tv_sec = msecs / 1000,
		.tv_usec = msecs % 1000 * 1000 } };

	return setitimer(ITIMER_REAL, &timer, NULL);
}

int
check_become_small(int64_t msecs, struct error *error)
{
	(void)umask(077);
	if (close_range(STDERR_FILENO + 1, ~0U, 0) == -1)
		return failed(error, "close_range");
	if (end_in(msecs) == -1)
		return failed(error, "setitimer");
	if (prctl(PR_SET_DUMPABLE, 0) == -1 || limit(RLIMIT_CORE, 0) == -1)
		return failed(error, "cannot forbid core files");
	if (limit(RLIMIT_NOFILE, FILES_MAX) == -1 ||
	    limit(RLIMIT_FSIZE, FILE_MAX) == -1 ||
	    limit(RLIMIT_CPU, PROCESSOR_SECONDS) == -1)
		return failed(error, "setrlimit");
#ifndef __SANITIZE_ADDRESS__
	/* the shadow of such a build is far larger */
	if (limit(RLIMIT_AS, MEMORY_MAX) == -1)
		return failed(error, "setrlimit");
#endif
	/* what a limit forbids to be written is an error like a full disk */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		return failed(error, "signal");
	return chdir("/") == 0 ? 0 : failed(error, "/");
}

static int
become(uid_t uid, gid_t gid, struct error *error)
{
	uid_t real, effective, saved;

	if (setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		return failed(error, "cannot become the owner of the state");
	if (getresuid(&real, &effective, &saved) == -1 || real != uid ||
	    effective != uid || saved != uid ||
	    (uid != 0 && setuid(0) == 0)) {
		error_set(error, "root again after becoming uid %lu",
		    (unsigned long)uid);
		return -1;
	}
	/* becoming another user may have allowed it anew */
	if (prctl(PR_SET_DUMPABLE, 0) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return failed(error, "prctl");
	return 0;
}

int
check_become_daemon(const char *state, struct error *error)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/daemon", state);
	if (lstat(path, &st) == -1) {
		error_set(error, "%s: %s; run 'authgear-cache init --user "
		    "NAME' with the daemon's user", path, strerror(errno));
		return -1;
	}
	if (!S_ISDIR(st.st_mode)) {
		error_set(error, "%s is a symbolic link or no directory", path);
		return -1;
	}
	return become(st.st_uid, st.st_gid, error);
}
