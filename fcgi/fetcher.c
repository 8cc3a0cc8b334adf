#include "config.h"

#include "fcgi/fetcher.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/layer/server_request.h"
#include "transport/clock.h"
#include "transport/http.h"

#define TICK_MS 500	/* longest wait: counts for the log */
#define RETRY_MS 1000	/* when the state tells no time */

struct fetcher {
	const struct settings *settings;
	struct log *log;
	struct http *http;
	pthread_t thread;
	int has_thread;

	/* Shared, under the lock; and is_held and request of each parked. */
	pthread_mutex_t lock;
	struct parked_list incoming;
	int stop;

	/* The thread's own. */
	struct gate *gate;
	struct moment now;
	struct parked_list waiting;	/* GATE_WAIT */
	struct parked_list asking;	/* GATE_EXCHANGE, for the end */
	int64_t refresh_at;	/* boottime of the keys timer */
	int64_t look_at;	/* the same, for who asks for a refresh */
	int is_refreshing;
	int is_well;		/* the last fetch by timer went well */
	int is_local;		/* or failed here, which is told once */
};

void
fetcher_park(struct fetcher *fetcher, struct parked *parked)
{
	pthread_mutex_lock(&fetcher->lock);
	parked->is_held = 1;
	TAILQ_INSERT_TAIL(&fetcher->incoming, parked, link);
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
note_refresh(struct fetcher *fetcher, const struct decision *decision)
{
	const char *why = decision->detail.text;
	const int is_local = decision->reason == REASON_LOCAL_FAULT ||
	    decision->reason == REASON_OUT_OF_MEMORY;

	if (why[0] != '\0' && !(is_local && fetcher->is_local))
		log_say(fetcher->log, LOG_LEVEL_WARNING, "keys not fetched: %s",
		    why);
	else if (why[0] == '\0' && !fetcher->is_well)
		log_say(fetcher->log, LOG_LEVEL_INFO, "keys fetched from %s",
		    fetcher->settings->endpoint);
	fetcher->is_well = why[0] == '\0';
	fetcher->is_local = is_local;
	fetcher->is_refreshing = 0;
	/* of its own no lease holds it back */
	fetcher->refresh_at = fetcher->now.boottime +
	    (is_local ? RETRY_MS : 0);
}

static void
hand_back(struct fetcher *fetcher, struct parked *parked)
{
	int is_ours;

	if (parked->is_refresh)
		note_refresh(fetcher, gate_task_decision(parked->task));
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
place(struct fetcher *fetcher, struct parked *parked)
{
	int64_t deadline;

	if (parked->step == GATE_DONE) {
		hand_back(fetcher, parked);
		return 0;
	}
	deadline = gate_task_deadline(parked->task);
	if (parked->step == GATE_EXCHANGE) {
		if (http_begin(fetcher->http, gate_task_exchange(parked->task),
		    deadline - fetcher->now.boottime, parked) == -1)
			return -1;
		TAILQ_INSERT_TAIL(&fetcher->asking, parked, link);
		return 0;
	}
	parked->due = gate_task_resume_at(parked->task);
	if (parked->due <= fetcher->now.boottime)
		parked->due = fetcher->now.boottime + 1;
	if (deadline < parked->due)
		parked->due = deadline;
	TAILQ_INSERT_TAIL(&fetcher->waiting, parked, link);
	return 0;
}

static void
resume(struct fetcher *fetcher, struct parked *parked)
{
	do {
		parked->step = gate_resume(fetcher->gate, parked->task,
		    &fetcher->now);
	} while (place(fetcher, parked) == -1);
}

static struct parked *
take_first(struct parked_list *list)
{
	struct parked *parked = TAILQ_FIRST(list);

	if (parked != NULL)
		TAILQ_REMOVE(list, parked, link);
	return parked;
}

static void
take_incoming(struct fetcher *fetcher)
{
	struct parked_list incoming = TAILQ_HEAD_INITIALIZER(incoming);
	struct parked *parked;

	pthread_mutex_lock(&fetcher->lock);
	TAILQ_CONCAT(&incoming, &fetcher->incoming, link);
	pthread_mutex_unlock(&fetcher->lock);
	while ((parked = take_first(&incoming)) != NULL) {
		if (place(fetcher, parked) == -1)
			resume(fetcher, parked);
	}
}

/* 1 if an exchange ended, so that those who wait should look again. */
static int
take_finished(struct fetcher *fetcher)
{
	struct parked *parked;
	int any = 0;

	while ((parked = http_finished(fetcher->http)) != NULL) {
		TAILQ_REMOVE(&fetcher->asking, parked, link);
		resume(fetcher, parked);
		any = 1;
	}
	return any;
}

static void
recheck(struct fetcher *fetcher, int all)
{
	struct parked_list waiting = TAILQ_HEAD_INITIALIZER(waiting);
	struct parked *parked;

	TAILQ_CONCAT(&waiting, &fetcher->waiting, link);
	while ((parked = take_first(&waiting)) != NULL) {
		if (all || parked->due <= fetcher->now.boottime)
			resume(fetcher, parked);
		else
			TAILQ_INSERT_TAIL(&fetcher->waiting, parked, link);
	}
}

/* Does an administrator want other keys? */
static int
is_asked(struct fetcher *fetcher)
{
	if (fetcher->look_at > fetcher->now.boottime)
		return 0;
	fetcher->look_at = fetcher->now.boottime + TICK_MS;
	return gate_refresh_is_asked(fetcher->gate, &fetcher->now);
}

static void
refresh(struct fetcher *fetcher)
{
	struct gate_task *task;
	struct parked *parked;
	int64_t next = 0;

	if (fetcher->is_refreshing)
		return;
	if (fetcher->refresh_at > fetcher->now.boottime &&
	    !is_asked(fetcher))
		return;
	task = gate_refresh(fetcher->gate, &fetcher->now, &next);
	if (next <= fetcher->now.boottime)
		next = fetcher->now.boottime + RETRY_MS;
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
	if (place(fetcher, parked) == -1)
		resume(fetcher, parked);
}

static int
wait_ms(const struct fetcher *fetcher)
{
	const struct parked *parked;
	int64_t until = fetcher->now.boottime + TICK_MS;

	TAILQ_FOREACH(parked, &fetcher->waiting, link)
		if (parked->due < until)
			until = parked->due;
	if (!fetcher->is_refreshing && fetcher->refresh_at < until)
		until = fetcher->refresh_at;
	if (until <= fetcher->now.boottime)
		return 0;
	return (int)(until - fetcher->now.boottime);
}

static int
must_stop(struct fetcher *fetcher)
{
	int stop;

	pthread_mutex_lock(&fetcher->lock);
	stop = fetcher->stop;
	pthread_mutex_unlock(&fetcher->lock);
	return stop;
}

static void *
fetch_main(void *argument)
{
	struct fetcher *fetcher = argument;
	int ended;

	while (!must_stop(fetcher)) {
		/* Without a clock nothing is decided: tasks keep waiting. */
		if (clock_advance(&fetcher->now) == 0) {
			take_incoming(fetcher);
			ended = take_finished(fetcher);
			recheck(fetcher, ended);
			refresh(fetcher);
			log_tick(fetcher->log, fetcher->now.boottime);
		}
		http_work(fetcher->http, wait_ms(fetcher));
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
	(void)pthread_mutex_init(&fetcher->lock, NULL);
	TAILQ_INIT(&fetcher->incoming);
	TAILQ_INIT(&fetcher->waiting);
	TAILQ_INIT(&fetcher->asking);
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
	status = pthread_create(&fetcher->thread, NULL, fetch_main, fetcher);
	fetcher->has_thread = status == 0;
	if (status == 0)
		return fetcher;
	error_set(error, "cannot make a thread: %s", strerror(status));
failed:
	fetcher_free(fetcher);
	return NULL;
}

static void
free_all(struct parked_list *list)
{
	struct parked *parked;

	while ((parked = take_first(list)) != NULL)
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
	free_all(&fetcher->incoming);
	free_all(&fetcher->waiting);
	free_all(&fetcher->asking);
	gate_free(fetcher->gate);
	pthread_mutex_destroy(&fetcher->lock);
	free(fetcher);
}
