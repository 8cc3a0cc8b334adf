#ifndef TABLE_H_
#define TABLE_H_

#include <stddef.h>

/*
 * Rows for people on stdout, no line wider than TABLE_WIDTH columns of a
 * terminal: what is too wide ends in "...", and stands whole in JSON.  What
 * would move a cursor, hide or turn what stands beside it is told as '?'.
 */

#define TABLE_WIDTH 100

struct table_column {
	const char *name;
	int width;		/* of the last one: TABLE_WIDTH at most */
};

/* The names of the columns. */
void table_head(const struct table_column *columns, size_t count);

/* One row; a cell that is NULL or empty is "-". */
void table_row(const struct table_column *columns, size_t count,
    const char *const *cells);

/* A line of its own, `indent` columns from the left. */
void table_line(int indent, const char *text);

/* A text within a line. */
void table_inline(const char *text);

/* Likewise in its place, for where a text is told otherwise. */
void table_plain(char *text);

/* A text that begins `indent` columns from the left, of as many lines as it
 * needs, broken at blanks. */
void table_wrap(int indent, const char *text);

#endif /* !TABLE_H_ */
