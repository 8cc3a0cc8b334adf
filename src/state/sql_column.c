#include "state/sql_column.h"

#include <sqlite3.h>
#include <string.h>

/* Why nothing came: asked right behind the reading, since it is what the
 * connection did last. */
static int
fault(struct sqlite3_stmt *statement)
{
	return sqlite3_errcode(sqlite3_db_handle(statement)) == SQLITE_NOMEM ?
	    SQLITE_NOMEM : SQLITE_OK;
}

int
sql_column_text(struct sqlite3_stmt *statement, int column,
    const char **text_out)
{
	const char *text;

	*text_out = NULL;
	if (sqlite3_column_type(statement, column) != SQLITE_TEXT)
		return fault(statement);
	text = (const char *)sqlite3_column_text(statement, column);
	if (text == NULL)
		return SQLITE_NOMEM;
	if (strlen(text) == (size_t)sqlite3_column_bytes(statement, column))
		*text_out = text;
	return SQLITE_OK;
}

int
sql_column_bytes(struct sqlite3_stmt *statement, int column,
    const unsigned char **bytes_out, size_t *len_out)
{
	*bytes_out = NULL;
	*len_out = 0;
	if (sqlite3_column_type(statement, column) != SQLITE_BLOB)
		return fault(statement);
	*bytes_out = sqlite3_column_blob(statement, column);
	if (*bytes_out == NULL)
		return fault(statement);
	*len_out = (size_t)sqlite3_column_bytes(statement, column);
	return SQLITE_OK;
}

int
sql_column_copy(struct sqlite3_stmt *statement, int column,
    unsigned char *out, size_t size)
{
	const unsigned char *bytes;
	size_t len;
	const int rc = sql_column_bytes(statement, column, &bytes, &len);

	memset(out, 0, size);
	if (rc != SQLITE_OK)
		return rc;
	if (bytes == NULL || len != size)
		return SQLITE_MISMATCH;
	memcpy(out, bytes, size);
	return SQLITE_OK;
}
