#include "trust_row.h"

#include <sqlite3.h>
#include <stddef.h>

static const char audit_sql[] =
    "INSERT INTO audit (time, actor, action, detail)"
    " VALUES (?1, ?2, ?3, ?4)";
/* The id of the audit row is that of the revocation: audit rows stay, so it
 * is never used again. */
static const char add_sql[] =
    "INSERT INTO revocation (id, " TRUST_ROW_COLUMNS ","
    " reason, actor, source, time)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
static const char same_sql[] =
    "SELECT id FROM revocation"
    " WHERE kind = ?1 AND value = ?2 AND rule = 'revoked' LIMIT 1";
static const char choice_sql[] =
    "SELECT id, kind, value, rule FROM revocation"
    " WHERE (?1 > 0 AND id = ?1)"
    " OR (?1 = 0 AND kind = ?2 AND value = ?3) ORDER BY id LIMIT 1";
static const char lift_sql[] = "DELETE FROM revocation WHERE id = ?1";

int
trust_row_read(struct sqlite3_stmt *statement, struct revocation *revocation)
{
	const char *const text[] = {
	    (const char *)sqlite3_column_text(statement, 0),
	    (const char *)sqlite3_column_text(statement, 1),
	    (const char *)sqlite3_column_text(statement, 2) };

	revocation->from = REVOCATION_NO_TIME;
	revocation->until = REVOCATION_NO_TIME;
	revocation->value = text[1];
	if (text[0] == NULL || text[1] == NULL || text[2] == NULL ||
	    revocation_kind_of(text[0], &revocation->kind) == -1 ||
	    revocation_rule_of(text[2], &revocation->rule) == -1)
		return -1;
	if (sqlite3_column_type(statement, 3) != SQLITE_NULL)
		revocation->from = sqlite3_column_int64(statement, 3);
	if (sqlite3_column_type(statement, 4) != SQLITE_NULL)
		revocation->until = sqlite3_column_int64(statement, 4);
	return revocation_check(revocation);
}

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

int
trust_row_audit(struct sqlite3 *db, const struct trust_note *note,
    const char *action, const char *detail, int64_t wall)
{
	struct sqlite3_stmt *statement = NULL;
	int rc;

	rc = sqlite3_prepare_v2(db, audit_sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 1, wall);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 2, note->actor);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 3, action);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 4, detail);
	return perform(statement, rc);
}

int
trust_row_add(struct sqlite3 *db, const struct revocation *revocation,
    const struct trust_note *note, int64_t wall, int64_t id)
{
	struct sqlite3_stmt *statement = NULL;
	int rc;

	rc = sqlite3_prepare_v2(db, add_sql, -1, &statement, NULL);
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_bind_int64(statement, 1, id);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 2,
		    revocation_kind_name(revocation->kind));
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 3, revocation->value);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 4,
		    revocation_rule_name(revocation->rule));
	if (rc == SQLITE_OK)
		rc = bind_time(statement, 5, revocation->from);
	if (rc == SQLITE_OK)
		rc = bind_time(statement, 6, revocation->until);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 7, note->reason);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 8, note->actor);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 9, note->source);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 10, wall);
	return perform(statement, rc);
}

int
trust_row_same(struct sqlite3 *db, const struct revocation *revocation,
    int64_t *id_out)
{
	struct sqlite3_stmt *statement = NULL;
	int rc;

	*id_out = 0;
	if (revocation->rule != REVOCATION_REVOKED)
		return SQLITE_OK;
	rc = sqlite3_prepare_v2(db, same_sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 1,
		    revocation_kind_name(revocation->kind));
	if (rc == SQLITE_OK)
		rc = bind_text(statement, 2, revocation->value);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		*id_out = sqlite3_column_int64(statement, 0);
		rc = SQLITE_DONE;
	}
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
trust_row_choice(struct sqlite3 *db, const struct trust_choice *choice,
    int64_t *id_out, struct buffer *detail)
{
	struct sqlite3_stmt *statement = NULL;
	int i, rc;

	*id_out = 0;
	buffer_reset(detail);
	rc = sqlite3_prepare_v2(db, choice_sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 1, choice->id);
	if (rc == SQLITE_OK && choice->id == 0)
		rc = bind_text(statement, 2,
		    revocation_kind_name(choice->kind));
	if (rc == SQLITE_OK && choice->id == 0)
		rc = bind_text(statement, 3, choice->value);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		*id_out = sqlite3_column_int64(statement, 0);
		(void)buffer_append_format(detail, "%lld",
		    (long long)*id_out);
		for (i = 1; i <= 3; i++)
			(void)buffer_append_format(detail, " %s",
			    (const char *)sqlite3_column_text(statement, i));
		rc = SQLITE_DONE;
	}
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
trust_row_lift(struct sqlite3 *db, int64_t id, const struct trust_note *note,
    const char *detail, int64_t wall)
{
	struct sqlite3_stmt *statement = NULL;
	int rc;

	rc = sqlite3_prepare_v2(db, lift_sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 1, id);
	rc = perform(statement, rc);
	return rc == SQLITE_OK ? trust_row_audit(db, note, "lift", detail, wall) :
	    rc;
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
		rc = trust_row_audit(db, note, action, detail.data, wall);
	buffer_clear(&detail);
	return rc;
}

int
trust_row_map(struct sqlite3 *db, const char *user_id, const char *account,
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
trust_row_unmap(struct sqlite3 *db, const char *user_id,
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
