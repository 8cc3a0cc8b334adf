#include "config.h"

#include "pam/helper.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FOLDER LIBEXECDIR
#define PROGRAM "authgear-check"
#define PATH FOLDER "/" PROGRAM

#define KEPT_OF_ONE_MSECS 900	/* of a deadline of one second */
#define MARGIN_MSECS 60		/* it is to say itself why it was late */
#define KILLED_MSECS 1000	/* what is killed ends within */
#define STEP_NSECS 100000

int64_t
helper_kept_msecs(const struct pam_options *options)
{
	if (options->fail_without_daemon || geteuid() != 0)
		return 0;
	return options->deadline == 1 ? KEPT_OF_ONE_MSECS : HELPER_KEPT_MSECS;
}

int
helper_may(const struct pam_options *options, enum ask_result result)
{
	if (helper_kept_msecs(options) == 0)
		return 0;
	return result == ASK_NO_LISTENER || result == ASK_FOREIGN ||
	    result == ASK_CLOSED;
}

/* What was kept, less what a busy machine took of it meanwhile. */
static int64_t
least_msecs(const struct pam_options *options)
{
	return helper_kept_msecs(options) * 3 / 4;
}

static enum ask_result
cannot(const struct ask_wire *wire, const char *what)
{
	(void)snprintf(wire->why, wire->size, PATH ": %s", what);
	return ASK_NO_LISTENER;
}

static int
is_roots(const struct stat *info)
{
	return info->st_uid == 0 && (info->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static enum ask_result
look(const struct ask_wire *wire)
{
	struct stat folder, program;

	if (lstat(FOLDER, &folder) == -1 || lstat(PATH, &program) == -1)
		return cannot(wire, strerror(errno));
	if (!S_ISDIR(folder.st_mode) || !S_ISREG(program.st_mode))
		return cannot(wire, "it or its folder is a link or something "
		    "else; it is not run");
	if (!is_roots(&folder) || !is_roots(&program))
		return cannot(wire, "it is not run: it or its folder is not "
		    "root's alone (chown root, chmod go-w)");
	if ((program.st_mode & S_IXUSR) == 0)
		return cannot(wire, strerror(EACCES));
	return ASK_ANSWERED;
}

/* Ours in wire->fd, the program's; 0 or -1. */
static int
make_pair(struct ask_wire *wire, int *theirs_out)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	wire->fd = ask_wire_above(pair[0]);
	*theirs_out = ask_wire_above(pair[1]);
	if (wire->fd == -1 || *theirs_out == -1)
		return -1;
	return fcntl(wire->fd, F_SETFL, O_NONBLOCK);
}

/* 0 or an errno; all signals as a program expects them, in a session of its
 * own: what is sent to the host's group or terminal is not for it. */
static int
set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;
	int rc;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attributes, &all);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(attributes, &none);
	return rc;
}

