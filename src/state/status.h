#ifndef STATUS_H_
#define STATUS_H_

#include <stddef.h>
#include <stdint.h>

#include "ground/error.h"
#include "ground/moment.h"

/*
 * status.db: what Authgear last said (metadata, keys, sessions) and the
 * leases by which the processes of one uid share the asking.  Written by
 * that uid, for one endpoint.  Everything in it can be fetched again: a file
 * that is damaged or of another endpoint is set aside (status.db.corrupt-N,
 * the newest only) and begun anew.
 *
 * What is put here counts for the whole process at once and is written
 * behind: nobody who decides waits for the file to take it.
 */

struct status;

/*
 * What a process has not written yet, shared by all that it has opened; may
 * be used by all its threads.  NULL: out of memory.  In a daemon one thread
 * writes (status_write()): status_pending_serve() names what wakes it, which
 * is called from any thread, under a lock (is_urgent: not to be gathered with
 * more of its kind); until then whoever puts something there tries to write
 * it himself.
 */
struct status_pending;
struct status_pending *status_pending_new(void);
void status_pending_free(struct status_pending *pending);
void status_pending_serve(struct status_pending *pending,
    void (*wake)(void *context, int is_urgent), void *context);
/* How many rows wait. */
size_t status_pending_count(const struct status_pending *pending);

/* One complete fetch of metadata and key set. */
struct status_keys {
	char *jwks_uri;
	char *authorization_endpoint;	/* NULL if not told */
	char *jwks;			/* text of the set, as received */
	size_t jwks_len;
	struct moment started;		/* when the fetch began */
};
void status_keys_clear(struct status_keys *keys);

/* `path` of status.db, for this endpoint only.  The file is made if absent;
 * its directory must be the caller's and writable by nobody else.  `pending`
 * is borrowed; NULL: one of its own.  NULL and error. */
struct status *status_open(const char *path, const char *endpoint,
    struct status_pending *pending, struct error *error);
void status_free(struct status *status);

/* Why the last call failed: 1 if another process holds the file, so that it
 * may be read or written soon; 0: anything else. */
int status_is_busy(const struct status *status);

/* 1 if the stored keys may be others than at the last call (another
 * connection changed the file, or it was replaced and is now reopened), 0 if
 * not, -1 and error. */
int status_changed(struct status *status, struct error *error);

/* The stored set: 1 and keys, 0 if there is none, -1 and error. */
int status_keys_load(struct status *status, struct status_keys *keys,
    struct error *error);

/* Replace the set, unless the stored one was begun later on this boot, as far
 * as its stamp is credible (moment.h).  0, or -1 and error: memory. */
int status_keys_store(struct status *status, const struct status_keys *keys,
    const struct moment *now, struct error *error);

/*
 * A lease: at most one holder at a time, and at most one taking in each
 * `cooldown` of milliseconds from the start of the last taking, however many
 * processes.  A lease of another boot counts as never taken, and so does one
 * whose time is not credible (moment.h).
 */
enum status_lease {
	STATUS_LEASE_FAILED = 0,	/* state unreadable or busy */
	STATUS_LEASE_TAKEN,		/* ours: go */
	STATUS_LEASE_RUNNING,		/* another holder is at it until *until */
	STATUS_LEASE_COOLING,		/* not before *until */
	STATUS_LEASE_ASKED		/* it waits to be written: ask again at
					   *until */
};
#define STATUS_LEASE_ASK_MS 10

/* `running` milliseconds is how long the holder may take at most;
 * *until_out is boottime; for TAKEN it is when that is over. */
enum status_lease status_lease_take(struct status *status, const char *name,
    const struct moment *now, int64_t running, int64_t cooldown,
    int64_t *until_out, struct error *error);

/* 1 if somebody asks for it and the file takes no write. */
int status_lease_waits(struct status *status, const char *name,
    const struct moment *now);

/* The holder is done (well or not): no longer running, still cooling. */
void status_lease_end(struct status *status, const char *name,
    const struct moment *now);

#endif /* !STATUS_H_ */
