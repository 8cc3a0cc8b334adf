#ifndef TRUST_MERGE_H_
#define TRUST_MERGE_H_

#include <stdint.h>

#include "facts/revocation.h"
#include "state/sql.h"
#include "state/write/trust_audit.h"
#include "state/write/trust_writer.h"

/*
 * Rows of another file into an open trust.db, in a transaction of the
 * caller's: what is there stays, what is missing is added, each with its row
 * in the audit.  Shared by trust*.c alone.  Threads: one at a time for a
 * connection.
 */
struct trust_merge {
	const struct trust_note *note;
	int64_t wall;
	const char *how;		/* "restored", for the audit */
	struct trust_restored *done;	/* added, same, accounts, kept */
	struct trust_audit audit;
	struct sqlite3_stmt *same, *add, *same_account, *add_account;
};

/* The columns of a row, in this order. */
#define TRUST_MERGE_COLUMNS TRUST_ROW_COLUMNS ", reason, actor, source," \
	" time, credential, expires"
#define TRUST_MERGE_COUNT 11
#define TRUST_MERGE_ACCOUNT_COLUMNS "user_id, account, reason, actor, time"
#define TRUST_MERGE_ACCOUNT_COUNT 5

/* What makes two rows the same: what is revoked for ever is so once, of all
 * else it also counts who did it, when and why.  ?1 to ?9 are the columns. */
#define TRUST_MERGE_SAME "kind = ?1 AND value = ?2 AND rule = ?3" \
	" AND from_time IS ?4 AND until_time IS ?5 AND (rule = 'revoked' OR" \
	" (reason = ?6 AND actor = ?7 AND source = ?8 AND time = ?9))"
#define TRUST_MERGE_SAME_COUNT 9

/* With what is zeroed but note, wall, how and done. */
void trust_merge_init(struct trust_merge *merge, struct sqlite3 *db);
void trust_merge_clear(struct trust_merge *merge);

/* SQLITE_OK, or what SQLite says.  `revocation` is what the columns say. */
int trust_merge_row(struct trust_merge *merge,
    const struct revocation *revocation,
    const struct sql_value values[TRUST_MERGE_COUNT]);

/* A user or an account that has another one here keeps it. */
int trust_merge_account(struct trust_merge *merge,
    const struct sql_value values[TRUST_MERGE_ACCOUNT_COUNT]);

#endif /* !TRUST_MERGE_H_ */
