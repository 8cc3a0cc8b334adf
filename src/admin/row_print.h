#ifndef ROW_PRINT_H_
#define ROW_PRINT_H_

#include "state/write/trust_list.h"

/*
 * Rows of trust.db on stdout: in a table, with its head before the first, or
 * as one JSON object, whose line ends with it.
 */

void row_print_table(const struct trust_list_row *row, int is_first);

/* `more`: behind the last member, ",\"added\":true" or "". */
void row_print_json(const struct trust_list_row *row, const char *more);

/* As JSON without its number, which is this file's alone. */
void row_print_export(const struct trust_list_row *row);

void row_print_account_table(const struct trust_list_account *row,
    int is_first);
void row_print_account_json(const struct trust_list_account *row);

void row_print_change_table(const struct trust_list_change *row,
    int is_first);
void row_print_change_json(const struct trust_list_change *row);

#endif /* !ROW_PRINT_H_ */
