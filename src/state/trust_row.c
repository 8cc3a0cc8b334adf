#include "state/trust_row.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdio.h>

#include "state/sql_column.h"

int
trust_row_value(struct sqlite3_stmt *statement, int column,
    char hex[HASH_HEX_SIZE], const char **value_out)
{
	unsigned char bytes[TRUST_BYTES_SIZE];
	size_t i;
	int rc = sql_column_text(statement, column, value_out);

	if (rc != SQLITE_OK || *value_out != NULL)
		return rc;
	rc = sql_column_copy(statement, column, bytes, sizeof(bytes));
	if (rc != SQLITE_OK)
		return rc == SQLITE_MISMATCH ? SQLITE_OK : rc;
	for (i = 0; i < TRUST_BYTES_SIZE; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	*value_out = hex;
	return SQLITE_OK;
}

int
trust_row_read(struct sqlite3_stmt *statement, struct revocation *revocation,
    char hex[HASH_HEX_SIZE])
{
	const char *kind, *rule;
	int rc;

	revocation->from = REVOCATION_NO_TIME;
	revocation->until = REVOCATION_NO_TIME;
	if ((rc = sql_column_text(statement, 0, &kind)) != SQLITE_OK ||
	    (rc = trust_row_value(statement, 1, hex, &revocation->value)) !=
	    SQLITE_OK ||
	    (rc = sql_column_text(statement, 2, &rule)) != SQLITE_OK)
		return rc;
	if (kind == NULL || revocation->value == NULL || rule == NULL ||
	    revocation_kind_of(kind, &revocation->kind) == -1 ||
	    revocation_rule_of(rule, &revocation->rule) == -1)
		return SQLITE_CORRUPT;
	if (sqlite3_column_type(statement, 3) != SQLITE_NULL)
		revocation->from = sqlite3_column_int64(statement, 3);
	if (sqlite3_column_type(statement, 4) != SQLITE_NULL)
		revocation->until = sqlite3_column_int64(statement, 4);
	return revocation_check(revocation) == 0 ? SQLITE_OK : SQLITE_CORRUPT;
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
