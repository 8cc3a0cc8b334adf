#include "state/write/trust_merge.h"

#include <sqlite3.h>
#include <string.h>

#include "ground/buffer.h"
#include "state/trust_row.h"
#include "state/write/trust_change.h"

static const char same_sql[] =
    "SELECT expires FROM revocation WHERE " TRUST_MERGE_SAME;
static const char add_sql[] =
    "INSERT INTO revocation (" TRUST_MERGE_COLUMNS ", id)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
static const char same_account_sql[] =
    "SELECT 1 FROM account WHERE user_id = ?1 AND account = ?2";
static const char add_account_sql[] =
    "INSERT INTO account (" TRUST_MERGE_ACCOUNT_COLUMNS ")"
    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";

void
trust_merge_init(struct trust_merge *merge, struct sqlite3 *db)
{
	trust_audit_init(&merge->audit, db);
	merge->same = merge->add = NULL;
	merge->same_account = merge->add_account = NULL;
}

void
trust_merge_clear(struct trust_merge *merge)
{
	trust_audit_clear(&merge->audit);
	(void)sqlite3_finalize(merge->same);
	(void)sqlite3_finalize(merge->add);
	(void)sqlite3_finalize(merge->same_account);
	(void)sqlite3_finalize(merge->add_account);
}

static int
audit_account(struct trust_merge *merge, const char *user_id,
    const char *account)
{
	struct buffer detail;
	int rc = SQLITE_NOMEM;

	buffer_init(&detail, 2 * TRUST_WRITER_MAX_VALUE);
	(void)buffer_append_format(&detail, "%s %s, %s", user_id, account,
	    merge->how);
	if (!detail.failed)
		rc = trust_audit_row(&merge->audit, merge->note, "map",
		    detail.data, merge->wall, NULL);
	buffer_clear(&detail);
	return rc;
}

static int
audit_row(struct trust_merge *merge, const struct revocation *revocation,
    int64_t *id_out)
{
	struct buffer detail;
	int rc = SQLITE_NOMEM;

	buffer_init(&detail, 2 * TRUST_WRITER_MAX_VALUE);
	(void)buffer_append_format(&detail, "%s %s %s, %s",
	    revocation_kind_name(revocation->kind), revocation->value,
	    revocation_rule_name(revocation->rule), merge->how);
	if (!detail.failed)
		rc = trust_audit_row(&merge->audit, merge->note,
		    revocation->rule == REVOCATION_BLOCKED ? "block" :
		    "revoke", detail.data, merge->wall, id_out);
	buffer_clear(&detail);
	return rc;
}

/* What is there is kept for as long as what comes would be. */
static int
keep_last(struct trust_merge *merge, const struct revocation *revocation,
    const struct sql_value *expires)
{
	const int is_endless = expires->type != SQL_NUMBER;
	const int is_later = sqlite3_column_type(merge->same, 0) !=
	    SQLITE_NULL && (is_endless ||
	    sqlite3_column_int64(merge->same, 0) < expires->number);

	merge->done->same++;
	sql_reset(merge->same);
	return !is_later ? SQLITE_OK : trust_change_last(merge->audit.db,
	    revocation, is_endless ? REVOCATION_NO_TIME : expires->number);
}

int
trust_merge_row(struct trust_merge *merge,
    const struct revocation *revocation,
    const struct sql_value values[TRUST_MERGE_COUNT])
{
	struct sql_value all[TRUST_MERGE_COUNT + 1];
	int64_t id;
	int rc;

	rc = sql_step(merge->audit.db, same_sql, values,
	    TRUST_MERGE_SAME_COUNT, &merge->same);
	if (rc == SQLITE_ROW)
		return keep_last(merge, revocation, &values[10]);
	sql_reset(merge->same);
	if (rc != SQLITE_DONE)
		return rc;
	rc = audit_row(merge, revocation, &id);
	if (rc != SQLITE_OK)
		return rc;
	memcpy(all, values, TRUST_MERGE_COUNT * sizeof(*values));
	all[TRUST_MERGE_COUNT] = sql_number(id);
	rc = sql_step(merge->audit.db, add_sql, all, TRUST_MERGE_COUNT + 1,
	    &merge->add);
	sql_reset(merge->add);
	merge->done->added += rc == SQLITE_DONE;
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
trust_merge_account(struct trust_merge *merge,
    const struct sql_value values[TRUST_MERGE_ACCOUNT_COUNT])
{
	struct sqlite3 *db = merge->audit.db;
	int rc;

	rc = sql_step(db, same_account_sql, values, 2, &merge->same_account);
	sql_reset(merge->same_account);
	if (rc != SQLITE_DONE)
		return rc == SQLITE_ROW ? SQLITE_OK : rc;
	rc = sql_step(db, add_account_sql, values, TRUST_MERGE_ACCOUNT_COUNT,
	    &merge->add_account);
	sql_reset(merge->add_account);
	if (rc != SQLITE_DONE)
		return rc;
	if (sqlite3_changes(db) != 1) {
		merge->done->kept++;
		return SQLITE_OK;
	}
	merge->done->accounts++;
	return audit_account(merge, values[0].data, values[1].data);
}
