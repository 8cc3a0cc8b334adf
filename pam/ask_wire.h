#ifndef PAM_ASK_WIRE_H_
#define PAM_ASK_WIRE_H_

#include <stdint.h>

#include "face/answer.h"
#include "pam/pam_options.h"

/*
 * One question and its answer as bytes, on whatever socket, until a moment.
 * No thread, no signal, no environment; the bytes of the credential are wiped.
 * Threads: no state; any thread of the host.
 */

enum ask_result {
	ASK_NO_MEMORY = 0,
	ASK_NO_LISTENER,	/* nothing there, or it refused */
	ASK_FOREIGN,		/* somebody else listens: never asked */
	ASK_CLOSED,		/* before the first byte of an answer */
	ASK_BROKEN,		/* closed early, or no whole answer */
	ASK_LATE,
	ASK_ANSWERED
};

struct ask_question {
	const char *credential;		/* NULL: none, phase account only */
	const char *account;
	const char *phase;		/* "auth" or "account" */
	const char *service;		/* NULL: not known */
	const char *address;		/* of the client, an IP; or NULL */
	int is_called_here;		/* the host, by a user but root */
};

/* One question on its way. */
struct ask_wire {
	const char *who;	/* is asked, for the log */
	int deadline;		/* seconds, for the log */
	int fd;			/* it does not block */
	int64_t end;		/* of ask_wire_now() */
	char *why;		/* one line unless ASK_ANSWERED */
	size_t size;
};

int64_t ask_wire_now(void);	/* monotonic milliseconds */

/* A descriptor above 2, where hosts write what they like: the one given, or
 * another in its stead.  -1 and errno. */
int ask_wire_above(int fd);

/* What went wrong, as the line. */
enum ask_result ask_wire_broken(const struct ask_wire *wire,
    const char *what);
enum ask_result ask_wire_late(const struct ask_wire *wire);

/* ASK_ANSWERED once the question is sent. */
enum ask_result ask_wire_send(const struct ask_wire *wire,
    const struct pam_options *options, const struct ask_question *question);

/* Its answer, whole. */
enum ask_result ask_wire_receive(const struct ask_wire *wire,
    struct answer *answer);

#endif /* !PAM_ASK_WIRE_H_ */
