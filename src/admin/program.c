#include "config.h"

#include "admin/program.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PART 4096
#define PATIENCE_MS 2000	/* to end, once it has closed its output */

struct run {
	pid_t pid;
	int out, err;		/* -1: at its end */
	int64_t until;		/* milliseconds of the monotonic clock */
	struct program *program;
	size_t last_len;
};

static int64_t
milliseconds(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int
spawn_with(struct run *run, char *const arguments[], int out, int err)
{
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char locale[] = "LC_ALL=C";
	char *const environment[] = { path, locale, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc;

	if ((rc = posix_spawn_file_actions_init(&actions)) != 0)
		return rc;
	if ((rc = posix_spawnattr_init(&attributes)) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return rc;
	}
	/* a group of its own: what it starts ends with it */
	rc = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
		    "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, out,
		    STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, err,
		    STDERR_FILENO);
	if (rc == 0)
		rc = posix_spawn(&run->pid, arguments[0], &actions,
		    &attributes, arguments, environment);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static int
start(struct run *run, const char *const arguments[], struct error *error)
{
	char *const *words;
	int out[2], err[2], rc;

	/* posix_spawn() changes none of them */
	memcpy(&words, &arguments, sizeof(words));
	if (pipe2(out, O_CLOEXEC) == -1)
		goto failed;
	if (pipe2(err, O_CLOEXEC) == -1) {
		(void)close(out[0]);
		(void)close(out[1]);
		goto failed;
	}
	rc = spawn_with(run, words, out[1], err[1]);
	(void)close(out[1]);
	(void)close(err[1]);
	run->out = out[0];
	run->err = err[0];
	if (rc == 0)
		return 0;
	errno = rc;
failed:
	error_set(error, "%s: %s", arguments[0], strerror(errno));
	return -1;
}

static void
end(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

/* 0, or -1: it says too much. */
static int
take(struct run *run, int *fd)
{
	struct program *program = run->program;
	char part[PART];
	const ssize_t got = read(*fd, part, sizeof(part));
	size_t len;

	if (got <= 0) {
		if (got == 0 || errno != EINTR)
			end(fd);
		return 0;
	}
	if (fd == &run->out)
		return buffer_append(&program->out, part, (size_t)got);
	len = sizeof(program->last) - 1 - run->last_len;
	if (len > (size_t)got)
		len = (size_t)got;
	memcpy(program->last + run->last_len, part, len);
	run->last_len += len;
	return 0;
}

/* Till both ends are closed: 0, or -1 and error. */
static int
take_all(struct run *run, const char *name, struct error *error)
{
	struct pollfd fds[2];
	int64_t left;

	while (run->out != -1 || run->err != -1) {
		left = run->until - milliseconds();
		fds[0] = (struct pollfd){ .fd = run->out, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = run->err, .events = POLLIN };
		if (left <= 0) {
			error_set(error, "%s takes too long", name);
			return -1;
		}
		if (poll(fds, 2, (int)left) <= 0)
			continue;
		if ((fds[0].revents != 0 && take(run, &run->out) == -1) ||
		    (fds[1].revents != 0 && take(run, &run->err) == -1)) {
			error_set(error, "%s says too much", name);
			return -1;
		}
	}
	return 0;
}

/* 1 once it is gone. */
static int
reap(struct run *run, int is_patient)
{
	const int64_t until = milliseconds() + PATIENCE_MS;
	int status;
	pid_t got;

	do {
		got = waitpid(run->pid, &status, is_patient ? WNOHANG : 0);
		if (got == 0)
			(void)poll(NULL, 0, 5);
	} while ((got == 0 && milliseconds() < until) ||
	    (got == -1 && errno == EINTR));
	if (got == run->pid)
		run->program->status = WIFEXITED(status) ?
		    WEXITSTATUS(status) : -1;
	return got != 0;
}

int
program_run(const char *const arguments[], size_t limit, int64_t msecs,
    struct program *program, struct error *error)
{
	struct run run = { .out = -1, .err = -1, .program = program,
	    .until = milliseconds() + msecs };
	int ret;

	memset(program, 0, sizeof(*program));
	program->status = -1;
	buffer_init(&program->out, limit);
	if (start(&run, arguments, error) == -1) {
		end(&run.out);
		end(&run.err);
		return -1;
	}
	ret = take_all(&run, arguments[0], error);
	end(&run.out);
	end(&run.err);
	if (ret == -1 || !reap(&run, 1)) {
		error_set(error, "%s does not end", arguments[0]);
		(void)kill(-run.pid, SIGKILL);
		(void)reap(&run, 0);
		return -1;
	}
	return 0;
}

void
program_clear(struct program *program)
{
	buffer_clear(&program->out);
}

int
program_is_there(const char *path)
{
	return access(path, X_OK) == 0;
}

int
program_beside(const char *name, char path[PATH_MAX])
{
	const ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	path[len < 0 ? 0 : len] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL || (size_t)(slash + 1 - path) + strlen(name) >=
	    PATH_MAX)
		return -1;
	memcpy(slash + 1, name, strlen(name) + 1);
	return program_is_there(path) ? 0 : -1;
}
