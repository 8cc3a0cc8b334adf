#ifndef NGINX_ASKING_H_
#define NGINX_ASKING_H_

#include <ngx_config.h>
#include <ngx_core.h>

#include "face/answer.h"

/*
 * One question to the daemon and its answer, without waiting.
 *
 * - Over a kept connection where there is one.  One that ended before the
 *   first byte of an answer had nothing to do with the question: it is asked
 *   again over a new one, twice at most.  So a daemon that is started again is
 *   no refusal.
 * - What may be asked once only goes over a new connection, and never again.
 * - Each question over a connection has an id of its own: a second answer is
 *   never that of the next question.
 * - Where the daemon's queue of connections is full it is tried again.
 * - One deadline for all of it.
 * - Who asked says once that it no longer wants the answer, or is told once.
 *
 * Threads: nginx has none here.
 */

struct kept;

/* The answer is borrowed for the call; NULL: there is none, and the log says
 * why.  It is of no use afterwards. */
typedef void asking_done(void *context, const struct answer *answer);

struct asking_call {
	struct kept *kept;
	ngx_msec_t deadline;
	ngx_str_t question;	/* records of one id, which is changed; lives
				   until the end, when it is wiped */
	int is_once;
	ngx_pool_t *pool;
	ngx_log_t *log;
	asking_done *done;
	void *context;
};

/* NULL: it cannot be asked, and the log says why; `done` is not called, now or
 * later. */
struct asking *asking_start(const struct asking_call *call);

/* Nobody wants the answer any more. */
void asking_stop(struct asking *asking);

#endif /* !NGINX_ASKING_H_ */
