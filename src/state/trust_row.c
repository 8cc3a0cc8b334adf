#include "state/trust_row.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdio.h>

const char *
trust_row_value(struct sqlite3_stmt *statement, int column,
    char hex[HASH_HEX_SIZE])
{
	const unsigned char *bytes;
	size_t i;

	if (sqlite3_column_type(statement, column) == SQLITE_TEXT)
		return (const char *)sqlite3_column_text(statement, column);
	bytes = sqlite3_column_blob(statement, column);
	if (bytes == NULL ||
	    sqlite3_column_bytes(statement, column) != TRUST_BYTES_SIZE)
		return NULL;
	for (i = 0; i < TRUST_BYTES_SIZE; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	return hex;
}

int
trust_row_read(struct sqlite3_stmt *statement, struct revocation *revocation,
    char hex[HASH_HEX_SIZE])
{
	const char *const kind =
	    (const char *)sqlite3_column_text(statement, 0);
	const char *const rule =
	    (const char *)sqlite3_column_text(statement, 2);

	revocation->from = REVOCATION_NO_TIME;
	revocation->until = REVOCATION_NO_TIME;
	revocation->value = trust_row_value(statement, 1, hex);
	if (kind == NULL || revocation->value == NULL || rule == NULL ||
	    revocation_kind_of(kind, &revocation->kind) == -1 ||
	    revocation_rule_of(rule, &revocation->rule) == -1)
		return -1;
	if (sqlite3_column_type(statement, 3) != SQLITE_NULL)
		revocation->from = sqlite3_column_int64(statement, 3);
	if (sqlite3_column_type(statement, 4) != SQLITE_NULL)
		revocation->until = sqlite3_column_int64(statement, 4);
	return revocation_check(revocation);
}

struct sql_value
trust_row_kept(enum revocation_kind kind, const char *value,
    unsigned char bytes[TRUST_BYTES_SIZE])
{
	if (kind == REVOCATION_TOKEN && value != NULL &&
	    trust_schema_bytes_of(value, bytes))
		return sql_bytes(bytes, TRUST_BYTES_SIZE);
	return sql_text(value);
}
