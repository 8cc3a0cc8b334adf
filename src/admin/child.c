#include "config.h"

#include "admin/child.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/progress.h"
#include "face/become.h"
#include "face/json_print.h"
#include "ground/json_parse.h"

#define LINE_MAX_BYTES 65536

/* What the child says, line by line. */
struct input {
	int fd;
	int patience;		/* milliseconds */
	size_t len;
	int is_over;		/* it said that it is done */
	struct progress progress;
	char bytes[LINE_MAX_BYTES];
};

void
child_progress(FILE *out, int64_t count)
{
	(void)fprintf(out, "{\"progress\":%lld}\n", (long long)count);
	(void)fflush(out);
}

int
child_is_odd(struct error *error)
{
	error_set(error, "what was read as the daemon's user makes no sense: "
	    "look at who else can write to the state directory's daemon/");
	return -1;
}

/* Nothing of this process is left to it but what it was told. */
static int
leave_all(int out)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1 || dup2(null, STDIN_FILENO) == -1 ||
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

/* Its words go to a terminal. */
static void
repeat(const char *text, struct error *error)
{
	char plain[sizeof(error->text)];
	size_t i;

	for (i = 0; text[i] != '\0' && i + 1 < sizeof(plain); i++) {
		plain[i] = '?';
		if (text[i] >= ' ' && text[i] <= '~')
			plain[i] = text[i];
	}
	plain[i] = '\0';
	error_set(error, "%s", plain);
}

/* What the child itself says of its work: 1 if the line was such a one. */
static int
take_own(struct input *input, const struct json *line, struct error *error)
{
	const char *text;
	int64_t count;
	int is_end;

	if (json_find_boolean(line, "end", &is_end) == JSON_FOUND) {
		input->is_over = 1;
	} else if (json_find_string(line, "error", &text) == JSON_FOUND) {
		repeat(text, error);
		return -1;
	} else if (json_find_seconds(line, "progress", &count) == JSON_FOUND) {
		progress_tell(&input->progress, count);
	} else {
		return 0;
	}
	return 1;
}

static int
take_line(const struct child *child, struct input *input, const char *text,
    size_t len, struct error *error)
{
	enum json_refusal refusal;
	struct json *line = json_parse(text, len, &refusal);
	int ret;

	if (line == NULL && refusal == JSON_NO_MEMORY) {
		error_set(error, "out of memory");
		return -1;
	}
	/* behind its last line there is none */
	if (line == NULL || input->is_over) {
		json_free(line);
		return child_is_odd(error);
	}
	ret = take_own(input, line, error);
	if (ret == 0)
		ret = child->take(child->context, line, error);
	json_free(line);
	return ret == -1 ? -1 : 0;
}

static int
take_lines(const struct child *child, struct input *input,
    struct error *error)
{
	char *at = input->bytes, *end;
	size_t left = input->len;

	while ((end = memchr(at, '\n', left)) != NULL) {
		if (take_line(child, input, at, (size_t)(end - at),
		    error) == -1)
			return -1;
		left -= (size_t)(end + 1 - at);
		at = end + 1;
	}
	memmove(input->bytes, at, left);
	input->len = left;
	return left < sizeof(input->bytes) ? 0 : child_is_odd(error);
}

/* Bytes, 0 at the end, -1 and error. */
static ssize_t
receive(struct input *input, struct error *error)
{
	struct pollfd wait = { .fd = input->fd, .events = POLLIN };
	ssize_t got;
	int ready;

	do {
		ready = poll(&wait, 1, input->patience);
	} while (ready == -1 && errno == EINTR);
	if (ready == 0) {
		error_set(error, "what reads as the daemon's user does not "
		    "answer: look for what stops it");
		return -1;
	}
	got = ready == -1 ? -1 : read(input->fd, input->bytes + input->len,
	    sizeof(input->bytes) - input->len);
	if (got == -1)
		error_set(error, "reading as the daemon's user: %s",
		    strerror(errno));
	return got;
}

static int
take_all(const struct child *child, struct input *input, struct error *error)
{
	ssize_t got;

	while ((got = receive(input, error)) > 0) {
		input->len += (size_t)got;
		if (take_lines(child, input, error) == -1)
			return -1;
	}
	if (got == 0 && input->is_over && input->len == 0)
		return 0;
	error_set(error, "what reads as the daemon's user ended in the middle "
	    "of it");
	return -1;
}

int
child_run(const struct child *child, struct error *error)
{
	struct input *input = calloc(1, sizeof(*input));
	pid_t pid;
	int ret = -1;

	if (input == NULL) {
		error_set(error, "out of memory");
		return -1;
	}
	if (start(child, &pid, &input->fd, error) == -1)
		goto done;
	input->patience = CHILD_SILENCE_MS + (int)child->silence_ms;
	progress_begin(&input->progress, child->what);
	ret = take_all(child, input, error);
	progress_end(&input->progress);
	(void)close(input->fd);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
done:
	free(input);
	return ret;
}
