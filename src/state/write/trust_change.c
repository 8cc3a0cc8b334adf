#include "state/write/trust_change.h"

#include <sqlite3.h>
#include <stddef.h>

#include "ground/buffer.h"
#include "state/sql.h"
#include "state/sql_column.h"
#include "state/trust_row.h"
#include "state/trust_schema.h"
#include "state/write/trust_audit.h"

#define CREDENTIAL_BYTES 8	/* of the hash: 16 digits */

static const char lineage_sql[] =
    "UPDATE state SET lineage = randomblob(16)";
/* The id of a revocation is that of its audit row, which is never used
 * again. */
static const char add_sql[] =
    "INSERT INTO revocation (" TRUST_ROW_COLUMNS ","
    " id, reason, actor, source, time, credential, expires)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
static const char same_sql[] =
    "SELECT id FROM revocation"
    " WHERE kind = ?1 AND value = ?2 AND rule = 'revoked' LIMIT 1";
/* One that ends by itself later, or does not tell when, is kept as long. */
static const char last_sql[] =
    "UPDATE revocation SET expires = ?3 WHERE kind = ?1 AND value = ?2"
    " AND rule = 'revoked' AND expires < coalesce(?3, expires + 1)";
static const char choice_sql[] =
    "SELECT " TRUST_ROW_COLUMNS ", id FROM revocation"
    " WHERE kind = ?1 AND value = ?2 ORDER BY id LIMIT 1";
static const char number_choice_sql[] =
    "SELECT " TRUST_ROW_COLUMNS ", id FROM revocation"
    " WHERE id = ?1 LIMIT 1";
static const char lift_sql[] =
    "DELETE FROM revocation WHERE kind = ?1 AND value = ?2 AND id = ?3";

static struct sql_value
time_of(int64_t seconds)
{
	return seconds == REVOCATION_NO_TIME ? sql_null() :
	    sql_number(seconds);
}

int
trust_change_audit(struct sqlite3 *db, const struct trust_note *note,
    const char *action, const char *detail, int64_t wall, int64_t *id_out)
{
	struct trust_audit audit;
	int rc;

	trust_audit_init(&audit, db);
	rc = trust_audit_row(&audit, note, action, detail, wall, id_out);
	trust_audit_clear(&audit);
	return rc;
}

int
trust_change_add(struct sqlite3 *db, const struct revocation *revocation,
    const struct trust_note *note, int64_t wall, int64_t id)
{
	unsigned char value[TRUST_BYTES_SIZE], credential[TRUST_BYTES_SIZE];
	struct sql_value values[] = {
		sql_text(revocation_kind_name(revocation->kind)),
		trust_row_kept(revocation->kind, revocation->value, value),
		sql_text(revocation_rule_name(revocation->rule)),
		time_of(revocation->from), time_of(revocation->until),
		sql_number(id), sql_text(note->reason), sql_text(note->actor),
		sql_text(note->source), sql_number(wall),
		sql_null(), sql_null()
	};

	/* of a token that was handed over: its digits, and when it ends by
	 * itself */
	if (note->token != NULL &&
	    trust_schema_bytes_of(note->token->hash, credential)) {
		values[10] = sql_bytes(credential, CREDENTIAL_BYTES);
		values[11] = time_of(note->token->expires);
	}
	return sql_run(db, add_sql, values, 12);
}

int
trust_change_last(struct sqlite3 *db, const struct revocation *revocation,
    int64_t expires)
{
	unsigned char bytes[TRUST_BYTES_SIZE];
	const struct sql_value values[] = {
		sql_text(revocation_kind_name(revocation->kind)),
		trust_row_kept(revocation->kind, revocation->value, bytes),
		time_of(expires)
	};

	return revocation->kind != REVOCATION_TOKEN ? SQLITE_OK :
	    sql_run(db, last_sql, values, 3);
}

int
trust_change_same(struct sqlite3 *db, const struct revocation *revocation,
    const struct trust_note *note, int64_t *id_out)
{
	unsigned char bytes[TRUST_BYTES_SIZE];
	const struct sql_value values[] = {
		sql_text(revocation_kind_name(revocation->kind)),
		trust_row_kept(revocation->kind, revocation->value, bytes)
	};
	int found, rc;

	*id_out = 0;
	if (revocation->rule != REVOCATION_REVOKED)
		return SQLITE_OK;
	rc = sql_find(db, same_sql, values, 2, &found, id_out);
	return rc != SQLITE_OK || !found ? rc : trust_change_last(db,
	    revocation, note->token == NULL ? REVOCATION_NO_TIME :
	    note->token->expires);
}

