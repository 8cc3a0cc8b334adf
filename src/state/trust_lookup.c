#include "state/trust_lookup.h"

#include <sqlite3.h>
#include <stddef.h>
#include <string.h>

#include "facts/revocation.h"
#include "ground/hash.h"
#include "state/sql.h"
#include "state/sql_column.h"
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

static void
note_edge(struct trust_finding *finding, int64_t at, int64_t wall)
{
	if (at != REVOCATION_NO_TIME && at > wall &&
	    (finding->edge == REVOCATION_NO_TIME || at < finding->edge))
		finding->edge = at;
}

static void
weigh(const struct trust_question *question, const struct revocation *row,
    struct trust_finding *finding)
{
	const int hits = revocation_hits(row, question->facts, question->hash,
	    question->wall);

	if (hits)
		finding->reason = revocation_stronger(finding->reason,
		    revocation_reason(row));
	if (question->told != NULL)
		question->told->tell(question->told->context, row, hits);
	if (row->rule != REVOCATION_BLOCKED)
		return;
	note_edge(finding, row->from, question->wall);
	note_edge(finding, row->until, question->wall);
}

int
trust_lookup(struct sqlite3 *db, struct sqlite3_stmt **statement,
    const struct trust_question *question, struct trust_finding *finding)
{
	const struct facts *const facts = question->facts;
	unsigned char id_bytes[TRUST_BYTES_SIZE], hash_bytes[TRUST_BYTES_SIZE];
	/* NULL equals nothing, so an absent fact finds no row */
	struct sql_value values[] = { sql_text(facts->token_id),
	    sql_text(question->hash), sql_text(facts->user_id),
	    sql_text(facts->client_id), sql_text(facts->key_id) };
	struct trust_finding found = { REASON_GRANTED, REVOCATION_NO_TIME };
	struct revocation row;
	char hex[HASH_HEX_SIZE];
	int rc;

	finding->reason = REASON_STATE_UNREADABLE;
	finding->edge = REVOCATION_NO_TIME;
	if (question->schema >= 3) {
		values[0] = trust_row_kept(REVOCATION_TOKEN, facts->token_id,
		    id_bytes);
		values[1] = trust_row_kept(REVOCATION_TOKEN, question->hash,
		    hash_bytes);
	}
	rc = sql_step(db, lookup_sql, values, 5, statement);
	while (rc == SQLITE_ROW &&
	    (rc = trust_row_read(*statement, &row, hex)) == SQLITE_OK) {
		weigh(question, &row, &found);
		rc = sqlite3_step(*statement);
	}
	sql_reset(*statement);
	if (rc != SQLITE_DONE)
		return rc;
	*finding = found;
	return SQLITE_OK;
}

int
trust_lookup_map(struct sqlite3 *db, struct sqlite3_stmt **statement,
    enum trust_map way, const char *key, char **text_out)
{
	static const char *const sql[TRUST_MAPS] = {
		"SELECT account FROM account WHERE user_id = ?1",
		"SELECT user_id FROM account WHERE account = ?1"
	};
	const struct sql_value value = sql_text(key);
	const char *text;
	int rc;

	*text_out = NULL;
	rc = sql_step(db, sql[way], &value, 1, statement);
	if (rc == SQLITE_ROW) {
		rc = sql_column_text(*statement, 0, &text);
		if (rc == SQLITE_OK && (text == NULL || text[0] == '\0'))
			rc = SQLITE_CORRUPT;
		else if (rc == SQLITE_OK &&
		    (*text_out = strdup(text)) == NULL)
			rc = SQLITE_NOMEM;
	}
	sql_reset(*statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}
