#ifndef SQL_H_
#define SQL_H_

#include <stddef.h>
#include <stdint.h>

struct sqlite3;
struct sqlite3_stmt;

/*
 * Statements of SQLite with their values.  For src/state alone.
 *
 * Values are borrowed until the statement is reset or finalized.  There are
 * as many as the statement has parameters, ?1 first; else it is not run:
 * SQLITE_RANGE.
 *
 * Threads: one at a time for a connection.
 */

enum sql_type {
	SQL_NULL = 0,
	SQL_NUMBER,
	SQL_TEXT,
	SQL_BYTES
};

struct sql_value {
	enum sql_type type;
	int64_t number;
	const void *data;
	size_t len;
};

struct sql_value sql_null(void);
struct sql_value sql_number(int64_t number);
struct sql_value sql_text(const char *text);	/* NULL: SQL_NULL */
struct sql_value sql_bytes(const void *data, size_t len);

/* Prepared if *statement is NULL, bound and stepped once: SQLITE_ROW,
 * SQLITE_DONE or what went wrong.  The caller resets it for its next use, or
 * finalizes it. */
int sql_step(struct sqlite3 *db, const char *sql,
    const struct sql_value *values, size_t count,
    struct sqlite3_stmt **statement);

/* Ready for its next use; NULL too. */
void sql_reset(struct sqlite3_stmt *statement);

/* One that answers nothing: SQLITE_OK, or what went wrong. */
int sql_run(struct sqlite3 *db, const char *sql,
    const struct sql_value *values, size_t count);

/* The number that it answers: SQLITE_OK; SQLITE_NOTFOUND where there is no
 * row, or what went wrong, and 0. */
int sql_ask(struct sqlite3 *db, const char *sql,
    const struct sql_value *values, size_t count, int64_t *out);

/* Likewise, but that there is no row is an answer too. */
int sql_find(struct sqlite3 *db, const char *sql,
    const struct sql_value *values, size_t count, int *found_out,
    int64_t *out);

/* As sql_ask(), the text, cut to `size`; "" where there is none.  Of a
 * statement without values. */
int sql_ask_text(struct sqlite3 *db, const char *sql, char *text_out,
    size_t size);

#endif /* !SQL_H_ */
