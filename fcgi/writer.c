#include "config.h"

#include "fcgi/writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "transport/clock.h"

#define GATHER_MS 20	/* in which more may come to be written */
#define PAUSE_MS 100	/* when the file took nothing */
#define TIDY_MS 10000	/* between looks for rows too many */
#define TIDY_MORE_MS 20	/* between small steps, while there are */
#define PATIENCE_MS 1000	/* less is told nobody */
#define SAY_MS 60000	/* between two lines */

struct writer {
	struct log *log;
	struct gate_writer *gate;
	pthread_t thread;
	int has_thread;

	/* Shared, under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int is_called;
	int is_urgent;
	int stop;

	/* The thread's own. */
	struct moment now;
	int64_t tidy_at;	/* boottime, as all below */
	int64_t failing_since;	/* -1: the last write went well */
	int64_t said_at;	/* -1: never */
	int is_told;		/* the last line was of a failure */
};

static void
call(void *context, int is_urgent)
{
	struct writer *writer = context;

	pthread_mutex_lock(&writer->lock);
	writer->is_called = 1;
	writer->is_urgent |= is_urgent;
	pthread_cond_signal(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
}

static struct timespec
moment_after(int64_t msecs)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += msecs / 1000;
	until.tv_nsec += msecs % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	return until;
}

/* 1 if it must stop; 0 when something is to be written, and others have had
 * their moment to add to it, or time is up. */
static int
wait_for_work(struct writer *writer, int64_t msecs)
{
	struct timespec until = moment_after(msecs);
	int stop, rc = 0;

	pthread_mutex_lock(&writer->lock);
	while (!writer->is_called && !writer->stop && rc == 0)
		rc = pthread_cond_timedwait(&writer->changed, &writer->lock,
		    &until);
	until = moment_after(GATHER_MS);
	rc = 0;
	while (writer->is_called && !writer->is_urgent && !writer->stop &&
	    rc == 0)
		rc = pthread_cond_timedwait(&writer->changed, &writer->lock,
		    &until);
	writer->is_called = writer->is_urgent = 0;
	stop = writer->stop;
	pthread_mutex_unlock(&writer->lock);
	return stop;
}

static void
pause_for(int64_t msecs)
{
	const struct timespec pause = { msecs / 1000,
	    msecs % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

/* Good news or bad, one line a minute. */
static int
may_say(struct writer *writer)
{
	if (writer->said_at >= 0 &&
	    writer->now.boottime - writer->said_at < SAY_MS)
		return 0;
	writer->said_at = writer->now.boottime;
	return 1;
}

static void
say_failed(struct writer *writer, const struct error *error)
{
	if (writer->failing_since < 0)
		writer->failing_since = writer->now.boottime;
	if (writer->now.boottime - writer->failing_since <
	    PATIENCE_MS || !may_say(writer))
		return;
	log_say(writer->log, LOG_LEVEL_WARNING, "%s; %zu answers of Authgear "
	    "wait in memory until it takes writes", error_text(error),
	    gate_writer_waiting(writer->gate));
	writer->is_told = 1;
}

static void
say_well(struct writer *writer)
{
	writer->failing_since = -1;
	if (!writer->is_told || !may_say(writer))
		return;
	log_say(writer->log, LOG_LEVEL_INFO, "status.db takes writes again");
	writer->is_told = 0;
}

/* All that waits, as far as the file takes it; -1: it takes none. */
static int
write_all(struct writer *writer)
{
	struct error error = { "" };

	for (;;) {
		/* Should the clock fail now, the last moment is good enough. */
		(void)clock_advance(&writer->now);
		switch (gate_writer_step(writer->gate, &writer->now, &error)) {
		case GATE_WRITER_MORE:
			continue;
		case GATE_WRITER_DONE:
			say_well(writer);
			return 0;
		case GATE_WRITER_FAILED:
		default:
			say_failed(writer, &error);
			return -1;
		}
	}
}

static void
tidy(struct writer *writer)
{
	int more;

	if (writer->tidy_at > writer->now.boottime)
		return;
	more = gate_writer_tidy(writer->gate, &writer->now);
	writer->tidy_at = writer->now.boottime +
	    (more ? TIDY_MORE_MS : TIDY_MS);
}

static int64_t
wait_msecs(const struct writer *writer)
{
	const int64_t wait = writer->tidy_at - writer->now.boottime;

	return wait > 0 ? wait : 0;
}

/* What waits at the end is not to be forgotten for want of a moment. */
static void
write_rest(struct writer *writer)
{
	const int64_t begun = writer->now.boottime;

	while (write_all(writer) == -1 &&
	    writer->now.boottime - begun < WRITER_END_MS)
		pause_for(PAUSE_MS);
	if (gate_writer_waiting(writer->gate) > 0)
		log_say(writer->log, LOG_LEVEL_WARNING, "%zu answers of "
		    "Authgear were not written to status.db; they will be "
		    "asked for again", gate_writer_waiting(writer->gate));
}

static void *
write_main(void *argument)
{
	struct writer *writer = argument;
	int64_t wait = 0;

	while (!wait_for_work(writer, wait)) {
		if (write_all(writer) == -1) {
			pause_for(PAUSE_MS);
			wait = 0;
			continue;
		}
		tidy(writer);
		wait = wait_msecs(writer);
	}
	write_rest(writer);
	return NULL;
}

static void
init_lock(struct writer *writer)
{
	pthread_condattr_t attributes;

	(void)pthread_mutex_init(&writer->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&writer->changed, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

struct writer *
writer_new(const struct settings *settings, struct gate_shared *shared,
    struct log *log, struct error *error)
{
	struct writer *writer = calloc(1, sizeof(*writer));
	int status;

	if (writer == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	writer->log = log;
	writer->failing_since = writer->said_at = -1;
	init_lock(writer);
	if (clock_now(&writer->now) == -1) {
		error_set(error, "no boot id: is /proc mounted?");
		goto failed;
	}
	writer->gate = gate_writer_new(settings, shared, call, writer,
	    error);
	if (writer->gate == NULL)
		goto failed;
	status = pthread_create(&writer->thread, NULL, write_main, writer);
	writer->has_thread = status == 0;
	if (status == 0)
		return writer;
	error_set(error, "cannot make a thread: %s", strerror(status));
failed:
	writer_free(writer);
	return NULL;
}

void
writer_free(struct writer *writer)
{
	if (writer == NULL)
		return;
	if (writer->has_thread) {
		pthread_mutex_lock(&writer->lock);
		writer->stop = 1;
		pthread_cond_signal(&writer->changed);
		pthread_mutex_unlock(&writer->lock);
		pthread_join(writer->thread, NULL);
	}
	gate_writer_free(writer->gate);
	pthread_cond_destroy(&writer->changed);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}
