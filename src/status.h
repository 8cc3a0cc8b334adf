#ifndef STATUS_H_
#define STATUS_H_

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "moment.h"

/*
 * status.db: what Authgear last said (metadata, keys; later sessions) and
 * the leases by which the processes of one uid share the asking.  Written by
 * that uid.  Everything in it can be fetched again: a corrupt file is set
 * aside (status.db.corrupt-N, the newest only) and begun anew.
 */

struct status;

/* One complete fetch of metadata and key set. */
struct status_keys {
	char *jwks_uri;
	char *authorization_endpoint;	/* NULL if not told */
	char *jwks;			/* text of the set, as received */
	size_t jwks_len;
	struct moment started;		/* when the fetch began */
};
void status_keys_clear(struct status_keys *keys);

/* `path` of status.db, for this endpoint only: rows of another are never
 * seen.  The file is made if absent; its directory must be the caller's and
 * writable by nobody else.  NULL and error. */
struct status *status_open(const char *path, const char *endpoint,
    struct error *error);
void status_free(struct status *status);

/* 1 if another connection changed the file since the last call (or the file
 * was replaced and is now reopened), 0 if not, -1 and error. */
int status_changed(struct status *status, struct error *error);

/* The stored set: 1 and keys, 0 if there is none, -1 and error. */
int status_keys_load(struct status *status, struct status_keys *keys,
    struct error *error);

/* Replace the set, in one transaction, unless the stored one was begun later
 * on this boot, as far as its stamp is credible (moment.h).  0, or -1 and error. */
int status_keys_store(struct status *status, const struct status_keys *keys,
    struct error *error);

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
	STATUS_LEASE_COOLING		/* not before *until */
};

/* `running` milliseconds is how long the holder may take at most;
 * *until_out is boottime; for TAKEN it is now + running. */
enum status_lease status_lease_take(struct status *status, const char *name,
    const struct moment *now, int64_t running, int64_t cooldown,
    int64_t *until_out, struct error *error);

/* The holder is done (well or not): no longer running, still cooling. */
int status_lease_end(struct status *status, const char *name,
    const struct moment *now, struct error *error);

#endif /* !STATUS_H_ */
