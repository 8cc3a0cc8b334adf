#ifndef BARE_GATE_H_
#define BARE_GATE_H_

#include "fcgi/layer/server.h"

/* A program that is the connection layer and nothing else but how it answers:
 * for tests and benches. */
struct bare_gate {
	const char *name;	/* of the program */
	enum server_step (*serve)(void *, struct server_request *);
	enum server_step (*resume)(void *, struct server_request *);
	unsigned int drain_msecs;	/* 0: as usual */
};

/*
 * Serve until SIGTERM or SIGINT: [--threads N] [--max-connections N]
 * [--request-msecs N] --listen ADDRESS...  The exit status.
 */
int bare_gate_run(const struct bare_gate *gate, int argc, char **argv);

#endif /* !BARE_GATE_H_ */
