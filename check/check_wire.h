#ifndef CHECK_CHECK_WIRE_H_
#define CHECK_CHECK_WIRE_H_

#include "fcgi/reply.h"
#include "ground/error.h"

/*
 * The one question and its answer, on a socket.
 * Threads: one.
 */

#define CHECK_WIRE_PARAMS 16

struct check_wire {
	char *params[CHECK_WIRE_PARAMS + 1];	/* "NAME=value", then NULL */
	char *text;				/* theirs; holds a credential */
	size_t len;
};

/* 0, or -1 and error: no socket, no whole question of an authorizer, one that
 * strings could not tell, too many parameters. */
int check_wire_read(struct check_wire *wire, int fd, struct error *error);
void check_wire_clear(struct check_wire *wire);

/* 0, or -1: nobody reads it. */
int check_wire_answer(int fd, const struct reply *reply);

#endif /* !CHECK_CHECK_WIRE_H_ */
