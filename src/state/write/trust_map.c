#include "state/write/trust_map.h"

#include <sqlite3.h>

#include "ground/buffer.h"
#include "state/sql.h"
#include "state/write/trust_audit.h"

/* One setting. */
struct setting {
	struct trust_audit audit;
	const struct trust_note *note;
	int64_t wall;
	struct sqlite3_stmt *take, *give;
};

static const char take_sql[] =
    "DELETE FROM account WHERE user_id = ?1 AND account <> ?2";
static const char give_sql[] =
    "INSERT INTO account (user_id, account, reason, actor, time)"
    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (user_id) DO NOTHING";

static int
take(struct setting *setting, const struct trust_pair *pair)
{
	const struct sql_value values[] = { sql_text(pair->user_id),
	    sql_text(pair->account) };
	const int rc = sql_step(setting->audit.db, take_sql, values, 2,
	    &setting->take);

	sql_reset(setting->take);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* *given_out 0: the user has it already. */
static int
give(struct setting *setting, const struct trust_pair *pair, int *given_out)
{
	const struct sql_value values[] = { sql_text(pair->user_id),
	    sql_text(pair->account), sql_text(setting->note->reason),
	    sql_text(setting->note->actor), sql_number(setting->wall) };
	struct buffer detail;
	int rc;

	rc = sql_step(setting->audit.db, give_sql, values, 5, &setting->give);
	sql_reset(setting->give);
	*given_out = rc == SQLITE_DONE &&
	    sqlite3_changes(setting->audit.db) == 1;
	if (!*given_out)
		return rc == SQLITE_DONE ? SQLITE_OK : rc;
	buffer_init(&detail, 2 * TRUST_WRITER_MAX_VALUE);
	(void)buffer_append_format(&detail, "%s %s%s%s", pair->user_id,
	    pair->account, setting->note->reason[0] == '\0' ? "" : ": ",
	    setting->note->reason);
	rc = detail.failed ? SQLITE_NOMEM : trust_audit_row(&setting->audit,
	    setting->note, "map", detail.data, setting->wall, NULL);
	buffer_clear(&detail);
	return rc;
}

/* What the users have now first: one may get what another one had. */
static int
set_all(struct setting *setting, struct trust_mapping *mapping,
    struct error *error)
{
	int given, rc = SQLITE_OK;
	size_t i;

	for (i = 0; i < mapping->count && rc == SQLITE_OK; i++)
		rc = take(setting, &mapping->pairs[i]);
	for (i = 0; i < mapping->count && rc == SQLITE_OK; i++) {
		if (mapping->step != NULL)
			mapping->step(mapping->context);
		rc = give(setting, &mapping->pairs[i], &given);
		mapping->set += given;
		if ((rc & 0xff) != SQLITE_CONSTRAINT)
			continue;
		error_set(error, "line %lld: another user has the account %s: "
		    "look at 'authgear-cache list map'",
		    (long long)mapping->pairs[i].line,
		    mapping->pairs[i].account);
		rc = SQLITE_ABORT;
	}
	return rc;
}

int
trust_map_set(struct sqlite3 *db, struct trust_mapping *mapping,
    const struct trust_note *note, int64_t wall, struct error *error)
{
	struct setting setting = { .note = note, .wall = wall };
	int rc;

	trust_audit_init(&setting.audit, db);
	rc = set_all(&setting, mapping, error);
	trust_audit_clear(&setting.audit);
	(void)sqlite3_finalize(setting.take);
	(void)sqlite3_finalize(setting.give);
	return rc;
}
