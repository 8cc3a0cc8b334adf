#include "config.h"

#include "fcgi/fetcher.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/layer/server_request.h"
#include "transport/clock.h"
#include "transport/http.h"

#define FETCHER_TICK_MS 500	/* longest wait: counts for the log */
#define FETCHER_RETRY_MS 1000	/* when the state tells no time */

struct fetcher {
	const struct settings *settings;
	struct log *log;
	struct http *http;
	pthread_t thread;
	int has_thread;
	int has_lock;

	/* Shared, under the lock; and is_held and request of each parked. */
	pthread_mutex_t lock;
	struct parking incoming;
	int stop;

	/* The thread's own. */
	struct gate *gate;
	struct moment now;
	struct parking waiting;	/* GATE_WAIT */
	struct parking asking;	/* GATE_EXCHANGE, so that all can be freed */
	int64_t refresh_at;	/* boottime of the keys timer */
	int is_refreshing;
	int is_well;		/* the last fetch by timer went well */
};

void
fetcher_park(struct fetcher *fetcher, struct parked *parked)
{
	pthread_mutex_lock(&fetcher->lock);
	parked->is_held = 1;
	parking_put(&fetcher->incoming, parked);
	pthread_mutex_unlock(&fetcher->lock);
	http_wake(fetcher->http);
}

int
fetcher_forget(struct fetcher *fetcher, struct parked *parked)
{
	int is_held;

	pthread_mutex_lock(&fetcher->lock);
	is_held = parked->is_held;
	parked->request = NULL;
	pthread_mutex_unlock(&fetcher->lock);
	return is_held;
}

/* What came of a fetch by timer; good news is told once. */
static void
fetcher_refreshed(struct fetcher *fetcher, const struct decision *decision)
{
	const char *why = decision->detail.text;

	if (why[0] != '\0')
		log_say(fetcher->log, LOG_LEVEL_WARNING, "keys not fetched: %s",
		    why);
	else if (!fetcher->is_well)
		log_say(fetcher->log, LOG_LEVEL_INFO, "keys fetched from %s",
		    fetcher->settings->endpoint);
	fetcher->is_well = why[0] == '\0';
	fetcher->is_refreshing = 0;
	fetcher->refresh_at = fetcher->now.boottime;
}

static void
fetcher_done(struct fetcher *fetcher, struct parked *parked)
{
	int is_ours;

	if (parked->is_refresh)
		fetcher_refreshed(fetcher, gate_task_decision(parked->task));
	/* The request must not end between the look at it and its wake. */
	pthread_mutex_lock(&fetcher->lock);
	is_ours = parked->request == NULL;
	parked->is_held = 0;
	if (!is_ours)
		server_request_wake(parked->request);
	pthread_mutex_unlock(&fetcher->lock);
	if (is_ours)
		parked_free(parked);
}

/* Where a task goes after each of its steps; -1: it must be resumed. */
static int
fetcher_place(struct fetcher *fetcher, struct parked *parked)
{
	int64_t deadline;

	if (parked->step == GATE_DONE) {
		fetcher_done(fetcher, parked);
		return 0;
	}
	deadline = gate_task_deadline(parked->task);
	if (parked->step == GATE_EXCHANGE) {
		if (http_begin(fetcher->http, gate_task_exchange(parked->task),
		    deadline - fetcher->now.boottime, parked) == -1)
			return -1;
		parking_put(&fetcher->asking, parked);
		return 0;
	}
	parked->due = gate_task_resume_at(parked->task);
	if (parked->due <= fetcher->now.boottime)
		parked->due = fetcher->now.boottime + 1;
	if (deadline < parked->due)
		parked->due = deadline;
	parking_put(&fetcher->waiting, parked);
	return 0;
}

static void
fetcher_resume(struct fetcher *fetcher, struct parked *parked)
{
	do {
		parked->step = gate_resume(fetcher->gate, parked->task,
		    &fetcher->now);
	} while (fetcher_place(fetcher, parked) == -1);
}

static void
fetcher_take_incoming(struct fetcher *fetcher)
{
	struct parking incoming = { NULL, NULL };
	struct parked *parked;

	pthread_mutex_lock(&fetcher->lock);
	parking_move(&incoming, &fetcher->incoming);
	pthread_mutex_unlock(&fetcher->lock);
	while ((parked = parking_take(&incoming)) != NULL) {
		if (fetcher_place(fetcher, parked) == -1)
			fetcher_resume(fetcher, parked);
	}
}

/* 1 if an exchange ended, so that those who wait should look again. */
static int
fetcher_take_finished(struct fetcher *fetcher)
{
	struct parked *parked;
	int any = 0;

	while ((parked = http_finished(fetcher->http)) != NULL) {
		parking_remove(&fetcher->asking, parked);
		fetcher_resume(fetcher, parked);
		any = 1;
	}
	return any;
}

