#ifndef SETTINGS_TABLE_H_
#define SETTINGS_TABLE_H_

#include <stddef.h>

#include "ground/buffer.h"
#include "ground/error.h"
#include "settings/settings.h"

/*
 * One row for each key: its name, default, what it means, how a value is
 * read and how it is printed.
 */

struct settings_row {
	struct settings_key key;
	const char *default_value;	/* given to set(); NULL: left empty */
	size_t offset;		/* of the member in its struct */
	long minimum;		/* of numbers and of list lengths */
	long maximum;
	/* 0, or -1 and error: what is wrong and what to do */
	int (*set)(void *target, const struct settings_row *row,
	    const char *value, struct error *error);
	/* the effective value as text */
	void (*print)(const void *target, const struct settings_row *row,
	    struct buffer *text);
};

/* By section ("authgear" or "policy") and key; NULL if there is none. */
const struct settings_row *settings_table_find(const char *section,
    const char *name);
const struct settings_row *settings_table_at(size_t index);

/* Give every member of a section its default.  0, or -1 (memory). */
int settings_table_defaults(const char *section, void *target);

#endif /* !SETTINGS_TABLE_H_ */
