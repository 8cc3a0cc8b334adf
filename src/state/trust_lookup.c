#include "state/trust_lookup.h"

#include <sqlite3.h>
#include <stddef.h>
#include <string.h>

#include "facts/revocation.h"
#include "ground/hash.h"
#include "state/trust_row.h"

/* One statement, so one moment; each part by a prefix of the key. */
static const char lookup_sql[] =
    "SELECT " TRUST_ROW_COLUMNS " FROM revocation"
    " WHERE kind = 'token' AND value IN (?1, ?2) "
    "UNION ALL SELECT " TRUST_ROW_COLUMNS " FROM revocation"
    " WHERE kind = 'user' AND value = ?3 "
    "UNION ALL SELECT " TRUST_ROW_COLUMNS " FROM revocation"
    " WHERE kind = 'client' AND value = ?4 "
    "UNION ALL SELECT " TRUST_ROW_COLUMNS " FROM revocation"
    " WHERE kind = 'key' AND value = ?5 "
    "UNION ALL SELECT " TRUST_ROW_COLUMNS " FROM revocation"
    " WHERE kind = 'all'";

static int
prepare(struct sqlite3 *db, const char *sql, struct sqlite3_stmt **statement)
{
	if (*statement != NULL)
		return SQLITE_OK;
	return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT,
	    statement, NULL);
}

/* NULL equals nothing, so an absent fact finds no row. */
static int
bind(struct sqlite3_stmt *statement, int64_t schema,
    const struct facts *facts, const char *hash)
{
	const char *const values[] = { facts->token_id, hash, facts->user_id,
	    facts->client_id, facts->key_id };
	size_t i;
	int rc = SQLITE_OK;

	for (i = 0; i < sizeof(values) / sizeof(values[0]) &&
	    rc == SQLITE_OK; i++)
		rc = i < 2 && schema >= 3 ?
		    trust_row_bind_value(statement, (int)i + 1,
		    REVOCATION_TOKEN, values[i]) :
		    sqlite3_bind_text(statement, (int)i + 1, values[i], -1,
		    SQLITE_STATIC);
	return rc;
}

int
trust_lookup(struct sqlite3 *db, struct sqlite3_stmt **statement,
    int64_t schema, const struct facts *facts, const char *hash,
    int64_t wall, enum reason *reason_out)
{
	enum reason reason = REASON_GRANTED;
	struct revocation row;
	char hex[HASH_HEX_SIZE];
	int rc;

	*reason_out = REASON_STATE_UNREADABLE;
	rc = prepare(db, lookup_sql, statement);
	if (rc == SQLITE_OK)
		rc = bind(*statement, schema, facts, hash);
	if (rc != SQLITE_OK)
		goto done;
	while ((rc = sqlite3_step(*statement)) == SQLITE_ROW) {
		if (trust_row_read(*statement, &row, hex) == -1) {
			rc = SQLITE_CORRUPT;
			goto done;
		}
		if (revocation_hits(&row, facts, hash, wall))
			reason = revocation_stronger(reason,
			    revocation_reason(&row));
	}
	if (rc != SQLITE_DONE)
		goto done;
	*reason_out = reason;
	rc = SQLITE_OK;
done:
	if (*statement != NULL) {
		(void)sqlite3_reset(*statement);
		(void)sqlite3_clear_bindings(*statement);
	}
	return rc;
}

/* The one text that a row of the map gives for `key`; NULL: no row. */
static int
lookup_text(struct sqlite3 *db, const char *sql,
    struct sqlite3_stmt **statement, const char *key, char **text_out)
{
	const char *text;
	int rc;

	*text_out = NULL;
	rc = prepare(db, sql, statement);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(*statement, 1, key, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(*statement);
	if (rc == SQLITE_ROW) {
		text = (const char *)sqlite3_column_text(*statement, 0);
		rc = SQLITE_DONE;
		if (text == NULL || text[0] == '\0')
			rc = SQLITE_CORRUPT;
		else if ((*text_out = strdup(text)) == NULL)
			rc = SQLITE_NOMEM;
	}
	if (*statement != NULL) {
		(void)sqlite3_reset(*statement);
		(void)sqlite3_clear_bindings(*statement);
	}
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
trust_lookup_account(struct sqlite3 *db, struct sqlite3_stmt **statement,
    const char *user_id, char **account_out)
{
	return lookup_text(db, "SELECT account FROM account WHERE user_id = ?1",
	    statement, user_id, account_out);
}

int
trust_lookup_user(struct sqlite3 *db, struct sqlite3_stmt **statement,
    const char *account, char **user_id_out)
{
	return lookup_text(db, "SELECT user_id FROM account WHERE account = ?1",
	    statement, account, user_id_out);
}
