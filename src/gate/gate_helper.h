#ifndef GATE_HELPER_H_
#define GATE_HELPER_H_

#include "gate/gate.h"
#include "ground/notices.h"

/*
 * The gate of a process that answers one question and ends.  What is bounded
 * within a daemon (lookups, failures, logins) is bounded among all such
 * processes of one state; what Authgear answered is written at once, not
 * behind.  Nothing is checked whole.
 * Opens trust.db and status.db, until the process ends; borrows settings.  NULL
 * and error: trust.db cannot be read, or memory; or status.db cannot be, where
 * the question needs it.  gate_account_start() does not, trust.db alone answers
 * it: then a notice says so.
 * Threads: one.
 */

struct gate_helper;
struct gate_helper *gate_helper_new(const struct settings *settings,
    int needs_status, struct error *error);

/* Whoever it answers may hold the process up until Authgear seems to be away:
 * that it does keeps nobody else from asking. */
void gate_helper_is_held_up(struct gate_helper *helper);

/* To be asked; lives as long as the helper. */
struct gate *gate_helper_gate(struct gate_helper *helper);

/* What could not be written in time, once more; for a moment only. */
void gate_helper_write(struct gate_helper *helper, const struct moment *now);

/* What is to be logged: 1 and it, 0 if there is none. */
int gate_helper_notice(struct gate_helper *helper,
    enum notice_level *level_out, struct error *text_out);

#endif /* !GATE_HELPER_H_ */
