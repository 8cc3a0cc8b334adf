#ifndef FCGI_SERVER_UID_H_
#define FCGI_SERVER_UID_H_

#include "fcgi/layer/server_private.h"

/*
 * One peer uid must not take every place where `ask` is served: it gets half
 * of max_connections.
 * Threads: any, under the lock of the server.
 */

/* 0, or -1: it has its half. */
int server_uid_enter(struct server *server, struct server_request *slot);
void server_uid_leave(struct server *server, struct server_request *slot);

#endif /* !FCGI_SERVER_UID_H_ */
