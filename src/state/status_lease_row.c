/* The rows of leases, and what of those that wait becomes of them. */
#include "config.h"

#include "state/status_lease_row.h"

#include <sqlite3.h>
#include <string.h>

#include "state/sql.h"
#include "state/status_file.h"

/* The thread that takes it and the one that ends it read the clock apart; no
 * other is taken so soon after. */
#define CROSSING_MS 1000

enum status_lease
status_lease_row_look(struct status *status,
    const struct pending_lease *lease, const struct moment *now,
    int64_t ended, int64_t *until_out, int *rc_out)
{
	static const char sql[] = "SELECT taken, running_until FROM lease "
	    "WHERE endpoint = ?1 AND name = ?2 AND boot_id = ?3";
	const struct sql_value values[] = { sql_text(status->endpoint),
	    sql_text(lease->name), sql_text(now->boot_id) };
	enum status_lease answer = STATUS_LEASE_TAKEN;
	struct sqlite3_stmt *statement;
	int64_t taken, running_until;
	int rc;

	rc = status_file_step(status, STATUS_LEASE_LOAD, sql, values, 3);
	if (rc != SQLITE_ROW)
		goto done;
	statement = status->statements[STATUS_LEASE_LOAD];
	taken = sqlite3_column_int64(statement, 0);
	running_until = sqlite3_column_int64(statement, 1);
	if (!moment_is_credible(taken, now))
		goto done;
	if (running_until > now->boottime && (ended == -1 ||
	    taken > ended + CROSSING_MS)) {
		*until_out = running_until;
		answer = STATUS_LEASE_RUNNING;
	} else if (taken + lease->cooldown > now->boottime) {
		*until_out = taken + lease->cooldown;
		answer = STATUS_LEASE_COOLING;
	}
done:
	*rc_out = status_file_reset(status, STATUS_LEASE_LOAD, rc);
	return *rc_out == SQLITE_OK ? answer : STATUS_LEASE_FAILED;
}

/* One that nobody holds: ours from now on. */
static int
take(struct status *status, struct pending_lease *lease,
    const struct moment *now)
{
	static const char sql[] = "INSERT OR REPLACE INTO lease (endpoint, "
	    "name, boot_id, taken, running_until) "
	    "VALUES (?1, ?2, ?3, ?4, ?5)";
	const int64_t until = now->boottime + lease->running;
	const struct sql_value values[] = { sql_text(status->endpoint),
	    sql_text(lease->name), sql_text(now->boot_id),
	    sql_number(now->boottime), sql_number(until) };
	int64_t other_until;
	int rc;

	switch (status_lease_row_look(status, lease, now, -1, &other_until,
	    &rc)) {
	case STATUS_LEASE_TAKEN:
		break;
	case STATUS_LEASE_FAILED:
		return rc;
	case STATUS_LEASE_RUNNING:
	case STATUS_LEASE_COOLING:
	case STATUS_LEASE_ASKED:
	default:
		memset(lease, 0, sizeof(*lease));
		return SQLITE_OK;
	}
	lease->is_taken = 1;
	lease->until = until;
	return sql_run(status->db, sql, values, 5);
}

static int
end(struct status *status, const struct pending_end *end)
{
	static const char over[] = "UPDATE lease SET running_until = 0 "
	    "WHERE endpoint = ?1 AND name = ?2 AND boot_id = ?3 "
	    "AND taken <= ?4";
	static const char given[] = "DELETE FROM lease "
	    "WHERE endpoint = ?1 AND name = ?2 AND boot_id = ?3 "
	    "AND taken <= ?4";
	const struct sql_value values[] = { sql_text(status->endpoint),
	    sql_text(end->name), sql_text(end->at.boot_id),
	    sql_number(end->at.boottime + CROSSING_MS) };

	return sql_run(status->db, end->is_void ? given : over, values, 4);
}

int
status_lease_row_write(struct status *status, const struct moment *now,
    struct status_leases *leases)
{
	struct status_pending *pending = status->pending;
	int rc = SQLITE_OK;
	size_t i;

	(void)pthread_mutex_lock(&pending->lock);
	memcpy(leases->leases, pending->leases, sizeof(leases->leases));
	leases->end = pending->end;
	for (i = 0; i < STATUS_PENDING_LEASES; i++)
		leases->numbers[i] = pending->leases[i].number;
	(void)pthread_mutex_unlock(&pending->lock);
	if (leases->end.name[0] != '\0')
		rc = end(status, &leases->end);
	for (i = 0; i < STATUS_PENDING_LEASES && rc == SQLITE_OK; i++)
		if (leases->leases[i].name[0] != '\0' &&
		    !leases->leases[i].is_taken &&
		    leases->leases[i].asked_until > now->boottime)
			rc = take(status, &leases->leases[i], now);
	return rc;
}

/* Those who asked meanwhile wait on; what was asked for is answered. */
void
status_lease_row_wrote(struct status *status,
    const struct status_leases *leases)
{
	struct status_pending *pending = status->pending;
	size_t i;

	(void)pthread_mutex_lock(&pending->lock);
	if (pending->end.number == leases->end.number)
		memset(&pending->end, 0, sizeof(pending->end));
	for (i = 0; i < STATUS_PENDING_LEASES; i++)
		if (pending->leases[i].name[0] != '\0' &&
		    !pending->leases[i].is_taken &&
		    pending->leases[i].number == leases->numbers[i])
			pending->leases[i] = leases->leases[i];
	(void)pthread_mutex_unlock(&pending->lock);
}
