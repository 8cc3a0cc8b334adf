#include "config.h"

#include "admin/child.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "admin/child_lines.h"
#include "face/become.h"
#include "face/json_print.h"

void
child_progress(FILE *out, int64_t count)
{
	(void)fprintf(out, "{\"progress\":%lld}\n", (long long)count);
	(void)fflush(out);
}

/* Nothing of this process is left to it but what it was told; nor is its
 * terminal, to which another user could type. */
static int
leave_all(int out)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1 || setsid() == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDERR_FILENO) == -1 ||
	    dup2(out, STDOUT_FILENO) == -1 ||
	    close_range(STDERR_FILENO + 1, ~0U, 0) == -1)
		return -1;
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_DFL);
	return chdir("/");
}

/* It ends with its parent; what it became may have forgotten that. */
static int
follow(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
	    getppid() == parent ? 0 : -1;
}

static void
be_child(const struct child *child, int fd, pid_t parent)
{
	struct error error = { "" };
	FILE *out;

	if (leave_all(fd) == -1 || (out = fdopen(STDOUT_FILENO, "w")) == NULL)
		_exit(1);
	if (become_daemon(child->state, 1, &error) == 0 &&
	    follow(parent) == 0 &&
	    child->work(child->context, out, &error) == 0) {
		(void)fputs("{\"end\":true}\n", out);
	} else {
		json_print_text(out, "{\"error\":", error_text(&error));
		(void)fputs("}\n", out);
	}
	(void)fflush(out);
	_exit(0);
}

static int
start(const struct child *child, pid_t *pid_out, int *fd_out,
    struct error *error)
{
	const pid_t parent = getpid();
	int ends[2];

	(void)fflush(NULL);
	if (pipe2(ends, O_CLOEXEC) == -1)
		goto failed;
	*pid_out = fork();
	if (*pid_out == 0)
		be_child(child, ends[1], parent);
	(void)close(ends[1]);
	*fd_out = ends[0];
	if (*pid_out != -1)
		return 0;
	(void)close(ends[0]);
failed:
	error_set(error, "a process for the daemon's user: %s",
	    strerror(errno));
	return -1;
}

/* Bytes, 0 at the end, -1 and error. */
static ssize_t
receive(int fd, int patience, char *bytes, size_t size, struct error *error)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	ssize_t got;
	int ready;

	do {
		ready = poll(&wait, 1, patience);
	} while (ready == -1 && errno == EINTR);
	if (ready == 0) {
		error_set(error, "what reads as the daemon's user does not "
		    "answer: look for what stops it");
		return -1;
	}
	got = ready == -1 ? -1 : read(fd, bytes, size);
	if (got == -1)
		error_set(error, "reading as the daemon's user: %s",
		    strerror(errno));
	return got;
}

static int
take_all(struct child_lines *lines, int fd, int patience,
    struct error *error)
{
	char bytes[4096];
	ssize_t got;

	while ((got = receive(fd, patience, bytes, sizeof(bytes),
	    error)) > 0)
		if (child_lines_take(lines, bytes, (size_t)got, error) == -1)
			return -1;
	return got == 0 ? child_lines_end(lines, error) : -1;
}

int
child_run(const struct child *child, struct error *error)
{
	struct child_lines *lines = child_lines_new(child->what, child->take,
	    child->context);
	int fd, ret = -1;
	pid_t pid;

	if (lines == NULL) {
		error_set(error, "out of memory");
		return -1;
	}
	if (start(child, &pid, &fd, error) == 0) {
		ret = take_all(lines, fd, CHILD_SILENCE_MS +
		    (int)child->silence_ms, error);
		(void)close(fd);
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
			;
	}
	child_lines_free(lines);
	return ret;
}
