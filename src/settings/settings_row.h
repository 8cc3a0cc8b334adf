#ifndef SETTINGS_ROW_H_
#define SETTINGS_ROW_H_

#include <stddef.h>

#include "ground/buffer.h"
#include "ground/error.h"

/*
 * One key of the settings: its name, its default and its type, which is
 * how a value is read and printed.  Types alone.
 * Threads: constant; any thread.
 */

struct settings_row;

struct settings_type {
	/* 0, or -1 and error: what is wrong and what to do */
	int (*set)(void *member, const struct settings_row *row,
	    const char *value, struct error *error);
	/* the effective value as text */
	void (*print)(const void *member, const struct settings_row *row,
	    struct buffer *text);
	const char *const *words;	/* of a choice, by value, to NULL */
};

struct settings_key {
	const char *section;		/* "authgear" or "policy" */
	const char *name;
	const char *default_text;	/* as the man page says it */
};

struct settings_row {
	struct settings_key key;
	const char *default_value;	/* NULL: left empty */
	size_t offset;		/* of the member in its struct */
	long minimum;		/* of numbers */
	long maximum;		/* of numbers and of list lengths */
	const struct settings_type *type;
};

#endif /* !SETTINGS_ROW_H_ */
