#ifndef IMPORT_FILE_H_
#define IMPORT_FILE_H_

#include <stdint.h>
#include <stdio.h>

#include "ground/error.h"
#include "ground/json.h"
#include "state/write/trust_import.h"

/*
 * What `export' wrote, line by line, believed no more than any stranger's
 * text: each has just its members, of their types.  The last one says how many
 * there are, so that a file that was cut is none.
 * Threads: one at a time.
 */

#define IMPORT_FILE_LINE 32768	/* bytes of a line, with its end */

struct import_file {
	FILE *file;
	const char *path;		/* both borrowed */
	const char *endpoint;
	int64_t line;			/* that was read last */
	int is_ended;			/* it was the last one */
	struct json *json;		/* of it */
	char text[IMPORT_FILE_LINE + 1];
};

/* A file that can be read twice, at its first line: 0, or -1 and error.  Closed
 * after either. */
int import_file_open(struct import_file *file, const char *path,
    const char *endpoint, struct error *error);
void import_file_close(struct import_file *file);

/* To its first line again: 0, or -1 and error. */
int import_file_rewind(struct import_file *file, struct error *error);

/* 1 and what it says, borrowed until the next one; 0 after the last; -1 and
 * error, which names the line. */
int import_file_next(struct import_file *file, struct trust_item *item,
    struct error *error);

#endif /* !IMPORT_FILE_H_ */
