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

#include "admin/doctor_web_lines.h"
#include "admin/doctor_web_nginx.h"
#include "ground/buffer.h"

#define NGINX "/usr/sbin/nginx"
#define TEXT_MAX ((size_t)8 * 1024 * 1024)
#define DEADLINE_S 20

static int
spawn(pid_t *pid_out, int out, char *const arguments[])
{
	char locale[] = "LC_ALL=C", path[] = "PATH=/usr/sbin:/usr/bin:/sbin:"
	    "/bin";
	char *const environment[] = { locale, path, NULL };
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
		rc = posix_spawn(pid_out, arguments[0], &actions, NULL,
		    arguments, environment);
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
dump(struct buffer *text, char *const arguments[])
{
	int ends[2], rc, status = -1;
	pid_t pid = -1;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	rc = spawn(&pid, ends[1], arguments);
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

static void
look_at_nginx(struct doctor *doctor)
{
	char name[] = NGINX, dumped[] = "-T", quiet[] = "-q";
	char *const arguments[] = { name, dumped, quiet, NULL };
	struct web_nginx *root = NULL;
	struct error error;
	struct buffer text;

	error_clear(&error);
	if (access(NGINX, X_OK) == -1)
		return;
	buffer_init(&text, TEXT_MAX);
	if (dump(&text, arguments) == -1)
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

static void
look_at_lines(struct doctor *doctor, const char *subject,
    char *const arguments[], void (*look)(struct doctor *, char *))
{
	struct buffer text;

	if (access(arguments[0], X_OK) == -1)
		return;
	buffer_init(&text, TEXT_MAX);
	if (dump(&text, arguments) == 0 && text.len > 0)
		look(doctor, text.data);
	else
		doctor_say(doctor, DOCTOR_UNKNOWN, subject, NULL, "%s does "
		    "not print its configuration", arguments[0]);
	buffer_clear(&text);
}

void
doctor_web(struct doctor *doctor)
{
	char lighttpd[] = "/usr/sbin/lighttpd", print[] = "-p", file[] = "-f";
	char conf[] = "/etc/lighttpd/lighttpd.conf";
	char *const of_lighttpd[] = { lighttpd, print, file, conf, NULL };
	char apache[] = "/usr/sbin/apache2ctl", test[] = "-t", with[] = "-C";
	char info[] = "LoadModule info_module "
	    "/usr/lib/apache2/modules/mod_info.so";
	char define[] = "-D", dumped[] = "DUMP_CONFIG";
	char *const of_apache[] = { apache, test, with, info, define, dumped,
	    NULL };

	look_at_nginx(doctor);
	look_at_lines(doctor, "lighttpd", of_lighttpd,
	    doctor_web_lines_lighttpd);
	look_at_lines(doctor, "apache", of_apache, doctor_web_lines_apache);
}
