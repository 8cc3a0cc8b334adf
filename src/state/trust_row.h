#ifndef TRUST_ROW_H_
#define TRUST_ROW_H_

#include "facts/revocation.h"
#include "ground/hash.h"
#include "state/sql.h"
#include "state/trust_schema.h"

struct sqlite3_stmt;

/* Rows of revocation as they are kept; shared by what reads and what writes
 * trust.db.  Threads: one at a time for a statement. */

/* The columns of the rule, in the order of trust_row_read(). */
#define TRUST_ROW_COLUMNS "kind, value, rule, from_time, until_time"

/* The first five columns of a row; the value is borrowed until the statement
 * moves on, or is in `hex`.  SQLITE_OK, SQLITE_CORRUPT if the row makes no
 * sense, SQLITE_NOMEM. */
int trust_row_read(struct sqlite3_stmt *statement,
    struct revocation *revocation, char hex[HASH_HEX_SIZE]);

/* A value as it is kept (trust_schema.h): it points to `value` or `bytes`;
 * NULL is NULL. */
struct sql_value trust_row_kept(enum revocation_kind kind, const char *value,
    unsigned char bytes[TRUST_BYTES_SIZE]);

/* Text, or the bytes of a hash as its digits in `hex`; NULL if neither.
 * SQLITE_OK or SQLITE_NOMEM. */
int trust_row_value(struct sqlite3_stmt *statement, int column,
    char hex[HASH_HEX_SIZE], const char **value_out);

#endif /* !TRUST_ROW_H_ */
