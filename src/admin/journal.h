#ifndef JOURNAL_H_
#define JOURNAL_H_

#include <stdio.h>
#include <sys/types.h>

#include "ground/error.h"

/* What systemd's journal has of our programs, the newest first. */
struct journal {
	FILE *lines;
	pid_t pid;
};

/* 0, or -1 and error: there is none. */
int journal_open(struct journal *journal, struct error *error);
void journal_close(struct journal *journal);

#endif /* !JOURNAL_H_ */
