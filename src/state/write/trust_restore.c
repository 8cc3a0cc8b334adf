#include "state/write/trust_restore.h"

#include <sqlite3.h>
#include <string.h>

#include "ground/buffer.h"
#include "state/sql.h"
#include "state/sql_column.h"
#include "state/trust_row.h"
#include "state/write/trust_change.h"
#include "state/write/trust_merge.h"
#include "state/write/trust_note.h"

/* One restoring. */
struct restoring {
	struct sqlite3 *db;
	struct sqlite3 *from;
	const struct trust_restore_wish *wish;
	struct trust_merge merge;
};

/* The column as it stands there. */
static int
take_column(struct sqlite3_stmt *row, int column, struct sql_value *value)
{
	const unsigned char *bytes;
	const char *text;
	size_t len;
	int rc = SQLITE_OK;

	switch (sqlite3_column_type(row, column)) {
	case SQLITE_INTEGER:
		*value = sql_number(sqlite3_column_int64(row, column));
		break;
	case SQLITE_TEXT:
		rc = sql_column_text(row, column, &text);
		*value = sql_text(text);
		break;
	case SQLITE_BLOB:
		rc = sql_column_bytes(row, column, &bytes, &len);
		*value = sql_bytes(bytes, len);
		break;
	default:
		*value = sql_null();
	}
	return rc;
}

static int
take_columns(struct sqlite3_stmt *row, struct sql_value *values, int count)
{
	int i, rc = SQLITE_OK;

	for (i = 0; i < count && rc == SQLITE_OK; i++)
		rc = take_column(row, i, &values[i]);
	return rc;
}

/* What each row of a statement is given to. */
typedef int row_taker(struct restoring *restoring, struct sqlite3_stmt *row);

static int
each_row(struct restoring *restoring, struct sqlite3 *db, const char *sql,
    row_taker *take)
{
	const struct trust_restore_wish *wish = restoring->wish;
	struct sqlite3_stmt *row = NULL;
	int rc, done = SQLITE_OK;

	rc = sql_step(db, sql, NULL, 0, &row);
	for (; rc == SQLITE_ROW; rc = sqlite3_step(row)) {
		if (wish->step != NULL)
			wish->step(wish->context);
		if ((done = take(restoring, row)) != SQLITE_OK)
			break;
	}
	(void)sqlite3_finalize(row);
	return rc == SQLITE_ROW ? done : rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
restore_row(struct restoring *restoring, struct sqlite3_stmt *row)
{
	struct sql_value values[TRUST_MERGE_COUNT];
	struct revocation revocation;
	char hex[HASH_HEX_SIZE];
	int rc;

	rc = trust_row_read(row, &revocation, hex);
	if (rc != SQLITE_OK)
		return rc == SQLITE_CORRUPT ? SQLITE_MISMATCH : rc;
	rc = take_columns(row, values, TRUST_MERGE_COUNT);
	return rc == SQLITE_OK ? trust_merge_row(&restoring->merge,
	    &revocation, values) : rc;
}

/* One that the backup lacks goes; one that makes no sense is none of its. */
static int
look_at_row(struct restoring *restoring, struct sqlite3_stmt *row)
{
	const struct trust_merge *merge = &restoring->merge;
	struct sql_value values[TRUST_MERGE_SAME_COUNT];
	int i, rc = SQLITE_OK, found = 0;

	if (sqlite3_column_int64(row, 5) > restoring->wish->last)
		return SQLITE_OK;
	/* the number stands between the rule and the rest */
	for (i = 0; i < TRUST_MERGE_SAME_COUNT && rc == SQLITE_OK; i++)
		rc = take_column(row, i < 5 ? i : i + 1, &values[i]);
	if (rc == SQLITE_OK)
		rc = trust_backup_find(restoring->wish->backup, values,
		    &found);
	if (rc != SQLITE_OK || found)
		return rc;
	merge->done->dropped++;
	return trust_change_lift_row(restoring->db, row, merge->note,
	    merge->wall);
}

/* One that the backup lacks, or has otherwise, goes. */
static int
look_at_account(struct restoring *restoring, struct sqlite3_stmt *row)
{
	struct sql_value values[TRUST_MERGE_ACCOUNT_COUNT];
	int found = 0, rc;

	rc = take_columns(row, values, TRUST_MERGE_ACCOUNT_COUNT);
	if (rc == SQLITE_OK)
		rc = trust_backup_find_account(restoring->wish->backup,
		    values, &found);
	return rc != SQLITE_OK || found ? rc : sql_run(restoring->db,
	    "DELETE FROM account WHERE user_id = ?1", values, 1);
}

/* Who is let in as whom is no less strict than what `map add' takes. */
static int
restore_account(struct restoring *restoring, struct sqlite3_stmt *row)
{
	struct sql_value values[TRUST_MERGE_ACCOUNT_COUNT];
	struct trust_note note = { .source = "" };
	int i, rc = take_columns(row, values, TRUST_MERGE_ACCOUNT_COUNT);

	if (rc != SQLITE_OK)
		return rc;
	for (i = 0; i < TRUST_MERGE_ACCOUNT_COUNT - 1; i++)
		if (values[i].type != SQL_TEXT)
			return SQLITE_MISMATCH;
	note.reason = values[2].data;
	note.actor = values[3].data;
	if (trust_note_check_account(values[0].data, values[1].data, &note,
	    NULL) == -1)
		return SQLITE_MISMATCH;
	return trust_merge_account(&restoring->merge, values);
}

static int
restore_all(struct restoring *restoring)
{
	static const char rows[] = "SELECT " TRUST_MERGE_COLUMNS
	    " FROM revocation ORDER BY id";
	/* in the order of the table, of which it is dropped as it is read */
	static const char surplus[] = "SELECT " TRUST_ROW_COLUMNS ", id,"
	    " reason, actor, source, time FROM revocation";
	static const char accounts[] = "SELECT " TRUST_MERGE_ACCOUNT_COLUMNS
	    " FROM account ORDER BY user_id";
	const int is_exact = restoring->wish->is_exact;
	int rc;

	rc = each_row(restoring, restoring->from, rows, restore_row);
	if (rc == SQLITE_OK && is_exact)
		rc = each_row(restoring, restoring->db, surplus, look_at_row);
	if (rc == SQLITE_OK && is_exact)
		rc = each_row(restoring, restoring->db, accounts,
		    look_at_account);
	return rc == SQLITE_OK ? each_row(restoring, restoring->from,
	    accounts, restore_account) : rc;
}

int
trust_restore(struct sqlite3 *db, const struct trust_restore_wish *wish,
    const struct trust_note *note, int64_t wall,
    struct trust_restored *restored)
{
	struct restoring restoring = { .db = db,
	    .from = trust_backup_db(wish->backup), .wish = wish,
	    .merge = { .note = note, .wall = wall, .how = "restored",
	    .done = restored } };
	struct buffer detail;
	int rc;

	trust_merge_init(&restoring.merge, db);
	buffer_init(&detail, 2 * TRUST_WRITER_MAX_REASON);
	(void)buffer_append_format(&detail, "up to change %lld%s%s%s",
	    (long long)trust_backup_number(wish->backup), wish->is_exact ?
	    ", exactly" : "", note->reason[0] == '\0' ? "" : ": ",
	    note->reason);
	rc = detail.failed ? SQLITE_NOMEM : restore_all(&restoring);
	if (rc == SQLITE_OK)
		rc = trust_change_lineage(db, note, detail.data, wall,
		    &restored->number);
	trust_merge_clear(&restoring.merge);
	buffer_clear(&detail);
	return rc;
}
