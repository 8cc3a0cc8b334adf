/* Who of the processes may fetch. */
#include "config.h"

#include "state/status_lease.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "state/status_file.h"
#include "state/status_lease_row.h"
#include "state/status_pending.h"
#include "state/status_waiting.h"
#include "state/status_write.h"


#define SOON_MS 200		/* in which a file that takes writes took it */
#define PATIENCE_MS 1000	/* who still wants it asks more often */
/* The place of who asks for as much; `free` 1: or one that nobody needs. */
static struct pending_lease *
find(struct status_pending *pending, const struct pending_lease *wish,
    const struct moment *now, int free)
{
	struct pending_lease *lease, *found = NULL;
	size_t i;

	for (i = 0; i < STATUS_PENDING_LEASES; i++) {
		lease = &pending->leases[i];
		if ((lease->is_taken ? lease->until : lease->asked_until) <=
		    now->boottime)
			memset(lease, 0, sizeof(*lease));
		if (strcmp(lease->name, wish->name) == 0 &&
		    lease->running == wish->running &&
		    lease->cooldown == wish->cooldown)
			return lease;
		if (free && lease->name[0] == '\0')
			found = lease;
	}
	return found;
}

/* One that was taken for whoever asked: ours now. */
static int
fetch(struct status_pending *pending, const struct pending_lease *wish,
    const struct moment *now, int64_t *until_out)
{
	struct pending_lease *lease;
	int is_ours = 0;

	(void)pthread_mutex_lock(&pending->lock);
	lease = find(pending, wish, now, 0);
	if (lease != NULL && lease->is_taken) {
		*until_out = lease->until;
		memset(lease, 0, sizeof(*lease));
		is_ours = 1;
	}
	(void)pthread_mutex_unlock(&pending->lock);
	return is_ours;
}

/* Boottime at which it may be there; that is looked at less often where it
 * takes longer. */
static int64_t
ask(struct status_pending *pending, const struct pending_lease *wish,
    const struct moment *now)
{
	struct pending_lease *lease;
	int64_t pause = STATUS_LEASE_ASK_MS;

	(void)pthread_mutex_lock(&pending->lock);
	lease = find(pending, wish, now, 1);
	if (lease != NULL && lease->name[0] == '\0') {
		*lease = *wish;
		lease->asked = now->boottime;
		lease->number = ++pending->number;
		pending->few = 1;
		status_pending_call(pending, 1);
	} else if (lease == NULL || now->boottime - lease->asked > SOON_MS) {
		pause *= 10;
	}
	if (lease != NULL)
		lease->asked_until = now->boottime + PATIENCE_MS;
	(void)pthread_mutex_unlock(&pending->lock);
	return now->boottime + pause;
}

/* Boottime until which this process's own holders are done; -1: none. */
static int64_t
ended_at(struct status_pending *pending, const char *name,
    const struct moment *now)
{
	int64_t at = -1;

	(void)pthread_mutex_lock(&pending->lock);
	if (strcmp(pending->end.name, name) == 0 &&
	    strcmp(pending->end.at.boot_id, now->boot_id) == 0)
		at = pending->end.at.boottime;
	(void)pthread_mutex_unlock(&pending->lock);
	return at;
}

enum status_lease
status_lease_take(struct status *status,
    const struct status_lease_wish *asked, const struct moment *now,
    int64_t *until_out, struct error *error)
{
	struct pending_lease wish = { .running = asked->running,
	    .cooldown = asked->cooldown };
	enum status_lease answer;
	int64_t again;
	int rc;

	*until_out = 0;
	(void)snprintf(wish.name, sizeof(wish.name), "%s", asked->name);
	if (fetch(status->pending, &wish, now, until_out))
		return STATUS_LEASE_TAKEN;
	if (status_file_enter(status, error) == -1)
		return STATUS_LEASE_FAILED;
	answer = status_lease_row_look(status, &wish, now,
	    ended_at(status->pending, wish.name, now), until_out, &rc);
	if (answer == STATUS_LEASE_FAILED)
		(void)status_file_failed(status, rc, error);
	if (answer != STATUS_LEASE_TAKEN)
		return answer;
	again = ask(status->pending, &wish, now);
	status_write_now(status, now);
	if (fetch(status->pending, &wish, now, until_out))
		return STATUS_LEASE_TAKEN;
	*until_out = again;
	return STATUS_LEASE_ASKED;
}

int
status_lease_waits(struct status *status, const char *name,
    const struct moment *now)
{
	struct status_pending *pending = status->pending;
	const struct pending_lease *lease;
	int waits = 0;
	size_t i;

	(void)pthread_mutex_lock(&pending->lock);
	for (i = 0; i < STATUS_PENDING_LEASES; i++) {
		lease = &pending->leases[i];
		waits |= strcmp(lease->name, name) == 0 && !lease->is_taken &&
		    lease->asked_until >= now->boottime;
	}
	(void)pthread_mutex_unlock(&pending->lock);
	return waits;
}

static void
end(struct status *status, const char *name, int is_void,
    const struct moment *now)
{
	struct status_pending *pending = status->pending;

	(void)pthread_mutex_lock(&pending->lock);
	(void)snprintf(pending->end.name, sizeof(pending->end.name), "%s",
	    name);
	pending->end.at = *now;
	pending->end.is_void = is_void;
	pending->end.number = ++pending->number;
	pending->few = 1;
	status_pending_call(pending, 1);
	(void)pthread_mutex_unlock(&pending->lock);
	status_write_now(status, now);
}

void
status_lease_end(struct status *status, const char *name,
    const struct moment *now)
{
	end(status, name, 0, now);
}

void
status_lease_give(struct status *status, const char *name,
    const struct moment *now)
{
	end(status, name, 1, now);
}
