#ifndef CSV_H_
#define CSV_H_

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ground/error.h"

/*
 * Records of comma-separated values (RFC 4180), read strictly: a quote stands
 * around a whole field or doubled in one that is quoted, lines end in LF or CR
 * LF.  UTF-8's byte order mark at the beginning is skipped.
 * Threads: one at a time.
 */

#define CSV_FIELDS 8
#define CSV_RECORD 8192		/* bytes of one, with a NUL for each field */

struct csv {
	FILE *file;		/* these two: borrowed, set by the caller */
	const char *path;
	int64_t line;		/* where the record begins */
	int64_t ends;		/* lines that were read */
	int is_marked;		/* the mark was skipped */
	int has_no_end;		/* the file ended within this record's line */
	int count;
	const char *fields[CSV_FIELDS];
	size_t len;
	char text[CSV_RECORD];
};

/* 1 and its fields; 0 after the last; -1 and error, which names the line. */
int csv_next(struct csv *csv, struct error *error);

#endif /* !CSV_H_ */
