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
#define SLACK_MS 1000		/* clocks of two processes, one read later */

/* What waits to be written of this boot; 1, or 0 if nothing does. */
static int
find_waiting(struct status_pending *pending, const char *boot_id,
    struct pending_backoff *waiting)
{
	(void)pthread_mutex_lock(&pending->lock);
	*waiting = pending->backoff;
	(void)pthread_mutex_unlock(&pending->lock);
	return waiting->is_there && strcmp(waiting->boot_id, boot_id) == 0;
}

/* Nobody is told to wait for longer. */
static int
is_credible(int64_t until, const struct moment *now)
{
	return until >= 0 &&
	    until <= now->boottime + STATUS_BACKOFF_TOLD_MS + SLACK_MS;
}

static int
load_file(struct status *status, const struct moment *now,
    struct status_backoff *backoff, struct error *error)
{
	int rc;

	if (status_file_enter(status, error) == -1)
		return -1;
	rc = status_backoff_row_load(status, now->boot_id, backoff);
	if (rc != SQLITE_OK)
		return status_file_failed(status, rc, error);
	if (!is_credible(backoff->until, now))
		memset(backoff, 0, sizeof(*backoff));
	return 0;
}

int
status_backoff_load(struct status *status, const struct moment *now,
    struct status_backoff *backoff, struct error *error)
{
	struct pending_backoff waiting;
	int waits, ret;

	memset(backoff, 0, sizeof(*backoff));
	/* before the file, so that what is written in between is not missed */
	waits = find_waiting(status->pending, now->boot_id, &waiting);
	ret = load_file(status, now, backoff, error);
	if (waits && waiting.was_over)
		*backoff = waiting.last;
	else if (waits)
		status_backoff_row_join(backoff, &waiting.last);
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
put(struct status *status, const struct moment *now,
    const struct status_backoff *backoff)
{
	struct status_pending *pending = status->pending;
	struct pending_backoff *waiting = &pending->backoff;

	(void)pthread_mutex_lock(&pending->lock);
	waiting->was_over = backoff->failures == 0 ||
	    (waiting->is_there && waiting->was_over);
	waiting->is_there = 1;
	waiting->last = *backoff;
	memcpy(waiting->boot_id, now->boot_id, sizeof(now->boot_id));
	waiting->number = ++pending->number;
	pending->few = 1;
	status_pending_call(pending, 1);
	(void)pthread_mutex_unlock(&pending->lock);
	status_write_now(status, now);
}

int
status_backoff_failed(struct status *status, const struct moment *now,
    const struct status_failure *failure, struct status_backoff *after,
    struct error *error)
{
	int64_t wait;

	if (status_backoff_load(status, now, after, error) == -1)
		return -1;
	if (after->failures < STATUS_BACKOFF_MAX_FAILURES - 1)
		after->failures++;
	wait = wait_after(after->failures, failure->jitter);
	if (wait < failure->told)
		wait = failure->told < STATUS_BACKOFF_TOLD_MS ?
		    failure->told : STATUS_BACKOFF_TOLD_MS;
	/* who was asked before another one was told to wait ends no wait */
	if (after->until < now->boottime + wait)
		after->until = now->boottime + wait;
	after->is_fault = failure->is_fault;
	put(status, now, after);
	return 0;
}

int
status_backoff_over(struct status *status, const struct moment *now,
    struct error *error)
{
	const struct status_backoff none = { .failures = 0 };
	struct status_backoff before;

	if (status_backoff_load(status, now, &before, error) == -1)
		return -1;
	if (before.failures > 0)
		put(status, now, &none);
	return 0;
}
