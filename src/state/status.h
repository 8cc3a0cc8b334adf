#ifndef STATUS_H_
#define STATUS_H_

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
 *
 * Threads: one at a time; each thread opens its own, over one
 * status_pending.
 */

struct status;
struct status_keys;
struct status_pending;

/* `path` of status.db, for this endpoint only.  The file is made if absent;
 * its directory must be the caller's and writable by nobody else.  `pending`
 * is borrowed; NULL: one of its own.  NULL and error. */
struct status *status_open(const char *path, const char *endpoint,
    struct status_pending *pending, struct error *error);
void status_free(struct status *status);

/* The same, opened by the first call that needs it, which fails if it cannot
 * be.  NULL: memory. */
struct status *status_new(const char *path, const char *endpoint,
    struct status_pending *pending);

/* Why the last call failed: 1 if another process holds the file, so that it
 * may be read or written soon; 0: anything else. */
int status_is_busy(const struct status *status);

/* The same: 1 if memory ended while the file was read or written. */
int status_is_starved(const struct status *status);

/* 1 if the stored keys may be others than at the last call (another
 * connection changed the file, or it was replaced and is now reopened), 0 if
 * not, -1 and error. */
int status_changed(struct status *status, struct error *error);

/* The stored set: 1 and keys, which the caller clears; 0 if there is none, -1
 * and error (*keys is empty). */
int status_load_keys(struct status *status, struct status_keys *keys,
    struct error *error);

/* Another number once this process has stored a set. */
uint64_t status_number_of_keys(const struct status *status);

/* Replace the set, unless the stored one was begun later on this boot, as far
 * as its stamp is credible (moment.h).  `keys` stays the caller's.  0, or -1
 * and error: memory. */
int status_store_keys(struct status *status, const struct status_keys *keys,
    const struct moment *now, struct error *error);

#endif /* !STATUS_H_ */
