#ifndef DATABASE_CHECK_H_
#define DATABASE_CHECK_H_

#include <stddef.h>
#include <stdint.h>

#include "state/database.h"

/* Shared by database*.c alone. */

/* What every connection of ours is given before its first statement;
 * SQLITE_OK, or what SQLite says. */
int database_configure(struct sqlite3 *db, enum database_mode mode,
    const struct database_schema *schema);

/* And once it was looked at: what it may wait, what it may hold. */
void database_settle(struct sqlite3 *db);

/* The one value that a statement answers, as a number or as text (each may be
 * NULL).  SQLITE_OK, or what SQLite says; SQLITE_CORRUPT if there is none. */
int database_ask(struct sqlite3 *db, const char *sql, int64_t *number_out,
    char *text_out, size_t size);

/*
 * Is it ours and of a version that this release can use, by what its header
 * says?  DATABASE_ABSENT, without error: it is ours to be filled or migrated,
 * with the modes that may; otherwise the outcome and error.
 */
enum database_outcome database_check_head(struct sqlite3 *db,
    const char *path, enum database_mode mode,
    const struct database_schema *schema, struct error *error);

#endif /* !DATABASE_CHECK_H_ */
