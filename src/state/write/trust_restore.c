#include "state/write/trust_restore.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/buffer.h"
#include "state/sql.h"
#include "state/sql_column.h"
#include "state/trust_row.h"
#include "state/write/trust_change.h"

/* One restoring. */
struct restoring {
	struct sqlite3 *db;
	struct sqlite3 *from;
	const struct trust_restore_wish *wish;
	const struct trust_note *note;
	int64_t wall;
	struct trust_restored *restored;
	struct sqlite3_stmt *same, *add;	/* on db */
};

static const char rows_sql[] =
    "SELECT " TRUST_ROW_COLUMNS ", reason, actor, source, time, credential,"
    " expires FROM revocation ORDER BY id";
static const char same_sql[] =
    "SELECT 1 FROM revocation WHERE kind = ?1 AND value = ?2 AND rule = ?3"
    " AND from_time IS ?4 AND until_time IS ?5";
static const char add_sql[] =
    "INSERT INTO revocation (" TRUST_ROW_COLUMNS ", reason, actor, source,"
    " time, credential, expires, id)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
#define COLUMNS 11
#define RULE_COLUMNS 5

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
audit_row(struct restoring *restoring, const struct revocation *revocation,
    int64_t *id_out)
{
	struct buffer detail;
	int rc = SQLITE_NOMEM;

	buffer_init(&detail, 2 * TRUST_WRITER_MAX_VALUE);
	(void)buffer_append_format(&detail, "%s %s %s, restored",
	    revocation_kind_name(revocation->kind), revocation->value,
	    revocation_rule_name(revocation->rule));
	if (!detail.failed)
		rc = trust_change_audit(restoring->db, restoring->note,
		    revocation->rule == REVOCATION_BLOCKED ? "block" :
		    "revoke", detail.data, restoring->wall, id_out);
	buffer_clear(&detail);
	return rc;
}

