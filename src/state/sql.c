#include "state/sql.h"

#include <sqlite3.h>
#include <stdio.h>

#include "state/sql_column.h"

struct sql_value
sql_null(void)
{
	const struct sql_value value = { .type = SQL_NULL };

	return value;
}

struct sql_value
sql_number(int64_t number)
{
	const struct sql_value value = { .type = SQL_NUMBER,
	    .number = number };

	return value;
}

struct sql_value
sql_text(const char *text)
{
	const struct sql_value value = {
	    .type = text != NULL ? SQL_TEXT : SQL_NULL, .data = text };

	return value;
}

struct sql_value
sql_bytes(const void *data, size_t len)
{
	const struct sql_value value = { .type = SQL_BYTES, .data = data,
	    .len = len };

	return value;
}

static int
bind_one(struct sqlite3_stmt *statement, int at,
    const struct sql_value *value)
{
	switch (value->type) {
	case SQL_NUMBER:
		return sqlite3_bind_int64(statement, at, value->number);
	case SQL_TEXT:
		return sqlite3_bind_text(statement, at, value->data, -1,
		    SQLITE_STATIC);
	case SQL_BYTES:
		return sqlite3_bind_blob64(statement, at, value->data,
		    value->len, SQLITE_STATIC);
	case SQL_NULL:
	default:
		return sqlite3_bind_null(statement, at);
	}
}

static int
bind(struct sqlite3_stmt *statement, const struct sql_value *values,
    size_t count)
{
	size_t i;
	int rc = SQLITE_OK;

	if (sqlite3_bind_parameter_count(statement) != (int)count)
		return SQLITE_RANGE;
	for (i = 0; i < count && rc == SQLITE_OK; i++)
		rc = bind_one(statement, (int)i + 1, &values[i]);
	return rc;
}

int
sql_step(struct sqlite3 *db, const char *sql, const struct sql_value *values,
    size_t count, struct sqlite3_stmt **statement)
{
	int rc = SQLITE_OK;

	if (*statement == NULL)
		rc = sqlite3_prepare_v3(db, sql, -1,
		    SQLITE_PREPARE_PERSISTENT, statement, NULL);
	if (rc == SQLITE_OK)
		rc = bind(*statement, values, count);
	return rc == SQLITE_OK ? sqlite3_step(*statement) : rc;
}

void
sql_reset(struct sqlite3_stmt *statement)
{
	if (statement == NULL)
		return;
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
}

int
sql_run(struct sqlite3 *db, const char *sql, const struct sql_value *values,
    size_t count)
{
	struct sqlite3_stmt *statement = NULL;
	const int rc = sql_step(db, sql, values, count, &statement);

	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
sql_find(struct sqlite3 *db, const char *sql, const struct sql_value *values,
    size_t count, int *found_out, int64_t *out)
{
	struct sqlite3_stmt *statement = NULL;
	int rc = sql_step(db, sql, values, count, &statement);

	*out = 0;
	*found_out = rc == SQLITE_ROW;
	if (rc == SQLITE_ROW) {
		*out = sqlite3_column_int64(statement, 0);
		/* a change is made when it is stepped to its end */
		rc = sqlite3_step(statement);
	}
	(void)sqlite3_finalize(statement);
	if (rc == SQLITE_DONE)
		return SQLITE_OK;
	*out = *found_out = 0;
	return rc == SQLITE_ROW ? SQLITE_MISUSE : rc;
}

int
sql_ask(struct sqlite3 *db, const char *sql, const struct sql_value *values,
    size_t count, int64_t *out)
{
	int found;
	const int rc = sql_find(db, sql, values, count, &found, out);

	return rc == SQLITE_OK && !found ? SQLITE_NOTFOUND : rc;
}

int
sql_ask_text(struct sqlite3 *db, const char *sql, char *text_out, size_t size)
{
	struct sqlite3_stmt *statement = NULL;
	const char *text = NULL;
	int rc = sql_step(db, sql, NULL, 0, &statement);

	if (rc == SQLITE_ROW)
		rc = sql_column_text(statement, 0, &text);
	if (rc == SQLITE_DONE || (rc == SQLITE_OK && text == NULL))
		rc = SQLITE_NOTFOUND;
	(void)snprintf(text_out, size, "%s", text != NULL ? text : "");
	(void)sqlite3_finalize(statement);
	return rc;
}
