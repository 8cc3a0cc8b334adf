#ifndef FETCHER_H_
#define FETCHER_H_

#include "fcgi/log.h"
#include "fcgi/parked.h"
#include "gate/gate_shared.h"
#include "settings/settings.h"

/*
 * The one thread that waits for the network: it owns the HTTP transport,
 * performs the exchanges of parked tasks, resumes them with a gate of its
 * own until they are done, and fetches the keys when they are due.  How many
 * may be parked is the connection layer's to say (server_request_may_park()).
 * Threads: one makes and frees it; the rest is for all.
 */

struct fetcher;

/*
 * Begins with a fetch of the keys, which nobody waits for, and opens the state.
 * Settings, shared and log are borrowed.  The thread takes over the caller's
 * signal mask.
 * NULL and error: it cannot.
 */
struct fetcher *fetcher_new(const struct settings *settings,
    struct gate_shared *shared, struct log *log, struct error *error);

/* Stops and joins the thread, frees what it still has.  After server_run(),
 * when nobody parks or waits any more. */
void fetcher_free(struct fetcher *fetcher);

/*
 * Hand over a task whose last step was GATE_EXCHANGE or GATE_WAIT.  When it is
 * GATE_DONE the request is woken (from within the fetcher's lock) and `parked`
 * is the caller's again; without a request `parked` is freed.
 */
void fetcher_park(struct fetcher *fetcher, struct parked *parked);

/* The request of `parked` will be gone: never woken again.  1: the fetcher
 * still has it and frees it; 0: it is the caller's. */
int fetcher_forget(struct fetcher *fetcher, struct parked *parked);

#endif /* !FETCHER_H_ */
