#ifndef STATUS_PENDING_H_
#define STATUS_PENDING_H_

#include <stddef.h>
#include <stdint.h>

struct status_change;

/*
 * What a process has not written to status.db yet, shared by all that it has
 * opened.
 *
 * Rows by key: at most STATUS_PENDING_MAX changes and STATUS_PENDING_BYTES
 * (status_waiting.h).  Where one has no place, one of its set gives way or
 * itself, what ends a session last and the oldest first: rows of that set
 * whose lookup began no later count for nothing from then on, since one of
 * them is known to be wrong.  So bounded memory costs lookups, never a yes.
 * Memory that ends does not keep what ends a session from being told to others
 * (STATUS_PENDING_SPARE of them).
 *
 * Threads: all of a process, at once.
 */

struct status_pending;

/* NULL: out of memory. */
struct status_pending *status_pending_new(void);
void status_pending_free(struct status_pending *pending);

/*
 * In a daemon one thread writes (status_write()), and this names what wakes it:
 * called from any thread, under the lock (is_urgent: not to be gathered with
 * more of its kind).  NULL: nobody, so whoever puts something here tries to
 * write it himself.
 */
void status_pending_serve(struct status_pending *pending,
    void (*wake)(void *context, int is_urgent), void *context);

/* How many rows wait. */
size_t status_pending_count(const struct status_pending *pending);

/* What follows: for status*.c alone. */

/* A change, copied.  Under no lock. */
void status_pending_put(struct status_pending *pending,
    const struct status_change *change);

/* The change that waits: 1 and a copy, 0 if none, -1: memory. */
int status_pending_find(struct status_pending *pending, const char *key,
    struct status_change *out);

/* Copies of at most `max` changes, what ends a session first.  They stay until
 * status_pending_wrote() says that they are in the file; one that was changed
 * meanwhile stays longer.  0, or -1: memory for none of them. */
int status_pending_take(struct status_pending *pending,
    struct status_change *out, size_t max, size_t *count_out);
void status_pending_wrote(struct status_pending *pending,
    const struct status_change *changes, size_t count);

/* This one can never be written: as if it had no place. */
void status_pending_drop(struct status_pending *pending,
    const struct status_change *change);

int64_t status_pending_void_at(const struct status_pending *pending,
    const char *key);

/* Where the file cannot be read: boottime until which what waits of this key
 * counts for nothing, since the file may know of an end; -1: none. */
int64_t status_pending_told_at(const struct status_pending *pending,
    const char *key);

/* Somebody must write; under the lock. */
void status_pending_call(struct status_pending *pending, int is_urgent);

#endif /* !STATUS_PENDING_H_ */
