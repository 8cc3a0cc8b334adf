#include "state/write/trust_shape.h"

#include <sqlite3.h>
#include <stdio.h>

#include "state/database_error.h"
#include "state/sql.h"
#include "state/sql_column.h"
#include "state/trust_schema.h"

#define OBJECT_COLUMNS 4

/* The first object that the other has not, or otherwise. */
struct odd {
	char type[12];		/* "": none */
	char name[64];
};

/* One that this release makes, of nobody, in memory. */
static int
make(struct sqlite3 **db_out)
{
	const struct database_schema *schema = trust_schema();
	int rc, version;

	rc = sqlite3_open_v2(":memory:", db_out, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = schema->prepare(*db_out);
	for (version = 0; rc == SQLITE_OK && version < schema->version;
	    version++)
		rc = sqlite3_exec(*db_out, schema->migrations[version], NULL,
		    NULL, NULL);
	return rc;
}

static int
look_for(struct sqlite3_stmt *object, struct sqlite3 *in, struct odd *odd)
{
	static const char same[] = "SELECT 1 FROM sqlite_schema WHERE"
	    " type IS ?1 AND name IS ?2 AND tbl_name IS ?3 AND sql IS ?4";
	const char *texts[OBJECT_COLUMNS];
	struct sql_value values[OBJECT_COLUMNS];
	int64_t one;
	int i, found = 0, rc = SQLITE_OK;

	for (i = 0; i < OBJECT_COLUMNS && rc == SQLITE_OK; i++) {
		rc = sql_column_text(object, i, &texts[i]);
		values[i] = sql_text(texts[i]);
	}
	if (rc == SQLITE_OK)
		rc = sql_find(in, same, values, OBJECT_COLUMNS, &found, &one);
	if (rc != SQLITE_OK || found)
		return rc;
	(void)snprintf(odd->type, sizeof(odd->type), "%s", texts[0] == NULL ?
	    "part" : texts[0]);
	(void)snprintf(odd->name, sizeof(odd->name), "%s", texts[1] == NULL ?
	    "" : texts[1]);
	return SQLITE_OK;
}

static int
compare(struct sqlite3 *from, struct sqlite3 *in, struct odd *odd)
{
	static const char objects[] = "SELECT type, name, tbl_name, sql FROM"
	    " sqlite_schema WHERE type NOT IN ('table', 'index') OR"
	    " substr(name, 1, 11) <> 'sqlite_stat' ORDER BY type DESC,"
	    " name";
	struct sqlite3_stmt *object = NULL;
	int looked = SQLITE_OK, rc;

	rc = sql_step(from, objects, NULL, 0, &object);
	for (; rc == SQLITE_ROW; rc = sqlite3_step(object)) {
		looked = look_for(object, in, odd);
		if (looked != SQLITE_OK || odd->type[0] != '\0')
			break;
	}
	(void)sqlite3_finalize(object);
	return rc == SQLITE_ROW ? looked : rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
trust_shape_check(struct sqlite3 *db, const char *name, struct error *error)
{
	struct odd more = { "", "" }, less = { "", "" };
	struct sqlite3 *ours = NULL;
	int rc;

	rc = make(&ours);
	if (rc == SQLITE_OK)
		rc = compare(db, ours, &more);
	if (rc == SQLITE_OK)
		rc = compare(ours, db, &less);
	(void)sqlite3_close(ours);
	if (rc != SQLITE_OK)
		(void)database_error_tell(db, rc, name, error);
	else if (more.type[0] != '\0')
		error_set(error, "%.300s: its %s %s is not as authgear-cache "
		    "makes it: undo what changed it, or take another copy",
		    name, more.type, more.name);
	else if (less.type[0] != '\0')
		error_set(error, "%.300s: it has no %s %s: undo what changed "
		    "it, or take another copy", name, less.type, less.name);
	else
		return 0;
	return -1;
}
