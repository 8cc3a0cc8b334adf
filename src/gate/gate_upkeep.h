#ifndef GATE_UPKEEP_H_
#define GATE_UPKEEP_H_

#include "ground/error.h"
#include "ground/notices.h"
#include "settings/settings.h"

/*
 * What no request may wait for, on two threads of a daemon's own.
 *
 * Threads: each function says whose it is; `wake` is called from any, when
 *   there is something for the first.
 * From gate_upkeep_new() on nobody else does it, until gate_upkeep_free().
 * Opens status.db; borrows settings and shared.  NULL and error.
 */

struct gate_shared;
struct gate_upkeep;
struct gate_upkeep *gate_upkeep_new(const struct settings *settings,
    struct gate_shared *shared, void (*wake)(void *context), void *context,
    struct error *error);
void gate_upkeep_free(struct gate_upkeep *upkeep);

/* The first thread, at each wake and once a second: writes down how far
 * trust.db was seen; and what is to be logged: 1 and it, 0 if there is none. */
void gate_upkeep_write(struct gate_upkeep *upkeep);
int gate_upkeep_notice(struct gate_upkeep *upkeep,
    enum notice_level *level_out, struct error *text_out);

/* The second thread: the whole of what is new in the state, once a second
 * (`stop` as in database_check_whole()); what a directory service knows, once
 * in ten seconds. */
void gate_upkeep_check(struct gate_upkeep *upkeep,
    int (*stop)(void *context), void *context);
void gate_upkeep_look_up(struct gate_upkeep *upkeep);

#endif /* !GATE_UPKEEP_H_ */
