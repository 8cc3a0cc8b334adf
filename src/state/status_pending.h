#ifndef STATUS_PENDING_H_
#define STATUS_PENDING_H_

#include <sys/queue.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "state/status.h"
#include "state/status_change.h"

/*
 * What a process has not written to status.db yet.  Shared by status*.c
 * alone; all under the lock, but for what is atomic.
 *
 * Rows by key: at most STATUS_PENDING_MAX changes and STATUS_PENDING_BYTES.
 * Where one has no place, one of its set gives way or itself, what ends a
 * session last and the oldest first: rows of that set whose lookup began no
 * later count for nothing from then on, since one of them is known to be
 * wrong.  So bounded memory costs lookups, never a yes.
 */

#define STATUS_PENDING_WAYS 8
#define STATUS_PENDING_SETS 2048
#define STATUS_PENDING_MAX (STATUS_PENDING_WAYS * STATUS_PENDING_SETS)
#define STATUS_PENDING_BYTES (16 * 1024 * 1024)
#define STATUS_PENDING_LEASES 4

struct pending_entry {
	TAILQ_ENTRY(pending_entry) link;
	struct status_change change;
	size_t bytes;
	int is_urgent;		/* which list it is in */
};
TAILQ_HEAD(pending_list, pending_entry);

struct pending_set {
	_Atomic int64_t void_at;	/* boottime; -1: nothing was lost */
	_Atomic int64_t told_at;	/* boottime of the last end or doubt that
					   is in the file now; -1: none is */
	struct pending_entry *entries[STATUS_PENDING_WAYS];
};

/* A lease that somebody asked for, or got and nobody fetched yet. */
struct pending_lease {
	char name[16];		/* "": free */
	int is_taken;
	int64_t running;	/* milliseconds, as all below */
	int64_t cooldown;
	int64_t asked;		/* boottime: the first time */
	int64_t asked_until;	/* boottime: who asked waits no longer */
	int64_t until;		/* boottime, once it is taken */
	uint64_t number;
};

/* "The holder is done", not written yet. */
struct pending_end {
	char name[16];		/* "": none */
	struct moment at;
	uint64_t number;
};

struct pending_backoff {
	int is_there;		/* it waits to be written */
	int failures;		/* 0: over */
	int64_t until;
	char boot_id[MOMENT_BOOT_ID_SIZE];
	uint64_t number;
};

/* The leases as one transaction finds and leaves them. */
struct status_leases {
	struct pending_lease leases[STATUS_PENDING_LEASES];
	uint64_t numbers[STATUS_PENDING_LEASES];
	struct pending_end end;
};

struct status_pending {
	pthread_mutex_t lock;
	/* NULL: who puts it here writes it */
	void (*_Atomic wake)(void *context, int is_urgent);
	void *context;
	uint64_t number;		/* of the last change of anything */
	_Atomic size_t count;		/* of rows */
	size_t bytes;
	struct pending_list urgent, others;
	struct pending_set sets[STATUS_PENDING_SETS];
	_Atomic uint64_t keys_number;	/* changes when keys do; 0: never */
	int has_keys;
	struct status_keys keys;
	struct pending_lease leases[STATUS_PENDING_LEASES];
	struct pending_end end;
	struct pending_backoff backoff;
	_Atomic int few;		/* something but rows waits */
};

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

/*
 * The rest, in a transaction of the caller's: answers are results of SQLite.
 * What was written leaves what waits by the second of each.
 */
int status_keys_write(struct status *status, uint64_t *number_out);
void status_keys_wrote(struct status *status, uint64_t number);
int status_leases_write(struct status *status, const struct moment *now,
    struct status_leases *leases);
void status_leases_wrote(struct status *status,
    const struct status_leases *leases);
int status_backoff_write(struct status *status, uint64_t *number_out);
void status_backoff_wrote(struct status *status, uint64_t number);

#endif /* !STATUS_PENDING_H_ */
