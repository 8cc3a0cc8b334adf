#ifndef STATUS_WAITING_H_
#define STATUS_WAITING_H_

#include <sys/queue.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "state/status_backoff.h"
#include "state/status_change.h"
#include "state/status_keys.h"

/* What a struct status_pending is made of.  Shared by status*.c alone; all of
 * it under its lock, but for what is atomic. */

#define STATUS_PENDING_WAYS 8
#define STATUS_PENDING_SETS 2048
#define STATUS_PENDING_MAX (STATUS_PENDING_WAYS * STATUS_PENDING_SETS)
#define STATUS_PENDING_BYTES (16 * 1024 * 1024)
#define STATUS_PENDING_LEASES 4
#define STATUS_PENDING_SPARE 64

struct pending_entry {
	TAILQ_ENTRY(pending_entry) link;
	struct status_change change;
	size_t bytes;
	int is_urgent;		/* which list it is in */
};
TAILQ_HEAD(pending_list, pending_entry);

struct pending_set {
	_Atomic int64_t void_at;	/* boottime; -1: nothing was lost */
	_Atomic int64_t told_at;	/* boottime of the last end or doubt
					   that is in the file now; -1: none */
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
	int is_void;		/* as if it had not been taken */
};

struct pending_backoff {
	int is_there;		/* it waits to be written */
	struct status_backoff last; /* failures 0: over */
	int was_over;		/* what the file has is of before that */
	char boot_id[MOMENT_BOOT_ID_SIZE];
	uint64_t number;
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
	/* for what ends a session while there is no memory */
	struct pending_entry *spare[STATUS_PENDING_SPARE];
	size_t spare_count;
	struct pending_set sets[STATUS_PENDING_SETS];
	_Atomic uint64_t keys_number;	/* changes when keys do; 0: never */
	int has_keys;
	struct status_keys keys;
	struct pending_lease leases[STATUS_PENDING_LEASES];
	struct pending_end end;
	struct pending_backoff backoff;
	_Atomic int few;		/* something but rows waits */
};

#endif /* !STATUS_WAITING_H_ */
