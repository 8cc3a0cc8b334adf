#ifndef CHILD_H_
#define CHILD_H_

#include <stdint.h>
#include <stdio.h>

#include "admin/child_lines.h"
#include "ground/error.h"

/*
 * What concerns the daemon's files is done in a child that became the daemon's
 * user first (become.h).  What it says is no more to be trusted than that
 * user: each line is read strictly, is bounded, and is checked by who takes
 * it.  A child that is stopped, or says nothing for CHILD_SILENCE_MS and what
 * its work may take, is ended.
 *
 * For a process without threads, and without a database that is open.
 */

#define CHILD_SILENCE_MS 10000

struct child {
	const char *state;	/* the state directory */
	const char *what;	/* what progress counts: "sessions looked at" */
	int64_t silence_ms;	/* that its work may take without a line */
	void *context;

	/* In the child: write lines, each one JSON object (child_progress()
	 * among them).  0, or -1 and error. */
	int (*work)(void *context, FILE *out, struct error *error);

	child_lines_taker *take; /* in this process, with each of them */
};

/* 0 once all was taken; -1 and error, of either of them. */
int child_run(const struct child *child, struct error *error);

/* In the child: how far it is, so that nobody takes it for dead. */
void child_progress(FILE *out, int64_t count);

#endif /* !CHILD_H_ */
