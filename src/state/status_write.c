/* What waits, into the file. */
#include "config.h"

#include "state/status_write.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "state/sql.h"
#include "state/status_backoff_row.h"
#include "state/status_boot.h"
#include "state/status_file.h"
#include "state/status_lease_row.h"
#include "state/status_pending.h"
#include "state/status_row.h"

/* Pages of the -wal from which on they are written back, 4 kB each. */
#define LOG_PAGES 1000
#define SHORT_LOG_PAGES 64	/* read in a fraction of a millisecond */

/* What one transaction writes. */
struct batch {
	struct status_change changes[STATUS_WRITE_ROWS];
	size_t count;
	int64_t boot;		/* its number */
	int64_t made;		/* rows that were not there */
	struct status_leases leases;
	uint64_t keys, backoff;	/* numbers of what waits */
};

static int
waits(struct status_pending *pending)
{
	return pending->count > 0 || pending->few;
}

/* A row that can never be written must not hold the others. */
static int
is_hopeless(int rc)
{
	rc &= 0xff;
	return rc == SQLITE_MISMATCH || rc == SQLITE_TOOBIG ||
	    rc == SQLITE_CONSTRAINT;
}

/* A stamp that cannot be is that of a row older than all else. */
static void
check_stamps(struct status_session *row, const struct moment *now)
{
	const int64_t latest = now->boottime + MOMENT_AHEAD_MS;

	if (row->started.boottime <= latest && row->doubted_at <= latest)
		return;
	row->started.boottime = -1;
	row->doubted_at = 0;
}

static int
write_row(struct status *status, struct batch *batch,
    const struct status_change *change, const struct moment *now)
{
	struct status_session row;
	enum status_row found;
	int rc;

	rc = status_row_load(status, change->key, &row, &found);
	if (rc != SQLITE_OK)
		return rc;
	check_stamps(&row, now);
	switch (status_change_apply(change, found == STATUS_ROW_FOUND ||
	    found == STATUS_ROW_NONSENSE, &row)) {
	case 1:
		rc = status_row_store(status, change->key, &row, batch->boot);
		batch->made += rc == SQLITE_OK && found == STATUS_ROW_NONE;
		break;
	case -1:
		rc = SQLITE_NOMEM;
		break;
	default:
		break;
	}
	status_session_clear(&row);
	return rc;
}

static int
write_rows(struct status *status, struct batch *batch,
    const struct moment *now)
{
	struct status_change *change;
	int rc = SQLITE_OK;
	size_t i;

	if (batch->count > 0)
		rc = status_boot_number(status,
		    batch->changes[0].row.started.boot_id, &batch->boot);
	for (i = 0; i < batch->count && rc == SQLITE_OK; i++) {
		change = &batch->changes[i];
		if (now->boottime - change->asked >= STATUS_LATE_MS)
			status_change_insist(change);
		rc = write_row(status, batch, change, now);
		if (is_hopeless(rc)) {
			status_pending_drop(status->pending, change);
			rc = SQLITE_OK;
		}
	}
	return rc;
}

/* Whose the file is, and how many rows it has. */
static int
write_about(struct status *status, const struct batch *batch)
{
	static const char sql[] = "UPDATE about SET endpoint = ?1, "
	    "sessions = sessions + ?2 "
	    "WHERE endpoint IS NULL OR endpoint = ?1";
	const struct sql_value values[] = { sql_text(status->endpoint),
	    sql_number(batch->made) };
	int rc;

	if (status->is_owned && batch->made == 0)
		return SQLITE_OK;
	rc = sql_run(status->db, sql, values, 2);
	if (rc != SQLITE_OK)
		return rc;
	/* another endpoint's process was first: look again who owns it */
	return sqlite3_changes(status->db) == 1 ? SQLITE_OK : SQLITE_SCHEMA;
}

