#include "state/write/trust_audit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "state/sql.h"
#include "state/trust_schema.h"

static const char add_sql[] =
    "INSERT INTO audit (id, time, actor, action, detail, tag)"
    " VALUES (?1, ?2, ?3, ?4, ?5, (SELECT tag FROM state))";
static const char number_sql[] =
    "UPDATE state SET number = number + 1, tag = randomblob(8)"
    " RETURNING number";

void
trust_audit_init(struct trust_audit *audit, struct sqlite3 *db)
{
	memset(audit, 0, sizeof(*audit));
	audit->db = db;
}

void
trust_audit_clear(struct trust_audit *audit)
{
	(void)sqlite3_finalize(audit->number);
	(void)sqlite3_finalize(audit->add);
	trust_audit_init(audit, audit->db);
}

static int
mark(struct trust_audit *audit)
{
	char page_1[40];
	int rc;

	if (audit->is_marked)
		return SQLITE_OK;
	(void)snprintf(page_1, sizeof(page_1), "PRAGMA user_version=%d",
	    TRUST_SCHEMA);
	rc = sqlite3_exec(audit->db, page_1, NULL, NULL, NULL);
	audit->is_marked = rc == SQLITE_OK;
	return rc;
}

static int
next_number(struct trust_audit *audit, int64_t *number_out)
{
	int rc = mark(audit);

	*number_out = 0;
	if (rc != SQLITE_OK)
		return rc;
	rc = sql_step(audit->db, number_sql, NULL, 0, &audit->number);
	if (rc == SQLITE_ROW) {
		*number_out = sqlite3_column_int64(audit->number, 0);
		/* a change is made when it is stepped to its end */
		rc = sqlite3_step(audit->number);
	}
	sql_reset(audit->number);
	if (rc != SQLITE_DONE)
		return rc == SQLITE_ROW ? SQLITE_CORRUPT : rc;
	return *number_out == 0 ? SQLITE_CORRUPT : SQLITE_OK;
}

int
trust_audit_row(struct trust_audit *audit, const struct trust_note *note,
    const char *action, const char *detail, int64_t wall, int64_t *id_out)
{
	int64_t id;
	int rc = next_number(audit, &id);
	const struct sql_value values[] = { sql_number(id), sql_number(wall),
	    sql_text(note->actor), sql_text(action), sql_text(detail) };

	if (id_out != NULL)
		*id_out = id;
	if (rc != SQLITE_OK)
		return rc;
	rc = sql_step(audit->db, add_sql, values, 5, &audit->add);
	sql_reset(audit->add);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}
