#ifndef SERVICE_H_
#define SERVICE_H_

#include "fcgi/epoch_shown.h"
#include "fcgi/fetcher.h"
#include "fcgi/layer/server.h"
#include "web/login_attempts.h"

/*
 * What authgear-fcgi serves on its connection layer: one gate for each
 * thread; tasks that need the network are parked with the fetcher.
 * Threads: shared by those of the server, which change nothing of it.
 */
struct service {
	const struct settings *settings;
	struct gate_shared *shared;	/* by all gates */
	struct log *log;
	struct fetcher *fetcher;
	int seats;		/* where requests wait */
	struct login_attempts *attempts;	/* of browsers that log in */
	struct epoch_shown shown;	/* by what grants may be kept */
};

/* The handler for server_new(); borrows the service. */
void service_handler(struct service *service, struct server_handler *handler);

#endif /* !SERVICE_H_ */
