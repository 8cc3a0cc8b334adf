#include "config.h"

#include "admin/process.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DELETED " (deleted)"

int
process_link(long pid, const char *what, char *text, size_t size)
{
	char path[64];
	ssize_t len;

	(void)snprintf(path, sizeof(path), "/proc/%ld/%s", pid, what);
	len = readlink(path, text, size - 1);
	text[len < 0 ? 0 : len] = '\0';
	return len <= 0 || (size_t)len >= size - 1 ? -1 : 0;
}

/* The first bytes of /proc/PID/WHAT, and a NUL. */
static size_t
read_file(long pid, const char *what, char *text, size_t size)
{
	char path[64];
	size_t len = 0;
	ssize_t got = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%ld/%s", pid, what);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		while (len < size - 1 && (got = read(fd, text + len,
		    size - 1 - len)) > 0)
			len += (size_t)got;
		(void)close(fd);
	}
	text[len] = '\0';
	return len;
}

static int
read_program(struct process *process, const char *name)
{
	const size_t tail = sizeof(DELETED) - 1;
	struct stat here, running;
	char path[64], *base;
	size_t len;

	if (process_link(process->pid, "exe", process->program,
	    sizeof(process->program)) == -1)
		return -1;
	len = strlen(process->program);
	if (len > tail && strcmp(process->program + len - tail, DELETED) == 0)
		process->program[len - tail] = '\0';
	base = strrchr(process->program, '/');
	if (base == NULL || strcmp(base + 1, name) != 0)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/%ld/exe", process->pid);
	process->was_replaced = stat(path, &running) == -1 ||
	    stat(process->program, &here) == -1 ||
	    running.st_dev != here.st_dev || running.st_ino != here.st_ino;
	return 0;
}

static int
read_uid(struct process *process)
{
	char text[4096], *line;

	(void)read_file(process->pid, "status", text, sizeof(text));
	line = strstr(text, "\nUid:");
	if (line == NULL)
		return -1;
	/* the real one, then the one that counts */
	(void)strtoul(line + 5, &line, 10);
	process->uid = (uid_t)strtoul(line, &line, 10);
	return *line == '\t' ? 0 : -1;
}

/* Field 22 of its stat, behind a name that may hold anything. */
static int
read_start(struct process *process)
{
	char text[4096], *at, *end;
	int64_t ticks;
	int field;

	(void)read_file(process->pid, "stat", text, sizeof(text));
	at = strrchr(text, ')');
	for (field = 2; at != NULL && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at == NULL)
		return -1;
	ticks = strtoll(at, &end, 10);
	process->started = ticks * 1000 / sysconf(_SC_CLK_TCK);
	return *end == ' ' ? 0 : -1;
}

int
process_each(const char *name, void (*take)(void *context,
    const struct process *process), void *context)
{
	struct process *process = calloc(1, sizeof(*process));
	const struct dirent *entry;
	DIR *folder = opendir("/proc");
	int ret;

	while (process != NULL && folder != NULL &&
	    (entry = readdir(folder)) != NULL) {
		process->pid = strtol(entry->d_name, NULL, 10);
		if (process->pid <= 0 || read_program(process, name) == -1 ||
		    read_uid(process) == -1 || read_start(process) == -1)
			continue;
		process->len = read_file(process->pid, "cmdline",
		    process->arguments, sizeof(process->arguments));
		take(context, process);
	}
	ret = process != NULL && folder != NULL ? 0 : -1;
	if (folder != NULL)
		(void)closedir(folder);
	free(process);
	return ret;
}

const char *
process_argument(const struct process *process, size_t *at)
{
	const char *argument = process->arguments + *at;

	if (*at >= process->len)
		return NULL;
	*at += strlen(argument) + 1;
	return argument;
}
