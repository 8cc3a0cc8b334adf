#include "config.h"

#include "gate/gate_epoch.h"

#include <stdlib.h>
#include <string.h>

#include "gate/gate_private.h"
#include "gate/gate_shared.h"
#include "state/status_keys.h"

/* The wall clock has whole seconds, and is slewed by half a millisecond in
 * each at most. */
#define SET_MS 2000

struct gate_epoch {
	struct trust *trust;
	struct status *status;
	uint64_t readings;	/* of trust.db, at the last look */
	struct status_keys keys; /* that were known then */
	int are_keys_new;	/* they were others than before */
	int64_t offset;		/* of the wall clock, when it was set last */
	int is_begun;		/* the last look saw something */
};

struct gate_epoch *
gate_epoch_new(const struct settings *settings, struct gate_shared *shared,
    struct error *error)
{
	struct gate_epoch *epoch = calloc(1, sizeof(*epoch));

	if (epoch == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	epoch->trust = trust_open_shared(settings->state, settings->endpoint,
	    shared->trust, error);
	if (epoch->trust != NULL)
		epoch->status = gate_shared_open(shared, settings, error);
	if (epoch->status != NULL) {
		trust_use_status(epoch->trust, epoch->status);
		return epoch;
	}
	gate_epoch_free(epoch);
	return NULL;
}

void
gate_epoch_free(struct gate_epoch *epoch)
{
	if (epoch == NULL)
		return;
	trust_free(epoch->trust);
	status_free(epoch->status);
	status_keys_clear(&epoch->keys);
	free(epoch);
}

static int
is_same_set(const struct status_keys *a, const struct status_keys *b)
{
	if (a->jwks == NULL || b->jwks == NULL)
		return a->jwks == b->jwks;
	return a->jwks_len == b->jwks_len &&
	    memcmp(a->jwks, b->jwks, a->jwks_len) == 0;
}

/* 1 if the stored set is another one; and once more: what another process
 * stored, a thread that verifies sees a moment later (keys.c). */
static int
has_other_keys(struct gate_epoch *epoch)
{
	struct status_keys keys = { NULL };
	const int were_new = epoch->are_keys_new;

	epoch->are_keys_new = 0;
	if (status_load_keys(epoch->status, &keys, NULL) == -1)
		return were_new;
	epoch->are_keys_new = !is_same_set(&keys, &epoch->keys);
	status_keys_clear(&epoch->keys);
	epoch->keys = keys;
	return epoch->are_keys_new || were_new;
}

/* 1 if somebody set the wall clock. */
static int
has_other_time(struct gate_epoch *epoch, const struct moment *now)
{
	const int64_t offset = now->wall * 1000 - now->boottime;

	if (offset - epoch->offset <= SET_MS &&
	    epoch->offset - offset <= SET_MS)
		return 0;
	epoch->offset = offset;
	return 1;
}

enum gate_epoch_sight
gate_epoch_look(struct gate_epoch *epoch, const struct moment *now)
{
	int is_other = !epoch->is_begun;

	epoch->is_begun = 0;
	if (trust_check(epoch->trust, now, NULL) == -1)
		return GATE_EPOCH_BLIND;
	epoch->is_begun = 1;
	is_other |= trust_readings(epoch->trust) != epoch->readings;
	epoch->readings = trust_readings(epoch->trust);
	is_other |= has_other_keys(epoch);
	is_other |= has_other_time(epoch, now);
	return is_other ? GATE_EPOCH_OTHER : GATE_EPOCH_SAME;
}
