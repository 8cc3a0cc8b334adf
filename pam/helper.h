#ifndef PAM_HELPER_H_
#define PAM_HELPER_H_

#include "pam/ask_wire.h"

/*
 * authgear-check, which answers root where no daemon does: a program of its
 * own that becomes the daemon's user, asked over a socketpair.
 *
 * Environment: none.  Path: compiled in; it and its folder are root's, and
 * nobody else may write them.
 * The host: its handlers, its signal mask and its descriptors are as they
 * were, no thread and no child is left; only this child is waited for, and
 * where the host ignores SIGCHLD that works too.
 * Threads: any thread of the host.
 */

/* Time that is kept for it of any deadline of more than a second. */
#define HELPER_KEPT_MSECS 1000

/* 1 if it may be asked: for root, by the option, where nobody answered. */
int helper_may(const struct pam_options *options, enum ask_result result);

/* What is kept for it of the time; 0: it is never asked. */
int64_t helper_kept_msecs(const struct pam_options *options);

/* Until `end` of ask_wire_now(): then its process group is killed.  `why` as
 * ask()'s; ASK_NO_LISTENER: it cannot be run, or there is too little time. */
enum ask_result helper_ask(const struct pam_options *options,
    const struct ask_question *question, int64_t end, struct answer *answer,
    char *why, size_t size);

#endif /* !PAM_HELPER_H_ */
