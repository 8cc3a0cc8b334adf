#ifndef FCGI_ASK_ANSWER_H_
#define FCGI_ASK_ANSWER_H_

#include "fcgi/ask.h"
#include "fcgi/log.h"
#include "fcgi/reply.h"
#include "gate/gate.h"

/*
 * From a decision to the answer that a PAM module gets, and its line in the
 * log.  Knows neither threads nor sockets.
 * Threads: no state; each with its own call and reply.
 */

/* One question from beginning to end. */
struct ask_call {
	char id[REPLY_ID_SIZE];
	long uid;		/* of the process that asks */
	struct ask ask;		/* borrows the parameters */
};

/*
 * Grants, and that an account is not blocked, are logged on demand.  A refusal
 * is told in one sentence, printable and without line ends.
 */
void ask_answer(const struct ask_call *call, const struct decision *decision,
    int log_grants, struct log *log, const struct moment *now,
    struct reply *reply);

/* A refusal without a decision; `detail` may be "". */
void ask_answer_refusal(const struct ask_call *call, enum reason reason,
    const char *detail, struct log *log, const struct moment *now,
    struct reply *reply);

#endif /* !FCGI_ASK_ANSWER_H_ */
