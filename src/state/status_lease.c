/* Who of the processes may fetch. */
#include "config.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "state/status_file.h"
#include "state/status_pending.h"
#include "state/status_write.h"

/* The thread that takes it and the one that ends it read the clock apart; no
 * other is taken so soon after. */
#define CROSSING_MS 1000

#define SOON_MS 200		/* in which a file that takes writes took it */
#define PATIENCE_MS 1000	/* who still wants it asks more often */

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

/* May it be taken, as far as the row says?  FAILED with *rc_out if unread;
 * `ended`: the holder until then is done, whatever the row says. */
static enum status_lease
look(struct status *status, const struct pending_lease *lease,
    const struct moment *now, int64_t ended, int64_t *until_out, int *rc_out)
{
	static const char sql[] = "SELECT taken, running_until FROM lease "
	    "WHERE endpoint = ?1 AND name = ?2 AND boot_id = ?3";
	enum status_lease answer = STATUS_LEASE_TAKEN;
	struct sqlite3_stmt *statement;
	int64_t taken, running_until;
	int rc;

	rc = status_file_prepare(status, STATUS_LEASE_LOAD, sql);
	statement = status->statements[STATUS_LEASE_LOAD];
	if (rc == SQLITE_OK)
		rc = bind(statement, status, lease->name, now);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc != SQLITE_ROW)
		goto done;
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
status_lease_take(struct status *status, const char *name,
    const struct moment *now, int64_t running, int64_t cooldown,
    int64_t *until_out, struct error *error)
{
	struct pending_lease wish = { .running = running,
	    .cooldown = cooldown };
	enum status_lease answer;
	int64_t again;
	int rc;

	*until_out = 0;
	(void)snprintf(wish.name, sizeof(wish.name), "%s", name);
	if (fetch(status->pending, &wish, now, until_out))
		return STATUS_LEASE_TAKEN;
	if (status_file_enter(status, error) == -1)
		return STATUS_LEASE_FAILED;
	answer = look(status, &wish, now, ended_at(status->pending, wish.name,
	    now), until_out, &rc);
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

void
status_lease_end(struct status *status, const char *name,
    const struct moment *now)
{
	struct status_pending *pending = status->pending;

	(void)pthread_mutex_lock(&pending->lock);
	(void)snprintf(pending->end.name, sizeof(pending->end.name), "%s",
	    name);
	pending->end.at = *now;
	pending->end.number = ++pending->number;
	pending->few = 1;
	status_pending_call(pending, 1);
	(void)pthread_mutex_unlock(&pending->lock);
	status_write_now(status, now);
}

/* One that nobody holds: ours from now on. */
static int
take(struct status *status, struct pending_lease *lease,
    const struct moment *now)
{
	static const char sql[] = "INSERT OR REPLACE INTO lease (endpoint, "
	    "name, boot_id, taken, running_until) "
	    "VALUES (?1, ?2, ?3, ?4, ?5)";
	struct sqlite3_stmt *statement = NULL;
	int64_t until;
	int rc;

	switch (look(status, lease, now, -1, &until, &rc)) {
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
	lease->until = now->boottime + lease->running;
	rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = bind(statement, status, lease->name, now);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 4, now->boottime);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 5, lease->until);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
end(struct status *status, const struct pending_end *end)
{
	static const char sql[] = "UPDATE lease SET running_until = 0 "
	    "WHERE endpoint = ?1 AND name = ?2 AND boot_id = ?3 "
	    "AND taken <= ?4";
	struct sqlite3_stmt *statement = NULL;
	int rc;

	rc = sqlite3_prepare_v2(status->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = bind(statement, status, end->name, &end->at);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 4, end->at.boottime +
		    CROSSING_MS);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	(void)sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
status_leases_write(struct status *status, const struct moment *now,
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
status_leases_wrote(struct status *status, const struct status_leases *leases)
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
