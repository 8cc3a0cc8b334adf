#include "config.h"

#include "fcgi/writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "transport/clock.h"

#define WRITER_GATHER_MS 20	/* in which more may come to be written */
#define WRITER_PAUSE_MS 100	/* when the file took nothing */
#define WRITER_TIDY_MS 10000	/* between looks for rows too many */
#define WRITER_TIDY_MORE_MS 20	/* between small steps, while there are */
#define WRITER_PATIENCE_MS 1000	/* less is told nobody */
#define WRITER_SAY_MS 60000	/* between two lines */

struct writer {
	struct log *log;
	struct gate_writer *gate;
	pthread_t thread;
	int has_thread;
	int has_lock;

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
writer_call(void *context, int is_urgent)
{
	struct writer *writer = context;

	pthread_mutex_lock(&writer->lock);
	writer->is_called = 1;
	writer->is_urgent |= is_urgent;
	pthread_cond_signal(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
}

static struct timespec
writer_after(int64_t msecs)
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
writer_wait(struct writer *writer, int64_t msecs)
{
	struct timespec until = writer_after(msecs);
	int stop, rc = 0;

	pthread_mutex_lock(&writer->lock);
	while (!writer->is_called && !writer->stop && rc == 0)
		rc = pthread_cond_timedwait(&writer->changed, &writer->lock,
		    &until);
	until = writer_after(WRITER_GATHER_MS);
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
writer_pause(int64_t msecs)
{
	const struct timespec pause = { msecs / 1000,
	    msecs % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

/* Good news or bad, one line a minute. */
static int
writer_may_say(struct writer *writer)
{
	if (writer->said_at >= 0 &&
	    writer->now.boottime - writer->said_at < WRITER_SAY_MS)
		return 0;
	writer->said_at = writer->now.boottime;
	return 1;
}

static void
writer_failed(struct writer *writer, const struct error *error)
{
	if (writer->failing_since < 0)
		writer->failing_since = writer->now.boottime;
	if (writer->now.boottime - writer->failing_since <
	    WRITER_PATIENCE_MS || !writer_may_say(writer))
		return;
	log_say(writer->log, LOG_LEVEL_WARNING, "%s; %zu answers of Authgear "
	    "wait in memory until it takes writes", error_text(error),
	    gate_writer_waiting(writer->gate));
	writer->is_told = 1;
}

static void
writer_well(struct writer *writer)
{
	writer->failing_since = -1;
	if (!writer->is_told || !writer_may_say(writer))
		return;
	log_say(writer->log, LOG_LEVEL_INFO, "status.db takes writes again");
	writer->is_told = 0;
}

/* All that waits, as far as the file takes it; -1: it takes none. */
static int
writer_write(struct writer *writer)
{
	struct error error = { "" };

	for (;;) {
		/* Should the clock fail now, the last moment is good enough. */
		(void)clock_advance(&writer->now);
		switch (gate_writer_step(writer->gate, &writer->now, &error)) {
		case GATE_WRITER_MORE:
			continue;
		case GATE_WRITER_DONE:
			writer_well(writer);
			return 0;
		case GATE_WRITER_FAILED:
		default:
			writer_failed(writer, &error);
			return -1;
		}
	}
}

static void
writer_tidy(struct writer *writer)
{
	int more;

	if (writer->tidy_at > writer->now.boottime)
		return;
	more = gate_writer_tidy(writer->gate, &writer->now);
	writer->tidy_at = writer->now.boottime +
	    (more ? WRITER_TIDY_MORE_MS : WRITER_TIDY_MS);
}

static int64_t
writer_wait_msecs(const struct writer *writer)
{
	const int64_t wait = writer->tidy_at - writer->now.boottime;

	return wait > 0 ? wait : 0;
}

/* What waits at the end is not to be forgotten for want of a moment. */
static void
writer_end(struct writer *writer)
{
	const int64_t begun = writer->now.boottime;

	while (writer_write(writer) == -1 &&
	    writer->now.boottime - begun < WRITER_END_MS)
		writer_pause(WRITER_PAUSE_MS);
	if (gate_writer_waiting(writer->gate) > 0)
		log_say(writer->log, LOG_LEVEL_WARNING, "%zu answers of "
		    "Authgear were not written to status.db; they will be "
		    "asked for again", gate_writer_waiting(writer->gate));
}

static void *
writer_main(void *argument)
{
	struct writer *writer = argument;
	int64_t wait = 0;

	while (!writer_wait(writer, wait)) {
		if (writer_write(writer) == -1) {
			writer_pause(WRITER_PAUSE_MS);
			wait = 0;
			continue;
		}
		writer_tidy(writer);
		wait = writer_wait_msecs(writer);
	}
	writer_end(writer);
	return NULL;
}

static int
writer_begin(struct writer *writer, struct error *error)
{
	pthread_condattr_t attributes;
	int status;

	status = pthread_mutex_init(&writer->lock, NULL);
	if (status == 0)
		status = pthread_condattr_init(&attributes);
	if (status == 0) {
		(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
		status = pthread_cond_init(&writer->changed, &attributes);
		(void)pthread_condattr_destroy(&attributes);
	}
	if (status != 0) {
		error_set(error, "cannot make a lock: %s", strerror(status));
		return -1;
	}
	writer->has_lock = 1;
	return 0;
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
	if (writer_begin(writer, error) == -1)
		goto failed;
	if (clock_now(&writer->now) == -1) {
		error_set(error, "no boot id: is /proc mounted?");
		goto failed;
	}
	writer->gate = gate_writer_new(settings, shared, writer_call, writer,
	    error);
	if (writer->gate == NULL)
		goto failed;
	status = pthread_create(&writer->thread, NULL, writer_main, writer);
	if (status != 0) {
		error_set(error, "cannot make a thread: %s", strerror(status));
		goto failed;
	}
	writer->has_thread = 1;
	return writer;
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
	if (writer->has_lock) {
		pthread_cond_destroy(&writer->changed);
		pthread_mutex_destroy(&writer->lock);
	}
	free(writer);
}
