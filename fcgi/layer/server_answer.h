#ifndef FCGI_SERVER_ANSWER_H_
#define FCGI_SERVER_ANSWER_H_

#include "fcgi/layer/server_private.h"

/*
 * Write the reply, or the canned 500 where there is none.  0: the connection
 * may be kept; -1: it must be closed.
 * Threads: the owner of the slot.
 */
int server_answer(struct server_request *slot);

#endif /* !FCGI_SERVER_ANSWER_H_ */
