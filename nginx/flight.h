#ifndef NGINX_FLIGHT_H_
#define NGINX_FLIGHT_H_

#include <ngx_config.h>
#include <ngx_core.h>

#include "face/answer.h"
#include "nginx/keeping.h"

/*
 * One question for all who would ask the same meanwhile.
 *
 * - The same: policy, socket and credential, and the pages as they were when it
 *   was asked.
 * - A grant that may be kept is everybody's, and is kept.  Anything else is of
 *   who was first alone, for it depends on the rest of a request too: the
 *   others must ask for themselves.
 * - It goes on while anybody waits for it, though who was first is gone.
 *
 * Threads: nginx has none here.
 */

struct flight;
struct kept;

enum flight_end {
	FLIGHT_ANSWERED = 0,	/* answer NULL: there is none, as in asking.h */
	FLIGHT_ASK_ALONE	/* there is none for this one */
};

/* Once, unless the seat is left before; the answer is borrowed for the call. */
typedef void flight_done(void *context, const struct answer *answer,
    enum flight_end end);

/* Who waits; lives until it is told, or leaves. */
struct flight_seat {
	ngx_queue_t link;
	struct flight *flight;	/* NULL: in none */
	flight_done *done;
	void *context;
};

struct flight_call {
	struct keeping *keeping;
	const struct keeping_note *note;
	struct kept *kept;
	ngx_msec_t deadline;
	const ngx_str_t *policy;	/* of the configuration */
};

/* NGX_OK: the seat is in one that is on its way; NGX_DECLINED: there is
 * none. */
ngx_int_t flight_join(const struct flight_call *call,
    struct flight_seat *seat);

/* With these records (their bytes are copied), of which the seat is the first:
 * NGX_OK; NGX_DECLINED: it cannot be asked, and the log says why. */
ngx_int_t flight_start(const struct flight_call *call,
    const ngx_str_t *question, struct flight_seat *seat);

/* Nobody in it wants the answer any more; a seat in none may leave too. */
void flight_leave(struct flight_seat *seat);

#endif /* !NGINX_FLIGHT_H_ */
