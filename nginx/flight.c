#include "nginx/flight.h"

#include "nginx/asking.h"
#include "nginx/grant.h"

struct flight {
	ngx_queue_t link;	/* of those with such keys */
	ngx_queue_t seats;	/* who waits, in their order */
	const struct flight_seat *first;	/* NULL: it is gone */
	struct keeping *keeping;
	struct keeping_note note;
	const ngx_str_t *policy;
	ngx_pool_t *pool;	/* that it is of */
	struct asking *asking;	/* NULL: not any more */
};

static void
sit(struct flight *flight, struct flight_seat *seat)
{
	ngx_queue_insert_tail(&flight->seats, &seat->link);
	seat->flight = flight;
}

static void
stand_up(struct flight *flight, struct flight_seat *seat)
{
	ngx_queue_remove(&seat->link);
	ngx_queue_init(&seat->link);
	if (flight->first == seat)
		flight->first = NULL;
	seat->flight = NULL;
}

static void
destroy(struct flight *flight)
{
	asking_stop(flight->asking);
	ngx_destroy_pool(flight->pool);
}

/* Whom one tells may end others that wait: each is looked for anew. */
static void
on_answer(void *context, const struct answer *answer)
{
	struct flight *flight = context;
	const int is_shared = answer != NULL && grant_read(answer,
	    (const char *)flight->policy->data, flight->policy->len) ==
	    GRANT_GIVEN && keeping_put(flight->keeping, &flight->note, answer);
	struct flight_seat *seat;
	int is_first;

	flight->asking = NULL;
	ngx_queue_remove(&flight->link);
	ngx_queue_init(&flight->link);
	while (!ngx_queue_empty(&flight->seats)) {
		seat = ngx_queue_data(ngx_queue_head(&flight->seats),
		    struct flight_seat, link);
		is_first = seat == flight->first;
		stand_up(flight, seat);
		if (is_shared || is_first)
			seat->done(seat->context, answer, FLIGHT_ANSWERED);
		else
			seat->done(seat->context, NULL, FLIGHT_ASK_ALONE);
	}
	destroy(flight);
}

ngx_int_t
flight_join(const struct flight_call *call, struct flight_seat *seat)
{
	ngx_queue_t *all = keeping_flying(call->keeping, call->note), *each;
	struct flight *flight;

	for (each = ngx_queue_head(all); each != ngx_queue_sentinel(all);
	    each = ngx_queue_next(each)) {
		flight = ngx_queue_data(each, struct flight, link);
		if (flight->note.turn == call->note->turn &&
		    ngx_memcmp(flight->note.key, call->note->key,
		    sizeof(flight->note.key)) == 0) {
			sit(flight, seat);
			return NGX_OK;
		}
	}
	return NGX_DECLINED;
}

static struct flight *
prepare(const struct flight_call *call)
{
	ngx_pool_t *pool = ngx_create_pool(4096, ngx_cycle->log);
	struct flight *flight = NULL;

	if (pool != NULL)
		flight = ngx_pcalloc(pool, sizeof(*flight));
	if (flight == NULL) {
		if (pool != NULL)
			ngx_destroy_pool(pool);
		return NULL;
	}
	flight->pool = pool;
	flight->keeping = call->keeping;
	flight->note = *call->note;
	flight->policy = call->policy;
	ngx_queue_init(&flight->seats);
	ngx_queue_init(&flight->link);
	return flight;
}

ngx_int_t
flight_start(const struct flight_call *call, const ngx_str_t *question,
    struct flight_seat *seat)
{
	struct flight *flight = prepare(call);
	struct asking_call ask = {
		.kept = call->kept,
		.deadline = call->deadline,
		.question = *question,
		.log = ngx_cycle->log,
		.done = on_answer,
		.context = flight
	};

	if (flight == NULL)
		return NGX_DECLINED;
	ask.pool = flight->pool;
	ask.question.data = ngx_pnalloc(flight->pool, question->len);
	if (ask.question.data != NULL) {
		ngx_memcpy(ask.question.data, question->data, question->len);
		flight->asking = asking_start(&ask);
	}
	if (flight->asking == NULL) {
		destroy(flight);
		return NGX_DECLINED;
	}
	sit(flight, seat);
	flight->first = seat;
	ngx_queue_insert_tail(keeping_flying(call->keeping, call->note),
	    &flight->link);
	return NGX_OK;
}

void
flight_leave(struct flight_seat *seat)
{
	struct flight *flight = seat->flight;

	if (flight == NULL)
		return;
	stand_up(flight, seat);
	/* one that has its answer ends itself */
	if (flight->asking == NULL || !ngx_queue_empty(&flight->seats))
		return;
	ngx_queue_remove(&flight->link);
	destroy(flight);
}
