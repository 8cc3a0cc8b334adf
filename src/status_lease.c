#include "status.h"

#include <sqlite3.h>

#include "status_file.h"

static int
bind(struct sqlite3_stmt *statement, const struct status *status,
    const char *name, const struct moment *now)
{
	int rc;

	rc = sqlite3_bind_text(statement, 1, status->endpoint, -1,
	    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 3, now->boot_id, -1,
		    SQLITE_STATIC);
	return rc;
}

/* May it be taken, as far as the row says?  FAILED with *rc_out if unread. */
static enum status_lease
look(struct status *status, const char *name, const struct moment *now,
    int64_t cooldown, int64_t *until_out, int *rc_out)
{
	static const char sql[] = "SELECT taken, running_until FROM lease "
	    "WHERE endpoint = ?1 AND name = ?2 AND boot_id = ?3";
	enum status_lease answer = STATUS_LEASE_TAKEN;
	struct sqlite3_stmt *statement = NULL;
	int64_t taken, running_until;
	int rc;

	rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = bind(statement, status, name, now);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	*rc_out = rc;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		answer = STATUS_LEASE_FAILED;
	if (rc != SQLITE_ROW)
		goto done;
	taken = sqlite3_column_int64(statement, 0);
	running_until = sqlite3_column_int64(statement, 1);
	if (!moment_is_credible(taken, now))
		goto done;
	if (running_until > now->boottime) {
		*until_out = running_until;
		answer = STATUS_LEASE_RUNNING;
	} else if (taken + cooldown > now->boottime) {
		*until_out = taken + cooldown;
		answer = STATUS_LEASE_COOLING;
	}
done:
	(void)sqlite3_finalize(statement);
	return answer;
}

static int
write_row(struct status *status, const char *name, const struct moment *now,
    int64_t running)
{
	static const char sql[] = "INSERT OR REPLACE INTO lease (endpoint, "
	    "name, boot_id, taken, running_until) "
	    "VALUES (?1, ?2, ?3, ?4, ?5)";
	struct sqlite3_stmt *statement = NULL;
	int rc;

	rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = bind(statement, status, name, now);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 4, now->boottime);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 5,
		    now->boottime + running);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

enum status_lease
status_lease_take(struct status *status, const char *name,
    const struct moment *now, int64_t running, int64_t cooldown,
    int64_t *until_out, struct error *error)
{
	enum status_lease answer;
	int rc;

	*until_out = 0;
	if (status_file_enter(status, error) == -1)
		return STATUS_LEASE_FAILED;
	/* Most callers are refused: they need not queue for the writer. */
	answer = look(status, name, now, cooldown, until_out, &rc);
	if (answer == STATUS_LEASE_FAILED)
		goto failed;
	if (answer != STATUS_LEASE_TAKEN)
		return answer;
	rc = sqlite3_exec(status->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		goto failed;
	answer = look(status, name, now, cooldown, until_out, &rc);
	if (answer == STATUS_LEASE_FAILED)
		goto failed;
	if (answer != STATUS_LEASE_TAKEN) {
		(void)sqlite3_exec(status->db, "ROLLBACK", NULL, NULL, NULL);
		return answer;
	}
	rc = write_row(status, name, now, running);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(status->db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		goto failed;
	*until_out = now->boottime + running;
	return STATUS_LEASE_TAKEN;
failed:
	(void)status_file_failed(status, rc, error);
	if (!sqlite3_get_autocommit(status->db))
		(void)sqlite3_exec(status->db, "ROLLBACK", NULL, NULL, NULL);
	*until_out = 0;
	return STATUS_LEASE_FAILED;
}

int
status_lease_end(struct status *status, const char *name,
    const struct moment *now, struct error *error)
{
	static const char sql[] = "UPDATE lease SET running_until = 0 "
	    "WHERE endpoint = ?1 AND name = ?2 AND boot_id = ?3";
	struct sqlite3_stmt *statement = NULL;
	int rc, ret = -1;

	if (status_file_enter(status, error) == -1)
		return -1;
	rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = bind(statement, status, name, now);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc != SQLITE_DONE) {
		(void)status_file_failed(status, rc, error);
		goto done;
	}
	ret = 0;
done:
	(void)sqlite3_finalize(statement);
	return ret;
}