/* The row that the statement stands on, by its whole key. */
static int
delete_row(struct sqlite3 *db, struct sqlite3_stmt *chosen)
{
	static const int columns[] = { 0, 1, 5 };	/* kind, value, id */
	struct sqlite3_stmt *statement = NULL;
	int i, rc;

	rc = sqlite3_prepare_v2(db, lift_sql, -1, &statement, NULL);
	for (i = 0; i < 3 && rc == SQLITE_OK; i++)
		rc = sqlite3_bind_value(statement, i + 1,
		    sqlite3_column_value(chosen, columns[i]));
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* "ID KIND VALUE RULE: REASON" for the audit; of a row that makes no sense too,
 * which is lifted like any other. */
static int
describe(struct sqlite3_stmt *chosen, const struct trust_note *note,
    struct buffer *detail)
{
	char hex[HASH_HEX_SIZE];
	const char *kind, *value, *rule;
	int rc;

	if ((rc = sql_column_text(chosen, 0, &kind)) != SQLITE_OK ||
	    (rc = trust_row_value(chosen, 1, hex, &value)) != SQLITE_OK ||
	    (rc = sql_column_text(chosen, 2, &rule)) != SQLITE_OK)
		return rc;
	(void)buffer_append_format(detail, "%lld %s %s %s%s%s",
	    (long long)sqlite3_column_int64(chosen, 5),
	    kind != NULL ? kind : "?", value != NULL ? value : "?",
	    rule != NULL ? rule : "?", note->reason[0] != '\0' ? ": " : "",
	    note->reason);
	return detail->failed ? SQLITE_NOMEM : SQLITE_OK;
}

int
trust_change_lift_row(struct sqlite3 *db, struct sqlite3_stmt *chosen,
    const struct trust_note *note, int64_t wall)
{
	struct buffer detail;
	int rc;

	buffer_init(&detail, 2 * TRUST_WRITER_MAX_VALUE);
	rc = describe(chosen, note, &detail);
	if (rc == SQLITE_OK)
		rc = delete_row(db, chosen);
	if (rc == SQLITE_OK)
		rc = trust_change_audit(db, note, "lift", detail.data, wall,
		    NULL);
	buffer_clear(&detail);
	return rc;
}

int
trust_change_lift(struct sqlite3 *db, const struct trust_choice *choice,
    const struct trust_note *note, int64_t wall, int64_t *id_out)
{
	unsigned char bytes[TRUST_BYTES_SIZE];
	const struct sql_value number = sql_number(choice->id);
	const struct sql_value key[] = {
		sql_text(revocation_kind_name(choice->kind)),
		trust_row_kept(choice->kind, choice->value, bytes)
	};
	struct sqlite3_stmt *statement = NULL;
	int rc;

	*id_out = 0;
	rc = choice->id != 0 ?
	    sql_step(db, number_choice_sql, &number, 1, &statement) :
	    sql_step(db, choice_sql, key, 2, &statement);
	if (rc == SQLITE_ROW) {
		*id_out = sqlite3_column_int64(statement, 5);
		rc = trust_change_lift_row(db, statement, note, wall);
	} else if (rc == SQLITE_DONE) {
		rc = SQLITE_OK;
	}
	(void)sqlite3_finalize(statement);
	return rc;
}

int
trust_change_accept(struct sqlite3 *db, const struct trust_note *note,
    int64_t wall, int64_t *id_out)
{
	int rc = sqlite3_exec(db, lineage_sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? trust_change_audit(db, note, "accept",
	    note->reason, wall, id_out) : rc;
}

int
trust_change_lineage(struct sqlite3 *db, const struct trust_note *note,
    const char *detail, int64_t wall, int64_t *id_out)
{
	const int rc = sqlite3_exec(db, lineage_sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? trust_change_audit(db, note, "restore",
	    detail, wall, id_out) : rc;
}

int
trust_change_keys_due(struct sqlite3 *db, const struct trust_note *note,
    int64_t wall, int64_t *id_out)
{
	const struct sql_value value = sql_number(wall);
	const int rc = sql_run(db, "UPDATE state SET keys_due = ?1", &value,
	    1);

	return rc == SQLITE_OK ? trust_change_audit(db, note, "keys",
	    note->reason, wall, id_out) : rc;
}

/* "USER ACCOUNT: REASON" for the audit. */
static int
audit_account(struct sqlite3 *db, const char *action, const char *user_id,
    const char *account, const struct trust_note *note, int64_t wall)
{
	struct buffer detail;
	int rc = SQLITE_NOMEM;

	buffer_init(&detail, 2 * TRUST_WRITER_MAX_VALUE);
	(void)buffer_append_format(&detail, "%s%s%s%s%s", user_id,
	    account[0] != '\0' ? " " : "", account,
	    note->reason[0] != '\0' ? ": " : "", note->reason);
	if (!detail.failed)
		rc = trust_change_audit(db, note, action, detail.data, wall,
		    NULL);
	buffer_clear(&detail);
	return rc;
}

int
trust_change_map(struct sqlite3 *db, const char *user_id, const char *account,
    const struct trust_note *note, int64_t wall)
{
	static const char sql[] = "INSERT INTO account (user_id, account, "
	    "reason, actor, time) VALUES (?1, ?2, ?3, ?4, ?5) "
	    "ON CONFLICT (user_id) DO UPDATE SET account = excluded.account, "
	    "reason = excluded.reason, actor = excluded.actor, "
	    "time = excluded.time";
	const struct sql_value values[] = { sql_text(user_id),
	    sql_text(account), sql_text(note->reason), sql_text(note->actor),
	    sql_number(wall) };
	const int rc = sql_run(db, sql, values, 5);

	return rc == SQLITE_OK ? audit_account(db, "map", user_id, account,
	    note, wall) : rc;
}

int
trust_change_unmap(struct sqlite3 *db, const char *user_id,
    const struct trust_note *note, int64_t wall, int *count_out)
{
	const struct sql_value user = sql_text(user_id);
	const int rc = sql_run(db, "DELETE FROM account WHERE user_id = ?1",
	    &user, 1);

	*count_out = 0;
	if (rc != SQLITE_OK)
		return rc;
	*count_out = sqlite3_changes(db);
	return *count_out == 0 ? SQLITE_OK : audit_account(db, "unmap",
	    user_id, "", note, wall);
}
