#ifndef SQL_COLUMN_H_
#define SQL_COLUMN_H_

#include <stddef.h>

struct sqlite3_stmt;

/*
 * Texts and bytes of the row that a statement stands on.  For src/state alone,
 * and read nowhere else: SQLite answers NULL also where it had no memory for
 * them, and then the column says that it is NULL.
 *
 * SQLITE_OK, or SQLITE_NOMEM and nothing.  What comes out is borrowed until
 * the statement is stepped, reset or finalized.
 *
 * Threads: one at a time for a connection.
 */

/* NULL if the column holds no text, or one with a NUL in it. */
int sql_column_text(struct sqlite3_stmt *statement, int column,
    const char **text_out);

/* NULL and 0 if it holds no bytes. */
int sql_column_bytes(struct sqlite3_stmt *statement, int column,
    const unsigned char **bytes_out, size_t *len_out);

/* Just `size` bytes, copied; SQLITE_MISMATCH, and zeros, if it holds anything
 * else. */
int sql_column_copy(struct sqlite3_stmt *statement, int column,
    unsigned char *out, size_t size);

#endif /* !SQL_COLUMN_H_ */
