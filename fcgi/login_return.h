#ifndef LOGIN_RETURN_H_
#define LOGIN_RETURN_H_

#include <stdint.h>

#include "fcgi/reply.h"

/*
 * The answer at login_return: 303 to the path that `state` (of QUERY_STRING)
 * holds if it is one local path, else to "/"; with the marker of the attempt
 * that `state` ends in, none if it ends in no such thing.  `error` in the
 * query: a page that says that Authgear refused.  Another method than GET and
 * HEAD: 405.  `now` is wall time.  Pure.
 */
void login_return_reply(struct reply *reply, char *const *params,
    int64_t now);

#endif /* !LOGIN_RETURN_H_ */
