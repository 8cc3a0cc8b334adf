#ifndef GATE_OPEN_H_
#define GATE_OPEN_H_

#include "ground/error.h"
#include "settings/settings.h"

struct gate;
struct gate_shared;
struct status;
struct status_pending;

/* What the gates of a process share: the lookups under way, the sessions in
 * use, what is not written yet.  Threads: all may use it together.  Borrows
 * settings; NULL: memory. */
struct gate_shared *gate_shared_new(const struct settings *settings);
void gate_shared_free(struct gate_shared *shared);

/* Opens trust.db and status.db.  Threads: one gate for each (it owns its
 * database connections and its parsed key set), never across a fork.  Borrows
 * settings and shared (NULL: it makes one of its own).  NULL and error. */
struct gate *gate_new(const struct settings *settings,
    struct gate_shared *shared, struct error *error);
void gate_free(struct gate *gate);

/* status.db of these settings, for the threads of gate_upkeep.h and
 * gate_writer.h.  Borrows pending.  NULL and error. */
struct status *gate_open_status(const struct settings *settings,
    struct status_pending *pending, struct error *error);

#endif /* !GATE_OPEN_H_ */