static int
write_batch(struct status *status, struct batch *batch,
    const struct moment *now)
{
	int rc;

	rc = sqlite3_exec(status->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = status_file_is_ours(status, NULL);
	if (rc == SQLITE_OK)
		rc = write_rows(status, batch, now);
	if (rc == SQLITE_OK)
		rc = write_about(status, batch);
	if (rc == SQLITE_OK)
		rc = status_keys_write(status, now, &batch->keys);
	if (rc == SQLITE_OK)
		rc = status_lease_row_write(status, now, &batch->leases);
	if (rc == SQLITE_OK)
		rc = status_backoff_row_write(status, now,
		    &batch->backoff);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(status->db, "COMMIT", NULL, NULL, NULL);
	return rc;
}

/* What is in the file waits no longer. */
static void
wrote(struct status *status, const struct batch *batch)
{
	status->is_owned = 1;
	status_pending_wrote(status->pending, batch->changes, batch->count);
	status_keys_wrote(status, batch->keys);
	status_lease_row_wrote(status, &batch->leases);
	status_backoff_row_wrote(status, batch->backoff);
}

static void
give_up(struct status *status, int rc, struct error *error)
{
	(void)status_file_failed(status, rc, error);
	if (!sqlite3_get_autocommit(status->db))
		(void)sqlite3_exec(status->db, "ROLLBACK", NULL, NULL, NULL);
	/* a boot that was just given a number has none */
	memset(&status->boot, 0, sizeof(status->boot));
	if (rc == SQLITE_SCHEMA)
		status_file_leave(status);
}

/* Others that read or write meanwhile are no fault: it is done later. */
static int
write_back(struct status *status, struct error *error)
{
	int rc;

	if (status->log_pages < LOG_PAGES)
		return 0;
	rc = sqlite3_wal_checkpoint_v2(status->db, NULL,
	    SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY)
		return 0;
	return status_file_failed(status, rc, error);
}

/* SQLite makes the log once, and looks at its name no more. */
static int
is_log_gone(const struct status *status)
{
	char name[PATH_MAX];

	if (status->log_pages == 0)
		return 0;
	(void)snprintf(name, sizeof(name), "%s-wal", status->path);
	return access(name, F_OK) == -1 && errno == ENOENT;
}

static enum status_write
write_some(struct status *status, struct batch *batch,
    const struct moment *now, struct error *error)
{
	int rc;

	if (status_file_enter(status, error) == -1)
		return STATUS_WRITE_FAILED;
	/* what all processes hold open is then in no file: begin it anew */
	status->is_damaged |= is_log_gone(status);
	if (status_file_enter(status, error) == -1)
		return STATUS_WRITE_FAILED;
	/* what is asked for from now on waits for the next time */
	status->pending->few = 0;
	rc = status_pending_take(status->pending, batch->changes,
	    STATUS_WRITE_ROWS, &batch->count) == 0 ?
	    write_batch(status, batch, now) : SQLITE_NOMEM;
	if (rc != SQLITE_OK) {
		status->pending->few = 1;
		give_up(status, rc, error);
		return STATUS_WRITE_FAILED;
	}
	wrote(status, batch);
	if (write_back(status, error) == -1)
		return STATUS_WRITE_FAILED;
	return waits(status->pending) ? STATUS_WRITE_MORE : STATUS_WRITE_DONE;
}

enum status_write
status_write(struct status *status, const struct moment *now,
    struct error *error)
{
	enum status_write outcome;
	struct batch *batch;
	size_t i;

	status->is_busy = 0;
	if (!waits(status->pending))
		return STATUS_WRITE_DONE;
	batch = calloc(1, sizeof(*batch));
	if (batch == NULL) {
		error_set(error, "out of memory");
		return STATUS_WRITE_FAILED;
	}
	outcome = write_some(status, batch, now, error);
	for (i = 0; i < batch->count; i++)
		status_change_clear(&batch->changes[i]);
	free(batch);
	return outcome;
}

void
status_write_now(struct status *status, const struct moment *now)
{
	if (status->pending->wake != NULL)
		return;
	(void)status_write(status, now, NULL);
}

void
status_write_shrink(struct status *status)
{
	if (status->db == NULL || status->log_pages < SHORT_LOG_PAGES)
		return;
	(void)sqlite3_busy_timeout(status->db, 0);
	(void)sqlite3_wal_checkpoint_v2(status->db, NULL,
	    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}
