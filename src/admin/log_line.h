#ifndef LOG_LINE_H_
#define LOG_LINE_H_

#include <stddef.h>
#include <stdio.h>

#include "ground/error.h"

/*
 * Lines of the daemon's log that tell a decision, as decision_log.h writes
 * them, behind whatever the log has put before.
 */

#define LOG_LINE_MAX 4096	/* bytes; what is longer is none */
#define LOG_LINE_ID 16		/* hexadecimal digits of a request */

/* 1 if it may be the id of a request. */
int log_line_is_id(const char *text);

/* The field's value without its quotes and escapes, cut to `size`: 1, or 0 and
 * "": there is none, or the line tells no decision. */
int log_line_field(const char *line, const char *name, char *value_out,
    size_t size);

/* The first line of that request: 1, 0 if there is none, -1 and error. */
int log_line_find(FILE *file, const char *id, char line_out[LOG_LINE_MAX],
    struct error *error);

#endif /* !LOG_LINE_H_ */
