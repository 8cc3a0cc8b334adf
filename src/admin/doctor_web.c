#include "config.h"

#include "admin/doctor_web.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <time.h>
#include <unistd.h>

#include "admin/doctor_web_nginx.h"
#include "ground/buffer.h"

#define NGINX "/usr/sbin/nginx"
#define TEXT_MAX ((size_t)8 * 1024 * 1024)
#define DEADLINE_S 20

static int
spawn(pid_t *pid_out, int out)
{
	char name[] = NGINX, dump[] = "-T", quiet[] = "-q", locale[] =
	    "LC_ALL=C";
	char *const arguments[] = { name, dump, quiet, NULL };
	char *const environment[] = { locale, NULL };
	posix_spawn_file_actions_t actions;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc != 0)
		return rc;
	rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
	    "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO,
		    "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, out,
		    STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn(pid_out, NGINX, &actions, NULL, arguments,
		    environment);
	(void)posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* 0 at its end; -1: too much, or too slow. */
static int
drain(int fd, struct buffer *text)
{
	char piece[65536];
	struct pollfd waiting = { .fd = fd, .events = POLLIN };
	struct timespec now;
	time_t end;
	ssize_t n;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	end = now.tv_sec + DEADLINE_S;
	for (;;) {
		(void)clock_gettime(CLOCK_BOOTTIME, &now);
		if (now.tv_sec >= end)
			return -1;
		if (poll(&waiting, 1, 1000) <= 0)
			continue;
		n = read(fd, piece, sizeof(piece));
		if (n == 0)
			return 0;
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 || buffer_append(text, piece, (size_t)n) == -1)
			return -1;
	}
}

/* 0 and all of its output. */
static int
dump(struct buffer *text)
{
	int ends[2], rc, status = -1;
	pid_t pid = -1;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	rc = spawn(&pid, ends[1]);
	(void)close(ends[1]);
	if (rc == 0)
		rc = drain(ends[0], text);
	(void)close(ends[0]);
	if (pid <= 0)
		return -1;
	if (rc != 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return rc == 0 && status == 0 ? 0 : -1;
}

void
doctor_web(struct doctor *doctor)
{
	struct web_nginx *root = NULL;
	struct error error;
	struct buffer text;

	error_clear(&error);
	if (access(NGINX, X_OK) == -1)
		return;
	buffer_init(&text, TEXT_MAX);
	if (dump(&text) == -1)
		error_set(&error, "nginx -T fails, is slow or says too much");
	else
		root = web_nginx_read(text.data, text.len, &error);
	if (root != NULL)
		doctor_web_nginx(doctor, root);
	else
		doctor_say(doctor, DOCTOR_UNKNOWN, "nginx",
		    "look at it with nginx -t", "%s", error_text(&error));
	web_nginx_free(root);
	buffer_clear(&text);
}
