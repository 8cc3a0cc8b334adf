#ifndef CHILD_LINES_H_
#define CHILD_LINES_H_

#include <stddef.h>

#include "ground/error.h"
#include "ground/json.h"

/*
 * What a child says (child.h), which is no more to be trusted than the user
 * that it became: lines of at most 64 kB, each a JSON object.  {"error":TEXT}
 * and {"progress":COUNT}, which grows, are its own words, {"end":true} is the
 * last line.
 * Threads: one at a time.
 */

struct child_lines;

/* With each of the other lines: 0, or -1 and error. */
typedef int child_lines_taker(void *context, const struct json *line,
    struct error *error);

/* `what` progress counts; borrowed.  NULL: no memory. */
struct child_lines *child_lines_new(const char *what, child_lines_taker *take,
    void *context);
void child_lines_free(struct child_lines *lines);

/* More bytes of them: 0, or -1 and error. */
int child_lines_take(struct child_lines *lines, const char *bytes, size_t len,
    struct error *error);

/* There are no more: 0 if it said so, or -1 and error. */
int child_lines_end(const struct child_lines *lines, struct error *error);

/* Of whoever takes a line: it is none of those; -1. */
int child_lines_are_odd(struct error *error);

#endif /* !CHILD_LINES_H_ */
