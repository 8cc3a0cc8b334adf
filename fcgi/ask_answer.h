#ifndef FCGI_ASK_ANSWER_H_
#define FCGI_ASK_ANSWER_H_

#include "fcgi/ask.h"
#include "fcgi/log.h"
#include "fcgi/reply.h"
#include "gate/gate.h"

/*
 * From a decision to the answer that a PAM module gets, and its line in the
 * log.  Knows neither threads nor sockets.
 */

/* One question from beginning to end. */
struct ask_call {
	char id[REPLY_ID_SIZE];
	long uid;		/* of the process that asks */
	struct ask ask;		/* borrows the parameters */
};

/* Whose share of what lookups cost it is (shares.h). */
#define ASK_SHARE_SIZE 96
void ask_share(const struct ask_call *call, char share[ASK_SHARE_SIZE]);

/* Grants, and that an account is not blocked, are logged on demand. */
void ask_answer(const struct ask_call *call, const struct decision *decision,
    int log_grants, struct log *log, const struct moment *now,
    struct reply *reply);

/* A refusal without a decision; `detail` may be "". */
void ask_refuse(const struct ask_call *call, enum reason reason,
    const char *detail, struct log *log, const struct moment *now,
    struct reply *reply);

#define ASK_MEANING_SIZE 640
/* The one sentence about a refusal: printable, without line ends. */
void ask_meaning(const struct ask *ask, const struct decision *decision,
    char meaning[ASK_MEANING_SIZE]);

#endif /* !FCGI_ASK_ANSWER_H_ */
