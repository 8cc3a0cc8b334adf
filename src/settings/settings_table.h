#ifndef SETTINGS_TABLE_H_
#define SETTINGS_TABLE_H_

#include <stddef.h>

#include "settings/settings_row.h"

/*
 * The table of keys: the file, what is printed of it and the tests are by
 * it.  `target` is the struct of a row's section: settings for "authgear",
 * policy for "policy".
 * Threads: constant; any thread.
 */

/* By section and key; NULL if there is none. */
const struct settings_row *settings_table_find(const char *section,
    const char *name);

/* In the man page's order; NULL behind the last. */
const struct settings_row *settings_table_at(size_t index);

/* 0, or -1 and error: what is wrong with the value and what to do. */
int settings_table_set(void *target, const struct settings_row *row,
    const char *value, struct error *error);

/* The effective value as text; nothing where there is none. */
void settings_table_print(const void *target, const struct settings_row *row,
    struct buffer *text);

/* Give every member of a section its default.  0, or -1 (memory). */
int settings_table_defaults(const char *section, void *target);

#endif /* !SETTINGS_TABLE_H_ */
