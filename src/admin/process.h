#ifndef PROCESS_H_
#define PROCESS_H_

#include <sys/types.h>

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Other processes, by /proc, as root may see them.  What they say of
 * themselves (arguments) is not to be trusted.
 * Threads: one at a time.
 */
struct process {
	long pid;
	uid_t uid;		/* effective */
	char program[PATH_MAX];	/* its file, as it was named */
	int was_replaced;	/* another file has that name now, or none */
	int64_t started;	/* milliseconds of boottime */
	char arguments[8192];	/* NUL behind each; cut */
	size_t len;
};

/* Each process whose program has this name, without folders.  0, or -1: /proc
 * cannot be read. */
int process_each(const char *name, void (*take)(void *context,
    const struct process *process), void *context);

/* The next argument, NULL at the end; *at begins at 0. */
const char *process_argument(const struct process *process, size_t *at);

/* A link of /proc/PID, such as "fd/3": 0, or -1. */
int process_link(long pid, const char *what, char *text, size_t size);

#endif /* !PROCESS_H_ */
