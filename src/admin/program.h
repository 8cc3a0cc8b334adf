#ifndef PROGRAM_H_
#define PROGRAM_H_

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/buffer.h"
#include "ground/error.h"

/*
 * A program of somebody else's, run for what it says: without a shell, with
 * nothing on stdin, with no environment but PATH and LC_ALL=C.  What it says
 * is not to be trusted.
 * Threads: one at a time.
 */
struct program {
	struct buffer out;	/* its stdout, bounded */
	char last[512];		/* of its stderr, the first bytes */
	int status;		/* its exit status; -1: a signal ended it */
};

/*
 * arguments[0] is an absolute path, NULL ends them; `out` takes at most `limit`
 * bytes.  0 once it ended, or -1 and error: it cannot be run, says more, or
 * takes longer; then it and what it started are ended.
 * The caller clears it in each case.
 */
int program_run(const char *const arguments[], size_t limit, int64_t msecs,
    struct program *program, struct error *error);
void program_clear(struct program *program);

/* 1 if there is such a program. */
int program_is_there(const char *path);

/* The one of this name in the folder of this program, which is as much to be
 * trusted: 0, or -1. */
int program_beside(const char *name, char path[PATH_MAX]);

#endif /* !PROGRAM_H_ */
