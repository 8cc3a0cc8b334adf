#ifndef GATE_EPOCH_H_
#define GATE_EPOCH_H_

#include "ground/error.h"
#include "ground/moment.h"
#include "settings/settings.h"

/*
 * Whether what was answered until now may still be given again by who kept it
 * (gate_keep.h), beside what root's page tells: looked at by a daemon that may
 * not have been asked for a long time.  Threads: one at a time.
 */

struct gate_epoch;
struct gate_shared;

/* Opens the state; borrows both.  NULL and error. */
struct gate_epoch *gate_epoch_new(const struct settings *settings,
    struct gate_shared *shared, struct error *error);
void gate_epoch_free(struct gate_epoch *epoch);

enum gate_epoch_sight {
	GATE_EPOCH_BLIND = 0,	/* trust.db cannot be read or believed: nothing
				   may be kept */
	GATE_EPOCH_OTHER,	/* not that: the first look, or since the last
				   one trust.db was written, replaced or not
				   readable, the key set is another, or the
				   wall clock was set */
	GATE_EPOCH_SAME
};

/* Once a second.  A status.db that cannot be read changes nothing: the keys
 * that serve are those from before. */
enum gate_epoch_sight gate_epoch_look(struct gate_epoch *epoch,
    const struct moment *now);

#endif /* !GATE_EPOCH_H_ */
