#ifndef TRUST_MARKS_H_
#define TRUST_MARKS_H_

#include <stddef.h>
#include <stdint.h>

#include "ground/error.h"
#include "ground/notices.h"

/*
 * How far trust.db was seen to be, so that nothing goes back unseen: each
 * lineage that its files had, in the order in which they came, with the last
 * change.  A process holds them in memory; status.db keeps them
 * (status_lineage.h).  May be used by all threads.
 *
 * A file is believed if its lineage was never seen, or is the last one and
 * the change that was seen is one of its own.  A lower number, another change
 * of that number (later ones cannot hide that some were lost), a lineage that
 * another one has followed, and none at all where there was one are a file
 * that was put back, or one that lost its log: `authgear-cache accept` gives
 * it a new lineage.
 */

#define TRUST_LINEAGE_SIZE 16
#define TRUST_TAG_SIZE 8

/* A change: the number of one in a lineage, and what tells it from another
 * one of that number. */
struct trust_lineage {
	unsigned char id[TRUST_LINEAGE_SIZE];
	int64_t number;
	unsigned char tag[TRUST_TAG_SIZE];
};

struct trust_marks;

/* Borrows notices.  NULL: memory. */
struct trust_marks *trust_marks_new(struct notices *notices);
void trust_marks_free(struct trust_marks *marks);

/* 1 and the last change that was seen, 0 if none was. */
int trust_marks_last(struct trust_marks *marks,
    struct trust_lineage *last_out);

/*
 * 0 if the file at the path is to be believed, -1 and error; `lineage`: its
 * last change, NULL: it has none; `then`: its own change of the number that
 * trust_marks_last() told, NULL: there is none any more.  1: more was seen
 * since, so read the file again.
 */
int trust_marks_judge(struct trust_marks *marks,
    const struct trust_lineage *lineage, const struct trust_lineage *then,
    const char *path, struct error *error);

/*
 * It is believed: hold that.  Then, before anything is answered by it, wait
 * until the thread that serves the marks has written them down, at most
 * TRUST_MARKS_WAIT_MS.  0; 1: nobody serves them, so the caller is to do it;
 * -1: memory, it is not held.
 */
#define TRUST_MARKS_WAIT_MS 100
int trust_marks_see(struct trust_marks *marks,
    const struct trust_lineage *lineage, const char *path);

/* What is written down, in its order: what is not held yet comes behind.  0,
 * or -1: memory. */
int trust_marks_merge(struct trust_marks *marks,
    const struct trust_lineage *list, size_t count);

/* Called, from any thread, when there is something to write; NULL: by nobody
 * any more. */
void trust_marks_serve(struct trust_marks *marks,
    void (*wake)(void *context), void *context);

/*
 * All of them, malloc'd, if something is not written yet (or `always`): 1,
 * else 0; -1: memory.  *turn_out goes back with trust_marks_written().
 */
int trust_marks_unwritten(struct trust_marks *marks, int always,
    struct trust_lineage **list_out, size_t *count_out, uint64_t *turn_out);
void trust_marks_written(struct trust_marks *marks, uint64_t turn);

/* It could not be written: said once, until it was. */
void trust_marks_failed(struct trust_marks *marks, const char *why);

#endif /* !TRUST_MARKS_H_ */
