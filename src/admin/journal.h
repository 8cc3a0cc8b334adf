#ifndef JOURNAL_H_
#define JOURNAL_H_

#include <stdio.h>
#include <sys/types.h>

#include "ground/error.h"

/* What systemd's journal has of our programs, the newest first: of root and of
 * the daemon's user, for anybody may log under a name of ours. */
struct journal {
	FILE *lines;
	pid_t pid;
};

/* 0, or -1 and error: there is none, or whose `state' is cannot be told. */
int journal_open(struct journal *journal, const char *state,
    struct error *error);
void journal_close(struct journal *journal);

#endif /* !JOURNAL_H_ */
