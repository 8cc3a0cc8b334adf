/* How long the resolver is left alone after failures. */
#include "config.h"

#include "state/status_backoff.h"

#include <sqlite3.h>
#include <string.h>

#include "state/status_backoff_row.h"
#include "state/status_file.h"
#include "state/status_pending.h"
#include "state/status_waiting.h"
#include "state/status_write.h"

#define FREE_FAILURES 2		/* in a row, without any back-off */

/* What waits to be written of this boot; 1, or 0 if nothing does. */
static int
find_waiting(struct status_pending *pending, const char *boot_id,
    struct status_backoff *wait)
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
	struct status_backoff waiting, wait;
	int waits, rc = SQLITE_OK, ret;

	*until_out = 0;
	*failures_out = 0;
	memset(&wait, 0, sizeof(wait));
	/* before the file, so that what is written in between is not missed */
	waits = find_waiting(status->pending, now->boot_id, &waiting);
	ret = status_file_enter(status, error) == -1 ? -1 : 0;
	if (ret == 0)
		rc = status_backoff_row_load(status, now->boot_id, &wait);
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
