#include "state/write/trust_prune.h"

#include <sqlite3.h>

#include "ground/buffer.h"
#include "state/sql.h"
#include "state/write/trust_change.h"

/* A token that told its end when it was revoked; one that did not, or a
 * credential by its hash; and who changed what, but for the last. */
#define ENDED " FROM revocation WHERE kind = 'token' AND" \
	" expires IS NOT NULL AND expires < ?1"
#define ENDLESS " FROM revocation WHERE kind = 'token' AND" \
	" expires IS NULL AND time < ?1"
#define AUDIT " FROM audit WHERE time < ?1 AND" \
	" id < (SELECT max(id) FROM audit)"

#define STEPS 1000	/* of SQLite's machine, between two calls */

static int
go_on(void *context)
{
	const struct trust_prune_wish *wish = context;

	wish->step(wish->context);
	return 0;
}

/* Until it is ended. */
static void
begin_steps(struct sqlite3 *db, struct trust_prune_wish *wish)
{
	if (wish->step != NULL)
		sqlite3_progress_handler(db, STEPS, go_on, wish);
}

static void
end_steps(struct sqlite3 *db)
{
	sqlite3_progress_handler(db, 0, NULL, NULL);
}

static int
count(struct sqlite3 *db, const struct trust_prune_wish *wish,
    struct trust_pruned *pruned)
{
	const struct sql_value ended = sql_number(wish->ended_before);
	const struct sql_value added = sql_number(wish->added_before);
	const struct sql_value audit = sql_number(wish->audit_before);
	int rc;

	rc = sql_ask(db, "SELECT count(*)" ENDED, &ended, 1, &pruned->ended);
	if (rc == SQLITE_OK)
		rc = sql_ask(db, "SELECT count(*)" ENDLESS, &added, 1,
		    &pruned->endless);
	if (rc == SQLITE_OK)
		rc = sql_ask(db, "SELECT count(*)" AUDIT, &audit, 1,
		    &pruned->audit);
	return rc;
}

int
trust_prune_count(struct sqlite3 *db, const struct trust_prune_wish *wish,
    struct trust_pruned *pruned)
{
	struct trust_prune_wish own = *wish;
	int rc;

	begin_steps(db, &own);
	rc = count(db, &own, pruned);
	end_steps(db);
	return rc;
}

static int
drop(struct sqlite3 *db, const char *sql, int64_t before, int64_t *count_out)
{
	const struct sql_value value = sql_number(before);
	const int rc = sql_run(db, sql, &value, 1);

	*count_out = rc == SQLITE_OK ? sqlite3_changes64(db) : 0;
	return rc;
}

static int
tell(struct sqlite3 *db, const struct trust_note *note, int64_t wall,
    struct trust_pruned *pruned)
{
	struct buffer detail;
	int rc = SQLITE_NOMEM;

	buffer_init(&detail, 2 * TRUST_WRITER_MAX_REASON);
	(void)buffer_append_format(&detail, "%lld tokens that ended, %lld "
	    "other credentials, %lld rows of the audit%s%s",
	    (long long)pruned->ended, (long long)pruned->endless,
	    (long long)pruned->audit, note->reason[0] == '\0' ? "" : ": ",
	    note->reason);
	if (!detail.failed)
		rc = trust_change_audit(db, note, "prune", detail.data, wall,
		    &pruned->number);
	buffer_clear(&detail);
	return rc;
}

static int
drop_all(struct sqlite3 *db, const struct trust_prune_wish *wish,
    struct trust_pruned *pruned)
{
	int rc;

	rc = drop(db, "DELETE" ENDED, wish->ended_before, &pruned->ended);
	if (rc == SQLITE_OK)
		rc = drop(db, "DELETE" ENDLESS, wish->added_before,
		    &pruned->endless);
	if (rc == SQLITE_OK)
		rc = drop(db, "DELETE" AUDIT, wish->audit_before,
		    &pruned->audit);
	return rc;
}

int
trust_prune(struct sqlite3 *db, const struct trust_prune_wish *wish,
    const struct trust_note *note, int64_t wall, struct trust_pruned *pruned)
{
	struct trust_prune_wish own = *wish;
	int rc;

	begin_steps(db, &own);
	rc = drop_all(db, &own, pruned);
	end_steps(db);
	if (rc != SQLITE_OK ||
	    pruned->ended + pruned->endless + pruned->audit == 0)
		return rc;
	return tell(db, note, wall, pruned);
}
