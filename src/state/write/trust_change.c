#include "state/write/trust_change.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdio.h>

#include "ground/buffer.h"
#include "state/trust_row.h"
#include "state/trust_schema.h"

#define CREDENTIAL_BYTES 8	/* of the hash: 16 digits */

static const char audit_sql[] =
    "INSERT INTO audit (id, time, actor, action, detail, tag)"
    " VALUES (?1, ?2, ?3, ?4, ?5, (SELECT tag FROM state))";
static const char number_sql[] =
    "UPDATE state SET number = number + 1, tag = randomblob(8)"
    " RETURNING number";
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
static const char choice_sql[] =
    "SELECT " TRUST_ROW_COLUMNS ", id FROM revocation"
    " WHERE kind = ?1 AND value = ?2 ORDER BY id LIMIT 1";
static const char number_choice_sql[] =
    "SELECT " TRUST_ROW_COLUMNS ", id FROM revocation"
    " WHERE id = ?1 LIMIT 1";
static const char lift_sql[] =
    "DELETE FROM revocation WHERE kind = ?1 AND value = ?2 AND id = ?3";

static int
bind_text(struct sqlite3_stmt *statement, int at, const char *text)
{
	return sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

static int
bind_time(struct sqlite3_stmt *statement, int at, int64_t seconds)
{
	return seconds == REVOCATION_NO_TIME ?
	    sqlite3_bind_null(statement, at) :
	    sqlite3_bind_int64(statement, at, seconds);
}

/* Step a statement that answers nothing; finalizes it. */
static int
perform(struct sqlite3_stmt *statement, int rc)
{
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The number that the statement answers, 0 if none; finalizes it. */
static int
ask(struct sqlite3_stmt *statement, int rc, int64_t *out)
{
	*out = 0;
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		*out = sqlite3_column_int64(statement, 0);
		rc = sqlite3_step(statement);
	}
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
next_number(struct sqlite3 *db, int64_t *number_out)
{
	struct sqlite3_stmt *statement = NULL;
	char page_1[40];
	int rc;

	*number_out = 0;
	(void)snprintf(page_1, sizeof(page_1), "PRAGMA user_version=%d",
	    TRUST_SCHEMA);
	rc = sqlite3_exec(db, page_1, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db, number_sql, -1, &statement, NULL);
	rc = ask(statement, rc, number_out);
	return rc == SQLITE_OK && *number_out == 0 ? SQLITE_CORRUPT : rc;
}

int
trust_change_audit(struct sqlite3 *db, const struct trust_note *note,
    const char *action, const char *detail, int64_t wall, int64_t *id_out)
{
	struct sqlite3_stmt *statement = NULL;
	int64_t id;
	int rc;

	rc = next_number(db, &id);
	if (id_out != NULL)
		*id_out = id;
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db, audit_sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 1, id);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 2, wall);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 3, note->actor);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 4, action);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 5, detail);
	return perform(statement, rc);
}

/* Of a token that was handed over: its digits and when it ends by itself. */
static int
bind_token(struct sqlite3_stmt *statement, const struct trust_token *token)
{
	unsigned char bytes[TRUST_BYTES_SIZE];
	int rc;

	if (token == NULL || !trust_bytes_of(token->hash, bytes))
		return SQLITE_OK;
	rc = sqlite3_bind_blob(statement, 11, bytes, CREDENTIAL_BYTES,
	    SQLITE_TRANSIENT);
	return rc == SQLITE_OK ? bind_time(statement, 12, token->expires) :
	    rc;
}

int
trust_change_add(struct sqlite3 *db, const struct revocation *revocation,
    const struct trust_note *note, int64_t wall, int64_t id)
{
	const char *const kind = revocation_kind_name(revocation->kind);
	const char *const rule = revocation_rule_name(revocation->rule);
	struct sqlite3_stmt *statement = NULL;
	int rc;

	rc = sqlite3_prepare_v2(db, add_sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 1, kind);
	if (rc == SQLITE_OK)
		rc = trust_row_bind_value(statement, 2, revocation->kind,
		    revocation->value);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 3, rule);
	if (rc == SQLITE_OK)
		rc = bind_time(statement, 4, revocation->from);
	if (rc == SQLITE_OK)
		rc = bind_time(statement, 5, revocation->until);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 6, id);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 7, note->reason);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 8, note->actor);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 9, note->source);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 10, wall);
	if (rc == SQLITE_OK)
		rc = bind_token(statement, note->token);
	return perform(statement, rc);
}

static int
bind_key(struct sqlite3_stmt *statement, enum revocation_kind kind,
    const char *value)
{
	int rc = bind_text(statement, 1, revocation_kind_name(kind));

	return rc == SQLITE_OK ? trust_row_bind_value(statement, 2, kind,
	    value) : rc;
}

int
trust_change_same(struct sqlite3 *db, const struct revocation *revocation,
    int64_t *id_out)
{
	struct sqlite3_stmt *statement = NULL;
	int rc;

	*id_out = 0;
	if (revocation->rule != REVOCATION_REVOKED)
		return SQLITE_OK;
	rc = sqlite3_prepare_v2(db, same_sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = bind_key(statement, revocation->kind, revocation->value);
	return ask(statement, rc, id_out);
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
	return perform(statement, rc);
}

static int
lift_row(struct sqlite3 *db, struct sqlite3_stmt *chosen,
    const struct trust_note *note, int64_t wall)
{
	char hex[HASH_HEX_SIZE];
	const char *value = trust_row_value(chosen, 1, hex);
	struct buffer detail;
	int rc = SQLITE_NOMEM;

	buffer_init(&detail, 2 * TRUST_WRITER_MAX_VALUE);
	(void)buffer_append_format(&detail, "%lld %s %s %s%s%s",
	    (long long)sqlite3_column_int64(chosen, 5),
	    (const char *)sqlite3_column_text(chosen, 0),
	    value != NULL ? value : "?",
	    (const char *)sqlite3_column_text(chosen, 2),
	    note->reason[0] != '\0' ? ": " : "", note->reason);
	if (!detail.failed)
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
	struct sqlite3_stmt *statement = NULL;
	int rc;

	*id_out = 0;
	rc = sqlite3_prepare_v2(db, choice->id != 0 ? number_choice_sql :
	    choice_sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = choice->id != 0 ?
		    sqlite3_bind_int64(statement, 1, choice->id) :
		    bind_key(statement, choice->kind, choice->value);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		*id_out = sqlite3_column_int64(statement, 5);
		rc = lift_row(db, statement, note, wall);
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
	struct sqlite3_stmt *statement = NULL;
	int rc;

	rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 1, user_id);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 2, account);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 3, note->reason);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 4, note->actor);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 5, wall);
	rc = perform(statement, rc);
	return rc == SQLITE_OK ? audit_account(db, "map", user_id, account,
	    note, wall) : rc;
}

int
trust_change_unmap(struct sqlite3 *db, const char *user_id,
    const struct trust_note *note, int64_t wall, int *count_out)
{
	static const char sql[] = "DELETE FROM account WHERE user_id = ?1";
	struct sqlite3_stmt *statement = NULL;
	int rc;

	*count_out = 0;
	rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 1, user_id);
	rc = perform(statement, rc);
	if (rc != SQLITE_OK)
		return rc;
	*count_out = sqlite3_changes(db);
	return *count_out == 0 ? SQLITE_OK : audit_account(db, "unmap",
	    user_id, "", note, wall);
}
