#ifndef GATE_SHARED_H_
#define GATE_SHARED_H_

#include "ground/error.h"
#include "settings/settings.h"

struct gate_shared;
struct shares;
struct status;

/* What the gates of a process share: the lookups under way, the sessions in
 * use, what is not written yet.  May be used by all threads.  Borrows
 * settings; NULL: memory. */
struct gate_shared *gate_shared_new(const struct settings *settings);
void gate_shared_free(struct gate_shared *shared);

/* What each asker holds: for a face too, of its seats. */
struct shares *gate_shared_shares(struct gate_shared *shared);

/* status.db of these settings, with what the process has not written yet; for
 * one thread.  NULL and error. */
struct status *gate_shared_open(struct gate_shared *shared,
    const struct settings *settings, struct error *error);

#endif /* !GATE_SHARED_H_ */
