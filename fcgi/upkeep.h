#ifndef UPKEEP_H_
#define UPKEEP_H_

#include "fcgi/epoch_shown.h"
#include "fcgi/log.h"
#include "gate/gate_upkeep.h"
#include "ground/error.h"

/*
 * Two threads for what no request may wait for: one writes down how far
 * trust.db was seen, logs what the floors below want known, and looks whether
 * answers may be kept (`epoch`, the directory of epoch_watch.h, which has them
 * shown; NULL: nobody keeps any); the other, with less of the processor than
 * requests get, checks the whole of the state and asks the directory service.
 * Threads: one makes and frees it.
 */

struct upkeep;

/* Borrows all; NULL and error. */
struct upkeep *upkeep_new(const struct settings *settings,
    struct gate_shared *shared, const char *epoch, struct epoch_shown *shown,
    struct log *log, struct error *error);

/* 0, or -1: a directory service does not answer, so that a thread is left
 * which still has all that was borrowed: it must stay until the process
 * ends. */
int upkeep_free(struct upkeep *upkeep);

#endif /* !UPKEEP_H_ */
