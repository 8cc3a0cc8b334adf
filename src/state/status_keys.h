#ifndef STATUS_KEYS_H_
#define STATUS_KEYS_H_

#include <stddef.h>
#include <stdint.h>

#include "ground/error.h"
#include "ground/moment.h"

struct status;
struct status_pending;

/*
 * One complete fetch of metadata and key set.  It owns what it points to:
 * whoever has the struct clears it.
 *
 * Threads: one at a time.
 */
struct status_keys {
	char *jwks_uri;
	char *authorization_endpoint;	/* NULL if not told */
	char *jwks;			/* text of the set, as received */
	size_t jwks_len;
	struct moment started;		/* when the fetch began */
};
void status_keys_clear(struct status_keys *keys);

/* What follows: for status*.c alone. */

/* 0, or -1 (memory) and *to empty. */
int status_keys_copy(struct status_keys *to, const struct status_keys *from);

/* Does a set begun then give way to this one? */
int status_keys_replaces(const struct status_keys *keys,
    const struct status_keys *old);

/* What waits: 1 and a copy, 0, or -1: memory. */
int status_keys_waiting(struct status_pending *pending,
    struct status_keys *keys, uint64_t *number_out);

/* What lies in the file: 1 and it, 0, or -1 and error. */
int status_keys_read(struct status *status, struct status_keys *keys,
    struct error *error);

/* What waits, in a transaction of the caller's: a result of SQLite.  Once that
 * is in the file, it waits no longer by wrote(). */
int status_keys_write(struct status *status, const struct moment *now,
    uint64_t *number_out);
void status_keys_wrote(struct status *status, uint64_t number);

#endif /* !STATUS_KEYS_H_ */
