#ifndef STATUS_CHANGE_H_
#define STATUS_CHANGE_H_

#include <stddef.h>
#include <stdint.h>

#include "state/status_session.h"

/*
 * What an answer does to the row of its credential: the same rules for the
 * row in the file, for another change that waits, and for whoever reads.  The
 * later lookup wins, whoever wrote it and in whatever order they come.  A doubt
 * is no answer: behind an end it makes that one later, and of a live row the
 * answers of lookups begun before it still count, doubted.
 *
 * Threads: one at a time for a change.
 */

enum status_change_what {
	STATUS_CHANGE_PUT = 1,	/* the row becomes `row` */
	STATUS_CHANGE_END,	/* a row that is there becomes not live */
	STATUS_CHANGE_DOUBT	/* a live row that is there becomes doubted */
};

struct status_change {
	char key[STATUS_KEY_SIZE];
	enum status_change_what what;
	struct status_session row;	/* owned; but for PUT only its stamps */
	int64_t asked;		/* boottime at which it came */
	uint64_t number;	/* of status_pending.c */
};

/* The boottime by which it is earlier or later than others. */
int64_t status_change_at(const struct status_change *change);

int status_change_copy(struct status_change *to,
    const struct status_change *from);
void status_change_clear(struct status_change *change);

/* What its row takes of memory beside itself. */
size_t status_change_bytes(const struct status_change *change);

/* The row after the change, in place; `found` 0: there is none (*row is
 * empty).  1 if it is another one now (and there), 0 if it stays as it is or
 * away, -1: memory (*row is empty then). */
int status_change_apply(const struct status_change *change, int found,
    struct status_session *row);

/* `change` comes after `first`, of the same key: the one that stands for
 * both, in *first.  0, or -1: memory, of a live answer alone (*first stays as
 * it was). */
int status_change_follow(struct status_change *first,
    const struct status_change *change);

/* Doubts nearer to each other are one.  A second one drops the row. */
#define STATUS_APART_MS 100

/* An END of STATUS_LATE_MS ago meets no row: make one, so that an earlier
 * answer which waited elsewhere as long is not taken for the last. */
#define STATUS_LATE_MS 1000
void status_change_insist(struct status_change *change);

#endif /* !STATUS_CHANGE_H_ */
