/* What was seen of trust.db, written down in status.db. */
#include "state/status_lineage.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "state/database.h"
#include "state/database_connection.h"
#include "state/sql.h"
#include "state/sql_column.h"
#include "state/status_file.h"

/* 1 if there is such a table, 0, or -1. */
static int
enter(struct status *status, struct error *error)
{
	static const char sql[] = "SELECT 1 FROM sqlite_schema "
	    "WHERE type = 'table' AND name = 'lineage'";
	int64_t ignored;
	int rc, found;

	if (status_file_enter(status, error) == -1)
		return -1;
	rc = sql_find(status->db, sql, NULL, 0, &found, &ignored);
	return rc == SQLITE_OK ? found : status_file_failed(status, rc,
	    error);
}

static int
read_row(struct sqlite3_stmt *statement, struct trust_lineage *lineage)
{
	const int rc = sql_column_copy(statement, 0, lineage->id,
	    sizeof(lineage->id));

	lineage->number = sqlite3_column_int64(statement, 1);
	return rc != SQLITE_OK ? rc : sql_column_copy(statement, 2,
	    lineage->tag, sizeof(lineage->tag));
}

int
status_lineage_load(struct status *status, struct trust_marks *marks,
    struct error *error)
{
	static const char sql[] = "SELECT id, number, tag FROM lineage "
	    "ORDER BY place";
	struct sqlite3_stmt *statement = NULL;
	struct trust_lineage lineage;
	int rc;

	switch (enter(status, error)) {
	case 1:
		break;
	case 0:
		return 0;
	default:
		return -1;
	}
	rc = sql_step(status->db, sql, NULL, 0, &statement);
	while (rc == SQLITE_ROW) {
		rc = read_row(statement, &lineage);
		if (rc == SQLITE_OK &&
		    trust_marks_merge(marks, &lineage, 1) == -1)
			rc = SQLITE_NOMEM;
		/* a row that makes no sense tells nothing */
		if (rc == SQLITE_OK || rc == SQLITE_MISMATCH)
			rc = sqlite3_step(statement);
	}
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? 0 : status_file_failed(status, rc, error);
}

static int
store(struct status *status, const struct trust_lineage *lineage)
{
	static const char sql[] = "INSERT INTO lineage (place, id, number, "
	    "tag) VALUES ((SELECT coalesce(max(place), 0) + 1 FROM lineage), "
	    "?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET "
	    "number = excluded.number, tag = excluded.tag "
	    "WHERE excluded.number > number";
	const struct sql_value values[] = {
	    sql_bytes(lineage->id, TRUST_LINEAGE_SIZE),
	    sql_number(lineage->number),
	    sql_bytes(lineage->tag, TRUST_TAG_SIZE) };

	return sql_run(status->db, sql, values, 3);
}

/* A mark is rare and must outlive the machine's power; rows need not. */
static int
write_list(struct status *status, const struct trust_lineage *list,
    size_t count, struct error *error)
{
	size_t i;
	int rc, ret = -1;

	(void)sqlite3_busy_timeout(status->db, TRUST_MARKS_WAIT_MS);
	rc = sqlite3_exec(status->db, "PRAGMA synchronous=FULL", NULL, NULL,
	    NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(status->db, "BEGIN IMMEDIATE", NULL, NULL,
		    NULL);
	if (rc != SQLITE_OK) {
		(void)status_file_failed(status, rc, error);
		goto done;
	}
	rc = sqlite3_exec(status->db, STATUS_LINEAGE_TABLE, NULL, NULL, NULL);
	for (i = 0; i < count && rc == SQLITE_OK; i++)
		rc = store(status, &list[i]);
	rc = database_connection_finish(status->db, rc, status->path, error);
	if (rc == SQLITE_OK)
		ret = 0;
	else
		(void)status_file_failed(status, rc, NULL);
done:
	(void)sqlite3_exec(status->db, "PRAGMA synchronous=NORMAL", NULL,
	    NULL, NULL);
	(void)sqlite3_busy_timeout(status->db, DATABASE_BUSY_MS);
	return ret;
}

int
status_lineage_store(struct status *status, struct trust_marks *marks,
    int always)
{
	struct trust_lineage *list;
	struct error error = { "" };
	uint64_t turn;
	size_t count;
	int found, ret = 0;

	found = trust_marks_unwritten(marks, always, &list, &count, &turn);
	if (found == 0)
		return 0;
	if (found == -1)
		error_set(&error, "out of memory");
	if (found == -1 || status_file_enter(status, &error) == -1 ||
	    write_list(status, list, count, &error) == -1)
		ret = -1;
	free(list);
	if (ret == 0)
		trust_marks_written(marks, turn);
	else
		trust_marks_failed(marks, error_text(&error));
	return ret;
}

int
status_lineage_is_lost(struct status *status, struct trust_marks *marks)
{
	struct trust_lineage *list;
	uint64_t turn;
	size_t count;
	int64_t there;
	int has_table, held;

	held = trust_marks_unwritten(marks, 1, &list, &count, &turn);
	if (held != 1)
		return held;
	free(list);
	has_table = enter(status, NULL);
	if (has_table != 1)
		return has_table == 0 ? 1 : -1;
	return sql_ask(status->db, "SELECT count(*) FROM lineage", NULL, 0,
	    &there) == SQLITE_OK ? there < (int64_t)count : -1;
}
