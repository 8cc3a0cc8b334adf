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

static int
load_file(struct status *status, const struct moment *now,
    struct status_backoff *backoff, struct error *error)
{
	int rc;

	if (status_file_enter(status, error) == -1)
		return -1;
	rc = status_backoff_row_load(status, now, backoff);
	return rc == SQLITE_OK ? 0 : status_file_failed(status, rc, error);
}

int
status_backoff_load(struct status *status, const struct moment *now,
    struct status_backoff *backoff, struct error *error)
{
	struct pending_backoff waiting;
	int64_t told_until;
	int waits, ret;

	memset(backoff, 0, sizeof(*backoff));
	/* before the file, so that what is written in between is not missed */
	waits = find_waiting(status->pending, now->boot_id, &waiting);
	ret = load_file(status, now, backoff, error);
	told_until = backoff->told_until;
	if (waits && waiting.was_over)
		*backoff = waiting.last;
	else if (waits)
		status_backoff_row_join(backoff, &waiting.last);
	if (told_until > now->boottime)
		status_backoff_row_tell(backoff, told_until);
	return ret;
}

/* The key begins with the digits of a hash. */
int64_t
status_backoff_mark(const char *key)
{
	int64_t mark = 0;
	int i;

	for (i = 0; i < 8 && key[i] != '\0'; i++)
		mark = mark * 31 + (unsigned char)key[i];
	return mark + 1;
}

int
status_backoff_holds(const struct status_backoff *backoff, int64_t mark,
    const struct moment *now)
{
	if (backoff->told_until > now->boottime)
		return 1;
	return backoff->until > now->boottime &&
	    (backoff->mark == 0 || backoff->mark == mark);
}

static int64_t
wait_after(int failures, unsigned char jitter)
{
	int64_t wait = STATUS_BACKOFF_FIRST_MS;
	int i;

	if (failures <= STATUS_BACKOFF_FREE_FAILURES)
		return 0;
	for (i = STATUS_BACKOFF_FREE_FAILURES + 1; i < failures &&
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

static void
count(struct status_backoff *backoff, int64_t mark)
{
	if (backoff->failures == 0)
		backoff->mark = mark;
	else if (backoff->mark != mark)
		status_backoff_row_spread(backoff);
	if (backoff->failures < STATUS_BACKOFF_MAX_FAILURES - 1)
		backoff->failures++;
}

void
status_backoff_failed(struct status *status, const struct moment *now,
    const struct status_failure *failure, struct status_backoff *after)
{
	const int64_t told = failure->told < STATUS_BACKOFF_TOLD_MS ?
	    failure->told : STATUS_BACKOFF_TOLD_MS;
	int64_t until;

	(void)status_backoff_load(status, now, after, NULL);
	count(after, failure->mark);
	until = now->boottime + wait_after(after->failures, failure->jitter);
	if (after->until < until)
		after->until = until;
	/* who was asked before another one was told to wait ends no wait */
	if (told > 0)
		status_backoff_row_tell(after, now->boottime + told);
	after->is_fault = failure->is_fault;
	put(status, now, after);
}

void
status_backoff_over(struct status *status, const struct moment *now)
{
	struct status_backoff none = { .failures = 0 }, before;
	const int known = status_backoff_load(status, now, &before, NULL);
	const int is_told = before.told_until > now->boottime;

	if (known == 0 && before.failures == 0 &&
	    (is_told || before.told_until == 0))
		return;
	if (is_told) {
		none.is_fault = before.is_fault;
		status_backoff_row_tell(&none, before.told_until);
	}
	put(status, now, &none);
}
