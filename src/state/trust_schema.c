#include "state/trust_schema.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "ground/hash.h"
#include "state/trust_marks.h"

/* Times are Unix seconds. */
static const char *const migrations[] = {
	"CREATE TABLE meta ("
	" name TEXT NOT NULL PRIMARY KEY,"
	" value TEXT NOT NULL) STRICT;"
	"CREATE TABLE revocation ("
	" id INTEGER PRIMARY KEY,"
	" kind TEXT NOT NULL CHECK (kind IN"
	"  ('token', 'user', 'client', 'key', 'all')),"
	" value TEXT NOT NULL,"
	" rule TEXT NOT NULL CHECK (rule IN"
	"  ('revoked', 'signed-out', 'blocked')),"
	" from_time INTEGER,"
	" until_time INTEGER,"
	" reason TEXT NOT NULL,"
	" actor TEXT NOT NULL,"
	" source TEXT NOT NULL,"
	" time INTEGER NOT NULL) STRICT;"
	"CREATE INDEX revocation_by_value ON revocation (kind, value);"
	"CREATE TABLE audit ("
	" id INTEGER PRIMARY KEY,"
	" time INTEGER NOT NULL,"
	" actor TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" detail TEXT NOT NULL) STRICT;",
	"CREATE TABLE account ("
	" user_id TEXT NOT NULL PRIMARY KEY,"
	" account TEXT NOT NULL UNIQUE,"
	" reason TEXT NOT NULL,"
	" actor TEXT NOT NULL,"
	" time INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
	/*
	 * What is looked up is the table itself: there is no index that could
	 * lack one of its rows, and what is migrated is not the old one's.
	 * credential and expires: of a token that was
	 * handed over, the first 8 bytes of its SHA-256 and its exp.
	 */
	"ALTER TABLE revocation RENAME TO revocation_2;"
	"CREATE TABLE revocation ("
	" kind TEXT NOT NULL CHECK (kind IN"
	"  ('token', 'user', 'client', 'key', 'all')),"
	" value ANY NOT NULL,"
	" id INTEGER NOT NULL,"
	" rule TEXT NOT NULL CHECK (rule IN"
	"  ('revoked', 'signed-out', 'blocked')),"
	" from_time INTEGER,"
	" until_time INTEGER,"
	" reason TEXT NOT NULL,"
	" actor TEXT NOT NULL,"
	" source TEXT NOT NULL,"
	" time INTEGER NOT NULL,"
	" credential BLOB,"
	" expires INTEGER,"
	" PRIMARY KEY (kind, value, id)) STRICT, WITHOUT ROWID;"
	"INSERT INTO revocation (kind, value, id, rule, from_time,"
	" until_time, reason, actor, source, time)"
	" SELECT kind, CASE kind WHEN 'token' THEN trust_bytes(value)"
	" ELSE value END, id, rule, from_time, until_time, reason, actor,"
	" source, time FROM revocation_2 NOT INDEXED ORDER BY kind, value;"
	"DROP TABLE revocation_2;"
	/*
	 * One row.  number: of the last change, that is its audit row, never
	 * lower whatever becomes of those.  tag: random, of that change, so
	 * that two changes of one number are told apart.  keys_due: keys that
	 * were fetched before then are due.
	 */
	"CREATE TABLE state ("
	" one INTEGER PRIMARY KEY CHECK (one = 1),"
	" lineage BLOB NOT NULL CHECK (length(lineage) = 16),"
	" number INTEGER NOT NULL,"
	" tag BLOB NOT NULL CHECK (length(tag) = 8),"
	" keys_due INTEGER) STRICT;"
	"ALTER TABLE audit ADD COLUMN tag BLOB;"
	/* a file that is migrated twice, from a copy, is of one lineage */
	"INSERT INTO state (one, lineage, number, tag) VALUES (1,"
	" coalesce((SELECT trust_lineage(time || ' ' || actor || ' ' || detail)"
	" FROM audit ORDER BY id LIMIT 1), randomblob(16)),"
	" (SELECT coalesce(max(id), 0) FROM audit), x'0000000000000000');"
};

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
trust_schema_bytes_of(const char *text,
    unsigned char bytes[TRUST_BYTES_SIZE])
{
	size_t i;
	int high, low;

	for (i = 0; i < TRUST_BYTES_SIZE; i++) {
		high = digit(text[2 * i]);
		low = high == -1 ? -1 : digit(text[2 * i + 1]);
		if (low == -1)
			return 0;
		bytes[i] = (unsigned char)(high * 16 + low);
	}
	return text[2 * i] == '\0';
}

/* trust_bytes(TEXT): as a token's value is kept. */
static void
sql_bytes(struct sqlite3_context *context, int count,
    struct sqlite3_value **values)
{
	unsigned char bytes[TRUST_BYTES_SIZE];
	const int is_text = sqlite3_value_type(values[0]) == SQLITE_TEXT;
	const char *text = (const char *)sqlite3_value_text(values[0]);

	(void)count;
	if (is_text && text == NULL)
		sqlite3_result_error_nomem(context);
	else if (is_text && trust_schema_bytes_of(text, bytes))
		sqlite3_result_blob(context, bytes, sizeof(bytes),
		    SQLITE_TRANSIENT);
	else
		sqlite3_result_value(context, values[0]);
}

/* trust_lineage(TEXT): one that follows from it. */
static void
sql_lineage(struct sqlite3_context *context, int count,
    struct sqlite3_value **values)
{
	const char *text = (const char *)sqlite3_value_text(values[0]);
	unsigned char bytes[TRUST_BYTES_SIZE];
	char hex[HASH_HEX_SIZE];

	(void)count;
	if (text != NULL && hash_hex(text, strlen(text), hex) == 0 &&
	    trust_schema_bytes_of(hex, bytes))
		sqlite3_result_blob(context, bytes, TRUST_LINEAGE_SIZE,
		    SQLITE_TRANSIENT);
	else
		sqlite3_result_error_nomem(context);
}

static int
prepare(struct sqlite3 *db)
{
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC |
	    SQLITE_DIRECTONLY;
	int rc;

	rc = sqlite3_create_function_v2(db, "trust_bytes", 1, flags, NULL,
	    sql_bytes, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function_v2(db, "trust_lineage", 1, flags,
		    NULL, sql_lineage, NULL, NULL, NULL);
	return rc;
}

static const struct database_schema schema = {
	.version = TRUST_SCHEMA,
	.application_id = 0x41477472,	/* "AGtr" */
	.migrations = migrations,
	.full_sync = 1,
	.mode = 0640,
	.is_checked = 1,
	.prepare = prepare
};

const struct database_schema *
trust_schema(void)
{
	return &schema;
}
