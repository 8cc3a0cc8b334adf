#include "state/trust_head.h"

#include <sqlite3.h>
#include <string.h>

#include "state/database_check.h"
#include "state/database_error.h"
#include "state/database_view.h"
#include "state/sql.h"
#include "state/sql_column.h"
#include "state/trust_schema.h"

#define ENDPOINT "(SELECT value FROM meta WHERE name = 'endpoint')"
#define EMPTY "NOT EXISTS (SELECT 1 FROM revocation)"

static const char head_sql[] = "SELECT " ENDPOINT ", " EMPTY ", lineage, "
    "number, tag, coalesce(keys_due, 0) FROM state";
static const char old_head_sql[] = "SELECT " ENDPOINT ", " EMPTY ", NULL, 0, "
    "NULL";

int
trust_head_failed(struct sqlite3 *db, int rc, const char *path,
    struct error *error)
{
	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		error_set(error, "%s is damaged or not a database of ours: put "
		    "a sound copy in its place, then run 'authgear-cache "
		    "accept'", path);
		break;
	case SQLITE_READONLY:
		error_set(error, "%s was left in the middle of a change by "
		    "another program: run 'authgear-cache init' as the owner "
		    "of the directory", path);
		break;
	default:
		(void)database_error_tell(db, rc, path, error);
	}
	return -1;
}

static void
check_endpoint(const char *found, const char *path, const char *endpoint,
    struct error *error)
{
	const char *slash = strrchr(path, '/');
	const int len = slash == NULL ? 0 : (int)(slash - path);

	if (found == NULL)
		error_set(error, "%s names no endpoint: run 'authgear-cache "
		    "init'", path);
	else if (strcmp(found, endpoint) != 0)
		error_set(error, "%.*s belongs to endpoint %s, not to %s: a "
		    "state directory serves one endpoint, so set 'state' to "
		    "another; or, if the first was a mistake, remove the "
		    "directory with all revocations and accounts in it and "
		    "run 'authgear-cache init' again", len, path, found,
		    endpoint);
}

static int
read_lineage(struct sqlite3_stmt *statement, struct trust_head *head)
{
	struct trust_lineage *lineage = &head->lineage;
	int rc;

	head->has_lineage = head->schema == TRUST_SCHEMA;
	if (!head->has_lineage)
		return SQLITE_OK;
	head->keys_due = sqlite3_column_int64(statement, 5);
	lineage->number = sqlite3_column_int64(statement, 3);
	rc = sql_column_copy(statement, 2, lineage->id, sizeof(lineage->id));
	if (rc == SQLITE_OK)
		rc = sql_column_copy(statement, 4, lineage->tag,
		    sizeof(lineage->tag));
	return rc == SQLITE_MISMATCH ? SQLITE_CORRUPT : rc;
}

int
trust_head_read(struct sqlite3 *db, const char *path, const char *endpoint,
    struct trust_head *head, struct error *error)
{
	struct sqlite3_stmt *statement = NULL;
	const char *found = NULL;
	int rc;

	memset(head, 0, sizeof(*head));
	rc = sql_ask(db, "PRAGMA user_version", NULL, 0, &head->schema);
	if (rc != SQLITE_OK)
		return rc;
	if (head->schema > TRUST_SCHEMA)
		(void)database_check_version(head->schema, path,
		    trust_schema(), error);
	if (head->schema < TRUST_SCHEMA_OLDEST)
		return SQLITE_NOTADB;
	if (head->schema > TRUST_SCHEMA)
		return SQLITE_OK;
	rc = sql_step(db, head->schema == TRUST_SCHEMA ? head_sql :
	    old_head_sql, NULL, 0, &statement);
	if (rc == SQLITE_DONE)
		rc = SQLITE_CORRUPT;
	if (rc == SQLITE_ROW)
		rc = sql_column_text(statement, 0, &found);
	if (rc == SQLITE_OK) {
		head->has_endpoint = found != NULL;
		head->is_foreign = found != NULL &&
		    strcmp(found, endpoint) != 0;
		check_endpoint(found, path, endpoint, error);
		head->is_empty = sqlite3_column_int(statement, 1) == 1;
		rc = read_lineage(statement, head);
	}
	(void)sqlite3_finalize(statement);
	return rc;
}

int
trust_head_look(const char *path, const char *endpoint,
    struct trust_head *head, struct error *error)
{
	struct database_view *view;
	struct error refusal = { "" };
	int rc;

	memset(head, 0, sizeof(*head));
	switch (database_view_open(path, trust_schema(), &view, &refusal)) {
	case DATABASE_OPENED:
		break;
	case DATABASE_NO_MEMORY:
		error_set(error, "%s", error_text(&refusal));
		return -1;
	case DATABASE_ABSENT:
	case DATABASE_UNSAFE:
	case DATABASE_CORRUPT:
	case DATABASE_NEWER:
	case DATABASE_FAILED:
	default:
		return 0;
	}
	(void)database_view_take(view);
	rc = trust_head_read(database_view_db(view), path, endpoint, head,
	    &refusal);
	if (rc == SQLITE_NOMEM)
		(void)trust_head_failed(database_view_db(view), rc, path,
		    &refusal);
	database_view_close(view);
	if (rc != SQLITE_OK && rc != SQLITE_NOMEM) {
		memset(head, 0, sizeof(*head));
		return 0;
	}
	if (rc == SQLITE_OK &&
	    (!head->has_endpoint || refusal.text[0] == '\0'))
		return 0;
	error_set(error, "%s", error_text(&refusal));
	return -1;
}

/* A row of before the migration has no tag, which is one of zeros. */
int
trust_head_change(struct sqlite3 *db, int64_t number,
    struct trust_lineage *change)
{
	static const char sql[] = "SELECT tag FROM audit WHERE id = ?1";
	const struct sql_value value = sql_number(number);
	struct sqlite3_stmt *statement = NULL;
	int rc, found;

	memset(change, 0, sizeof(*change));
	change->number = number;
	rc = sql_step(db, sql, &value, 1, &statement);
	found = rc == SQLITE_ROW;
	if (found)
		rc = sql_column_copy(statement, 0, change->tag,
		    sizeof(change->tag));
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_OK || rc == SQLITE_DONE ||
	    rc == SQLITE_MISMATCH ? found : -rc;
}
