#ifndef SETTINGS_VALUE_LIST_H_
#define SETTINGS_VALUE_LIST_H_

#include "settings/settings_row.h"

/*
 * The types of values that are lists: words separated by commas or blanks,
 * 1 to row->maximum of them.
 * Threads: no state; any thread.
 */

/* struct word_list */
extern const struct settings_type settings_value_list_words;

/* struct word_list: names whose letters and digits differ */
extern const struct settings_type settings_value_list_export;

/* struct policy itself: a list of clients, or any */
extern const struct settings_type settings_value_list_clients;

#endif /* !SETTINGS_VALUE_LIST_H_ */
