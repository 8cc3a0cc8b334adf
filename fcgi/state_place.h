#ifndef STATE_PLACE_H_
#define STATE_PLACE_H_

#include "ground/error.h"

/*
 * Why a state that is there all the same cannot be used: a service sees a
 * file system of its own, of which systemd's unit lets it write little.
 * If `error` is about `state` and that is the cause, it is said in its place,
 * with what helps; otherwise `error` stays as it is.
 * Threads: no state; any thread.
 */
void state_place_explain(const char *state, struct error *error);

#endif /* !STATE_PLACE_H_ */
