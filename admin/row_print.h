#ifndef ROW_PRINT_H_
#define ROW_PRINT_H_

#include "trust_list.h"

/* A revocation on stdout. */

void row_print_head(void);
void row_print_table(const struct trust_list_row *row);

/* {"id":...}; `more` is text behind the last member, e.g. ",\"added\":true",
 * or "". */
void row_print_json(const struct trust_list_row *row, const char *more);

#endif /* !ROW_PRINT_H_ */
