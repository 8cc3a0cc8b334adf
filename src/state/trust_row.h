#ifndef TRUST_ROW_H_
#define TRUST_ROW_H_

#include <stdint.h>

#include "facts/revocation.h"
#include "ground/hash.h"
#include "state/write/trust_writer.h"

struct sqlite3;
struct sqlite3_stmt;

/* Rows of revocation and audit; shared by trust*.c alone.  All but the first
 * answer SQLITE_OK or what SQLite says, inside the caller's transaction. */

/* The columns of the rule, in the order of trust_row_read(). */
#define TRUST_ROW_COLUMNS "kind, value, rule, from_time, until_time"

/* The first five columns of a row; the value is borrowed until the statement
 * moves on, or is in `hex`.  0, or -1 if the row makes no sense. */
int trust_row_read(struct sqlite3_stmt *statement,
    struct revocation *revocation, char hex[HASH_HEX_SIZE]);

/* A value as it is kept (trust_schema.h); NULL is NULL. */
int trust_row_bind_value(struct sqlite3_stmt *statement, int index,
    enum revocation_kind kind, const char *value);

/*
 * One more change: its row in the audit, whose number is the state's next.
 * Writes page 1 too, so that readers see any checkpoint of it
 * (database_view.h).
 */
int trust_row_audit(struct sqlite3 *db, const struct trust_note *note,
    const char *action, const char *detail, int64_t wall, int64_t *id_out);
int trust_row_add(struct sqlite3 *db, const struct revocation *revocation,
    const struct trust_note *note, int64_t wall, int64_t id);

/* The id of the same row if the rule is `revoked`, 0 if there is none. */
int trust_row_same(struct sqlite3 *db, const struct revocation *revocation,
    int64_t *id_out);

/* Delete the first of the choice that is left, with a row in the audit; its
 * id, 0 if there is none. */
int trust_row_lift(struct sqlite3 *db, const struct trust_choice *choice,
    const struct trust_note *note, int64_t wall, int64_t *id_out);

/* A new lineage, with its row in the audit. */
int trust_row_accept(struct sqlite3 *db, const struct trust_note *note,
    int64_t wall, int64_t *id_out);

/* Give or take away an account, with its row in the audit.  SQLITE_CONSTRAINT
 * if another user has it; *count_out: rows that were there. */
int trust_row_map(struct sqlite3 *db, const char *user_id,
    const char *account, const struct trust_note *note, int64_t wall);
int trust_row_unmap(struct sqlite3 *db, const char *user_id,
    const struct trust_note *note, int64_t wall, int *count_out);

#endif /* !TRUST_ROW_H_ */