/* Add the row that the statement stands on, unless it is there. */
static int
restore_row(struct restoring *restoring, struct sqlite3_stmt *row)
{
	struct sql_value values[COLUMNS + 1];
	struct revocation revocation;
	char hex[HASH_HEX_SIZE];
	int64_t id;
	int i, rc;

	rc = trust_row_read(row, &revocation, hex);
	if (rc != SQLITE_OK)
		return rc == SQLITE_CORRUPT ? SQLITE_MISMATCH : rc;
	for (i = 0; i < COLUMNS && rc == SQLITE_OK; i++)
		rc = take_column(row, i, &values[i]);
	if (rc != SQLITE_OK)
		return rc;
	rc = sql_step(restoring->db, same_sql, values, RULE_COLUMNS,
	    &restoring->same);
	sql_reset(restoring->same);
	if (rc != SQLITE_DONE)
		return rc == SQLITE_ROW ? SQLITE_OK : rc;
	rc = audit_row(restoring, &revocation, &id);
	if (rc != SQLITE_OK)
		return rc;
	values[COLUMNS] = sql_number(id);
	rc = sql_step(restoring->db, add_sql, values, COLUMNS + 1,
	    &restoring->add);
	sql_reset(restoring->add);
	restoring->restored->added++;
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
restore_rows(struct restoring *restoring)
{
	struct sqlite3_stmt *row = NULL;
	int rc, done = SQLITE_OK;

	rc = sql_step(restoring->from, rows_sql, NULL, 0, &row);
	for (; rc == SQLITE_ROW; rc = sqlite3_step(row))
		if ((done = restore_row(restoring, row)) != SQLITE_OK)
			break;
	(void)sqlite3_finalize(row);
	return rc == SQLITE_ROW ? done : rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* --- what is not in the backup */

struct surplus {
	int64_t *ids;
	size_t count, room;
};

static int
take_surplus(struct surplus *surplus, int64_t id)
{
	int64_t *ids;
	size_t room;

	if (surplus->count == surplus->room) {
		room = surplus->room == 0 ? 64 : 2 * surplus->room;
		ids = reallocarray(surplus->ids, room, sizeof(*ids));
		if (ids == NULL)
			return SQLITE_NOMEM;
		surplus->ids = ids;
		surplus->room = room;
	}
	surplus->ids[surplus->count++] = id;
	return SQLITE_OK;
}

/* One that makes no sense is none of the backup's. */
static int
look_at_row(struct restoring *restoring, struct sqlite3_stmt *row,
    struct surplus *surplus)
{
	struct revocation revocation;
	char hex[HASH_HEX_SIZE];
	int rc, has = 0;

	rc = trust_row_read(row, &revocation, hex);
	if (rc == SQLITE_OK)
		has = trust_backup_has(restoring->wish->backup, &revocation,
		    NULL);
	else if (rc != SQLITE_CORRUPT)
		return rc;
	if (has == -1)
		return SQLITE_NOMEM;
	return has ? SQLITE_OK : take_surplus(surplus,
	    sqlite3_column_int64(row, RULE_COLUMNS));
}

static int
find_surplus(struct restoring *restoring, struct surplus *surplus)
{
	static const char sql[] = "SELECT " TRUST_ROW_COLUMNS ", id "
	    "FROM revocation WHERE id <= ?1 ORDER BY id";
	const struct sql_value last = sql_number(restoring->wish->last);
	struct sqlite3_stmt *row = NULL;
	int rc, done = SQLITE_OK;

	rc = sql_step(restoring->db, sql, &last, 1, &row);
	for (; rc == SQLITE_ROW; rc = sqlite3_step(row))
		if ((done = look_at_row(restoring, row, surplus)) != SQLITE_OK)
			break;
	(void)sqlite3_finalize(row);
	return rc == SQLITE_ROW ? done : rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
drop_surplus(struct restoring *restoring)
{
	struct surplus surplus = { NULL, 0, 0 };
	struct trust_choice choice = { .id = 0 };
	int64_t lifted;
	size_t i;
	int rc;

	rc = find_surplus(restoring, &surplus);
	for (i = 0; i < surplus.count && rc == SQLITE_OK; i++) {
		choice.id = surplus.ids[i];
		rc = trust_change_lift(restoring->db, &choice,
		    restoring->note, restoring->wall, &lifted);
	}
	restoring->restored->dropped = (int64_t)surplus.count;
	free(surplus.ids);
	return rc;
}

/* --- the account map */

/* Whom it gives an account whose user or account is taken here stays as it
 * is. */
static int
restore_account(struct restoring *restoring, struct sqlite3_stmt *row)
{
	static const char sql[] = "INSERT INTO account (user_id, account, "
	    "reason, actor, time) VALUES (?1, ?2, ?3, ?4, ?5) "
	    "ON CONFLICT DO NOTHING";
	static const char same[] = "SELECT 1 FROM account WHERE user_id = ?1 "
	    "AND account = ?2";
	struct sql_value values[5];
	int64_t ignored;
	int i, found = 0, rc = SQLITE_OK;

	for (i = 0; i < 5 && rc == SQLITE_OK; i++)
		rc = take_column(row, i, &values[i]);
	if (rc == SQLITE_OK)
		rc = sql_find(restoring->db, same, values, 2, &found,
		    &ignored);
	if (rc != SQLITE_OK || found)
		return rc;
	rc = sql_run(restoring->db, sql, values, 5);
	if (rc == SQLITE_OK && sqlite3_changes(restoring->db) == 1)
		restoring->restored->accounts++;
	else if (rc == SQLITE_OK)
		restoring->restored->kept++;
	return rc;
}

static int
restore_accounts(struct restoring *restoring)
{
	static const char sql[] = "SELECT user_id, account, reason, actor, "
	    "time FROM account ORDER BY user_id";
	struct sqlite3_stmt *row = NULL;
	int rc = SQLITE_OK, done = SQLITE_OK;

	if (restoring->wish->is_exact)
		rc = sqlite3_exec(restoring->db, "DELETE FROM account", NULL,
		    NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sql_step(restoring->from, sql, NULL, 0, &row);
	for (; rc == SQLITE_ROW; rc = sqlite3_step(row))
		if ((done = restore_account(restoring, row)) != SQLITE_OK)
			break;
	(void)sqlite3_finalize(row);
	return rc == SQLITE_ROW ? done : rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
trust_restore(struct sqlite3 *db, const struct trust_restore_wish *wish,
    const struct trust_note *note, int64_t wall,
    struct trust_restored *restored)
{
	struct restoring restoring = { .db = db,
	    .from = trust_backup_db(wish->backup), .wish = wish,
	    .note = note, .wall = wall, .restored = restored };
	struct buffer detail;
	int rc;

	buffer_init(&detail, 2 * TRUST_WRITER_MAX_REASON);
	(void)buffer_append_format(&detail, "up to change %lld%s%s%s",
	    (long long)trust_backup_number(wish->backup), wish->is_exact ?
	    ", exactly" : "", note->reason[0] == '\0' ? "" : ": ",
	    note->reason);
	rc = detail.failed ? SQLITE_NOMEM : restore_rows(&restoring);
	if (rc == SQLITE_OK && wish->is_exact)
		rc = drop_surplus(&restoring);
	if (rc == SQLITE_OK)
		rc = restore_accounts(&restoring);
	if (rc == SQLITE_OK)
		rc = trust_change_lineage(db, note, detail.data, wall,
		    &restored->number);
	(void)sqlite3_finalize(restoring.same);
	(void)sqlite3_finalize(restoring.add);
	buffer_clear(&detail);
	return rc;
}