static void
fetcher_recheck(struct fetcher *fetcher, int all)
{
	struct parking waiting = { NULL, NULL };
	struct parked *parked;

	parking_move(&waiting, &fetcher->waiting);
	while ((parked = parking_take(&waiting)) != NULL) {
		if (all || parked->due <= fetcher->now.boottime)
			fetcher_resume(fetcher, parked);
		else
			parking_put(&fetcher->waiting, parked);
	}
}

static void
fetcher_refresh(struct fetcher *fetcher)
{
	struct gate_task *task;
	struct parked *parked;
	int64_t next = 0;

	if (fetcher->is_refreshing ||
	    fetcher->refresh_at > fetcher->now.boottime)
		return;
	task = gate_refresh(fetcher->gate, &fetcher->now, &next);
	if (next <= fetcher->now.boottime)
		next = fetcher->now.boottime + FETCHER_RETRY_MS;
	fetcher->refresh_at = next;
	if (task == NULL)
		return;
	parked = parked_new(task, GATE_EXCHANGE, NULL);
	if (parked == NULL) {
		gate_task_free(task);
		return;
	}
	parked->is_refresh = 1;
	fetcher->is_refreshing = 1;
	if (fetcher_place(fetcher, parked) == -1)
		fetcher_resume(fetcher, parked);
}

static int
fetcher_wait_ms(const struct fetcher *fetcher)
{
	int64_t until, due;

	until = fetcher->now.boottime + FETCHER_TICK_MS;
	due = parking_due(&fetcher->waiting);
	if (due < until)
		until = due;
	if (!fetcher->is_refreshing && fetcher->refresh_at < until)
		until = fetcher->refresh_at;
	if (until <= fetcher->now.boottime)
		return 0;
	return (int)(until - fetcher->now.boottime);
}

static int
fetcher_must_stop(struct fetcher *fetcher)
{
	int stop;

	pthread_mutex_lock(&fetcher->lock);
	stop = fetcher->stop;
	pthread_mutex_unlock(&fetcher->lock);
	return stop;
}

static void *
fetcher_main(void *argument)
{
	struct fetcher *fetcher = argument;
	int ended;

	while (!fetcher_must_stop(fetcher)) {
		/* Without a clock nothing is decided: tasks keep waiting. */
		if (clock_advance(&fetcher->now) == 0) {
			fetcher_take_incoming(fetcher);
			ended = fetcher_take_finished(fetcher);
			fetcher_recheck(fetcher, ended);
			fetcher_refresh(fetcher);
			log_tick(fetcher->log, fetcher->now.boottime);
		}
		http_work(fetcher->http, fetcher_wait_ms(fetcher));
	}
	return NULL;
}

struct fetcher *
fetcher_new(const struct settings *settings, struct gate_shared *shared,
    struct log *log, struct error *error)
{
	struct fetcher *fetcher;
	int status;

	fetcher = calloc(1, sizeof(*fetcher));
	if (fetcher == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	fetcher->settings = settings;
	fetcher->log = log;
	fetcher->gate = gate_new(settings, shared, error);
	if (fetcher->gate == NULL)
		goto failed;
	fetcher->http = http_new(settings, error);
	if (fetcher->http == NULL)
		goto failed;
	if (clock_now(&fetcher->now) == -1) {
		error_set(error, "no boot id: is /proc mounted?");
		goto failed;
	}
	status = pthread_mutex_init(&fetcher->lock, NULL);
	if (status != 0)
		goto no_thread;
	fetcher->has_lock = 1;
	status = pthread_create(&fetcher->thread, NULL, fetcher_main, fetcher);
	if (status != 0)
		goto no_thread;
	fetcher->has_thread = 1;
	return fetcher;
no_thread:
	error_set(error, "cannot make a thread: %s", strerror(status));
failed:
	fetcher_free(fetcher);
	return NULL;
}

static void
fetcher_clear(struct parking *parking)
{
	struct parked *parked;

	while ((parked = parking_take(parking)) != NULL)
		parked_free(parked);
}

void
fetcher_free(struct fetcher *fetcher)
{
	if (fetcher == NULL)
		return;
	if (fetcher->has_thread) {
		pthread_mutex_lock(&fetcher->lock);
		fetcher->stop = 1;
		pthread_mutex_unlock(&fetcher->lock);
		http_wake(fetcher->http);
		pthread_join(fetcher->thread, NULL);
	}
	http_free(fetcher->http);
	fetcher_clear(&fetcher->incoming);
	fetcher_clear(&fetcher->waiting);
	fetcher_clear(&fetcher->asking);
	gate_free(fetcher->gate);
	if (fetcher->has_lock)
		pthread_mutex_destroy(&fetcher->lock);
	free(fetcher);
}
