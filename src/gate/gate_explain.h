#ifndef GATE_EXPLAIN_H_
#define GATE_EXPLAIN_H_

#include "gate/gate.h"

/*
 * How a decision came about, told from the task that made it: what it looked
 * at, what that was held against, and where it ended.  Nothing is decided here
 * a second time; what was not looked at is said so.
 * Texts hold claims, never the credential; they may have any bytes but NUL.
 * Threads: that of the gate.
 */

enum gate_explain_mark {
	GATE_EXPLAIN_TOLD = 0,	/* neither for nor against it */
	GATE_EXPLAIN_OK,
	GATE_EXPLAIN_REFUSED,	/* the decision rests on it */
	GATE_EXPLAIN_UNDECIDED,	/* likewise, but it could not be told */
	GATE_EXPLAIN_SKIPPED	/* not looked at */
};

#define GATE_EXPLAIN_TEXT 4096	/* bytes of a text, cut */

struct gate_explain {
	/* One line of a step: "credential", "token", "key", "claims",
	 * "session", "rules", "revocations". */
	void (*say)(void *context, const char *step,
	    enum gate_explain_mark mark, const char *text);
	void *context;
};

/* "ok", "refused", "undecided", "skipped", "told". */
const char *gate_explain_mark_name(enum gate_explain_mark mark);

/* The task is DONE, by gate_start() or gate_account_start(). */
void gate_explain(struct gate *gate, const struct gate_task *task,
    const struct moment *now, const struct gate_explain *to);

#endif /* !GATE_EXPLAIN_H_ */
