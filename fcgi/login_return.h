#ifndef LOGIN_RETURN_H_
#define LOGIN_RETURN_H_

#include <stdint.h>

#include "fcgi/reply.h"

/*
 * The answer at login_return; `now` is wall time.
 * GET and HEAD: 303 to the path that `state` (of QUERY_STRING) holds if it is
 * one local path, else to "/"; with the marker of the attempt that `state`
 * ends in, none if it ends in no such thing.
 * `error` in the query: a page that says that Authgear refused.
 * Another method: 405.
 * Threads: no state; any thread.
 */
void login_return_reply(struct reply *reply, char *const *params,
    int64_t now);

#endif /* !LOGIN_RETURN_H_ */
