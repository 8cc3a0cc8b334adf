#ifndef TRUST_CHANGE_H_
#define TRUST_CHANGE_H_

#include <stdint.h>

#include "facts/revocation.h"
#include "state/write/trust_writer.h"

struct sqlite3;
struct sqlite3_stmt;

/* Changes of rows, each with its row in the audit; shared by what writes
 * trust.db.  All answer SQLITE_OK or what SQLite says, inside the caller's
 * transaction.  Threads: one at a time for a connection. */

/* One more change (trust_audit_row()), which is alone. */
int trust_change_audit(struct sqlite3 *db, const struct trust_note *note,
    const char *action, const char *detail, int64_t wall, int64_t *id_out);
int trust_change_add(struct sqlite3 *db, const struct revocation *revocation,
    const struct trust_note *note, int64_t wall, int64_t id);

/* The id of the same row if the rule is `revoked`, 0 if there is none; it is
 * kept for as long as the note's token. */
int trust_change_same(struct sqlite3 *db, const struct revocation *revocation,
    const struct trust_note *note, int64_t *id_out);

/* Of the same token two ends are told: the later one counts, and that it tells
 * none (REVOCATION_NO_TIME) is the latest. */
int trust_change_last(struct sqlite3 *db, const struct revocation *revocation,
    int64_t expires);

/* Delete the first of the choice that is left, with a row in the audit; its
 * id, 0 if there is none. */
int trust_change_lift(struct sqlite3 *db, const struct trust_choice *choice,
    const struct trust_note *note, int64_t wall, int64_t *id_out);

/* The row that a statement stands on, whose first columns are those of
 * TRUST_ROW_COLUMNS and id. */
int trust_change_lift_row(struct sqlite3 *db, struct sqlite3_stmt *chosen,
    const struct trust_note *note, int64_t wall);

/* A new lineage, with its row in the audit. */
int trust_change_accept(struct sqlite3 *db, const struct trust_note *note,
    int64_t wall, int64_t *id_out);

/* Likewise after a restore; `detail` for the audit. */
int trust_change_lineage(struct sqlite3 *db, const struct trust_note *note,
    const char *detail, int64_t wall, int64_t *id_out);

/* Keys fetched until `wall` are due, with its row in the audit. */
int trust_change_keys_due(struct sqlite3 *db, const struct trust_note *note,
    int64_t wall, int64_t *id_out);

/* Give or take away an account, with its row in the audit.  SQLITE_CONSTRAINT
 * if another user has it; *count_out: rows that were there. */
int trust_change_map(struct sqlite3 *db, const char *user_id,
    const char *account, const struct trust_note *note, int64_t wall);
int trust_change_unmap(struct sqlite3 *db, const char *user_id,
    const struct trust_note *note, int64_t wall, int *count_out);

#endif /* !TRUST_CHANGE_H_ */
