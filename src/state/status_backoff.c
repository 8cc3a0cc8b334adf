/* How long the resolver is left alone after failures. */
#include "config.h"

#include <sqlite3.h>
#include <string.h>

#include "state/status_file.h"
#include "state/status_pending.h"
#include "state/status_write.h"

#define FREE_FAILURES 2		/* in a row, without any back-off */

/* What counts: failures in a row, and until when nothing is asked. */
struct wait {
	int64_t failures;
	int64_t until;
};

/* Of the file; *wait zero if there is none of this boot. */
static int
load_file(struct status *status, const char *boot_id, struct wait *wait)
{
	static const char sql[] = "SELECT failures, until FROM backoff "
	    "WHERE endpoint = ?1 AND boot_id = ?2";
	struct sqlite3_stmt *statement;
	int rc;

	wait->failures = wait->until = 0;
	rc = status_file_prepare(status, STATUS_BACKOFF_LOAD, sql);
	statement = status->statements[STATUS_BACKOFF_LOAD];
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 1, status->endpoint, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 2, boot_id, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		wait->failures = sqlite3_column_int64(statement, 0);
		wait->until = sqlite3_column_int64(statement, 1);
	}
	return status_file_reset(status, STATUS_BACKOFF_LOAD, rc);
}

/* What waits to be written of this boot; 1, or 0 if nothing does. */
static int
find_waiting(struct status_pending *pending, const char *boot_id,
    struct wait *wait)
{
	int waits;

	(void)pthread_mutex_lock(&pending->lock);
	waits = pending->backoff.is_there &&
	    strcmp(pending->backoff.boot_id, boot_id) == 0;
	wait->failures = pending->backoff.failures;
	wait->until = pending->backoff.until;
	(void)pthread_mutex_unlock(&pending->lock);
	return waits;
}

int
status_backoff_load(struct status *status, const struct moment *now,
    int64_t *until_out, int *failures_out, struct error *error)
{
	struct wait waiting, wait;
	int waits, rc = SQLITE_OK, ret;

	*until_out = 0;
	*failures_out = 0;
	memset(&wait, 0, sizeof(wait));
	/* before the file, so that what is written in between is not missed */
	waits = find_waiting(status->pending, now->boot_id, &waiting);
	ret = status_file_enter(status, error) == -1 ? -1 : 0;
	if (ret == 0)
		rc = load_file(status, now->boot_id, &wait);
	if (rc != SQLITE_OK)
		ret = status_file_failed(status, rc, error);
	if (waits && (waiting.failures == 0 ||
	    waiting.failures > wait.failures))
		wait = waiting;
	if (wait.failures > 0 && wait.failures < 1000000 &&
	    moment_is_credible(wait.until, now)) {
		*until_out = wait.until;
		*failures_out = (int)wait.failures;
	}
	return ret;
}

static int64_t
wait_after(int failures, unsigned char jitter)
{
	int64_t wait = STATUS_BACKOFF_FIRST_MS;
	int i;

	if (failures <= FREE_FAILURES)
		return 0;
	for (i = FREE_FAILURES + 1; i < failures &&
	    wait < STATUS_BACKOFF_MAX_MS; i++)
		wait *= 2;
	if (wait > STATUS_BACKOFF_MAX_MS)
		wait = STATUS_BACKOFF_MAX_MS;
	return wait - wait / 2 * jitter / 255;
}

/* From now on it is so for this process, and soon for the others. */
static void
put(struct status *status, const struct moment *now, int failures,
    int64_t until)
{
	struct status_pending *pending = status->pending;

	(void)pthread_mutex_lock(&pending->lock);
	pending->backoff.is_there = 1;
	pending->backoff.failures = failures;
	pending->backoff.until = until;
	memcpy(pending->backoff.boot_id, now->boot_id, sizeof(now->boot_id));
	pending->backoff.number = ++pending->number;
	pending->few = 1;
	status_pending_call(pending, 1);
	(void)pthread_mutex_unlock(&pending->lock);
	status_write_now(status, now);
}

int
status_backoff_failed(struct status *status, const struct moment *now,
    unsigned char jitter, struct error *error)
{
	int64_t until;
	int failures;

	if (status_backoff_load(status, now, &until, &failures, error) == -1)
		return -1;
	failures++;
	put(status, now, failures, now->boottime +
	    wait_after(failures, jitter));
	return 0;
}

int
status_backoff_over(struct status *status, const struct moment *now,
    struct error *error)
{
	int64_t until;
	int failures;

	if (status_backoff_load(status, now, &until, &failures, error) == -1)
		return -1;
	if (failures > 0)
		put(status, now, 0, 0);
	return 0;
}

static int
store(struct status *status, const struct pending_backoff *backoff)
{
	static const char end[] = "DELETE FROM backoff WHERE endpoint = ?1";
	static const char begin[] = "INSERT OR REPLACE INTO backoff "
	    "(endpoint, boot_id, failures, until) VALUES (?1, ?2, ?3, ?4)";
	struct sqlite3_stmt *statement = NULL;
	int rc;

	rc = sqlite3_prepare_v2(status->db, backoff->failures == 0 ? end :
	    begin, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 1, status->endpoint, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK && backoff->failures > 0)
		rc = sqlite3_bind_text(statement, 2, backoff->boot_id, -1,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK && backoff->failures > 0)
		rc = sqlite3_bind_int(statement, 3, backoff->failures);
	if (rc == SQLITE_OK && backoff->failures > 0)
		rc = sqlite3_bind_int64(statement, 4, backoff->until);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
status_backoff_write(struct status *status, uint64_t *number_out)
{
	struct status_pending *pending = status->pending;
	struct pending_backoff backoff;
	struct wait wait;
	int rc;

	*number_out = 0;
	(void)pthread_mutex_lock(&pending->lock);
	backoff = pending->backoff;
	(void)pthread_mutex_unlock(&pending->lock);
	if (!backoff.is_there)
		return SQLITE_OK;
	*number_out = backoff.number;
	rc = load_file(status, backoff.boot_id, &wait);
	/* another process may have failed more often */
	if (rc != SQLITE_OK || (backoff.failures > 0 &&
	    wait.failures >= backoff.failures))
		return rc;
	return store(status, &backoff);
}

void
status_backoff_wrote(struct status *status, uint64_t number)
{
	struct status_pending *pending = status->pending;

	(void)pthread_mutex_lock(&pending->lock);
	if (number != 0 && pending->backoff.number == number)
		pending->backoff.is_there = 0;
	(void)pthread_mutex_unlock(&pending->lock);
}
