#ifndef ROW_PRINT_H_
#define ROW_PRINT_H_

#include "state/write/trust_list.h"

/* A revocation, or a row of the account map, on stdout. */

void row_print_head(void);
void row_print_table(const struct trust_list_row *row);

/* {"id":...}; `more` is text behind the last member, e.g. ",\"added\":true",
 * or "". */
void row_print_json(const struct trust_list_row *row, const char *more);

void row_print_account_head(void);
void row_print_account_table(const struct trust_list_account *row);
void row_print_account_json(const struct trust_list_account *row);

#endif /* !ROW_PRINT_H_ */