static int
set_descriptors(posix_spawn_file_actions_t *actions, int theirs)
{
	int rc;

	rc = posix_spawn_file_actions_adddup2(actions, theirs, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO,
		    "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(actions, STDOUT_FILENO,
		    STDERR_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(actions,
		    STDERR_FILENO + 1);
	return rc;
}

static int
spawn(char *const argv[], int theirs, pid_t *pid_out)
{
	char *nothing[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc;

	rc = posix_spawnattr_init(&attributes);
	if (rc != 0)
		return rc;
	rc = posix_spawn_file_actions_init(&actions);
	if (rc == 0) {
		rc = set_attributes(&attributes);
		if (rc == 0)
			rc = set_descriptors(&actions, theirs);
		if (rc == 0)
			rc = posix_spawn(pid_out, PATH, &actions, &attributes,
			    argv, nothing);
		(void)posix_spawn_file_actions_destroy(&actions);
	}
	(void)posix_spawnattr_destroy(&attributes);
	return rc;
}

static int
run(const struct pam_options *options, int is_called_here, int64_t msecs,
    int theirs, pid_t *pid_out)
{
	char name[] = PROGRAM, msecs_option[] = "--msecs",
	    config_option[] = "--config", called_option[] = "--called-here";
	char number[32], config[PATH_MAX];
	char *argv[7] = { name, msecs_option, number };
	size_t count = 3;

	(void)snprintf(number, sizeof(number), "%lld", (long long)msecs);
	if (options->config != NULL) {
		(void)snprintf(config, sizeof(config), "%s", options->config);
		argv[count++] = config_option;
		argv[count++] = config;
	}
	if (is_called_here)
		argv[count] = called_option;
	return spawn(argv, theirs, pid_out);
}

static void
pause_briefly(void)
{
	const struct timespec step = { 0, STEP_NSECS };

	(void)nanosleep(&step, NULL);
}

/* 1 once it has ended: then it is still there to be waited for, or the host
 * has done so, which *is_ours_out tells. */
static int
has_ended(pid_t pid, int *is_ours_out)
{
	siginfo_t info = { .si_pid = 0 };

	*is_ours_out = 0;
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == -1)
		return errno != EINTR;
	*is_ours_out = 1;
	return info.si_pid == pid;
}

/* As long as it may take; where the kernel does not tell, that is seen step by
 * step. */
static void
await_end(pid_t pid, int64_t end)
{
	struct pollfd ended = { .events = POLLIN };
	int64_t left;

	ended.fd = ask_wire_above((int)syscall(SYS_pidfd_open, pid, 0));
	if (ended.fd == -1)
		return;
	while ((left = end - ask_wire_now()) > 0)
		if (poll(&ended, 1, (int)left) > 0)
			break;
	(void)close(ended.fd);
}

/* What is left of its group goes with it, first: a number may be another's once
 * it was waited for.  Where the host has done so, there is no process of that
 * number, and a group of it is what was left. */
static void
end_group(pid_t pid, int is_ours)
{
	if (is_ours || (getsid(pid) == -1 && errno == ESRCH))
		(void)kill(-pid, SIGKILL);
}

static void
reap(pid_t pid, int64_t end)
{
	int is_ours, is_killed = 0;

	while (!has_ended(pid, &is_ours)) {
		if (ask_wire_now() < end) {
			pause_briefly();
			continue;
		}
		if (is_killed)
			break;
		(void)kill(-pid, SIGKILL);
		is_killed = 1;
		end = ask_wire_now() + KILLED_MSECS;
	}
	end_group(pid, is_ours);
	if (is_ours)
		(void)waitpid(pid, NULL, WNOHANG);
}

static enum ask_result
ask_it(struct ask_wire *wire, const struct pam_options *options,
    int is_called_here, int theirs, struct answer *answer)
{
	int64_t left = wire->end - ask_wire_now();
	enum ask_result result;
	pid_t pid;
	int rc;

	rc = run(options, is_called_here, left - MARGIN_MSECS, theirs, &pid);
	(void)close(theirs);
	if (rc != 0)
		return cannot(wire, strerror(rc));
	result = ask_wire_receive(wire, answer);
	if (result != ASK_ANSWERED)
		reap(pid, 0);
	else {
		await_end(pid, wire->end);
		reap(pid, wire->end);
	}
	return result;
}

enum ask_result
helper_ask(const struct pam_options *options,
    const struct ask_question *question, int64_t end, struct answer *answer,
    char *why, size_t size)
{
	struct ask_wire wire = { .who = PROGRAM, .end = end, .why = why,
	    .deadline = options->deadline, .size = size, .fd = -1 };
	enum ask_result result;
	sigset_t child, before;
	int theirs = -1;

	if (end - ask_wire_now() < least_msecs(options))
		return cannot(&wire, "no time is left for it (deadline)");
	result = look(&wire);
	if (result != ASK_ANSWERED)
		return result;
	if (make_pair(&wire, &theirs) == -1)
		result = cannot(&wire, strerror(errno));
	/* it is there before the program is */
	if (result == ASK_ANSWERED)
		result = ask_wire_send(&wire, options, question);
	if (result == ASK_ANSWERED) {
		/* a handler of the host may wait for whatever child ends */
		(void)sigemptyset(&child);
		(void)sigaddset(&child, SIGCHLD);
		(void)pthread_sigmask(SIG_BLOCK, &child, &before);
		result = ask_it(&wire, options, question->is_called_here,
		    theirs, answer);
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	} else if (theirs != -1)
		(void)close(theirs);
	if (wire.fd != -1)
		(void)close(wire.fd);
	return result;
}
