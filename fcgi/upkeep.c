#include "config.h"

#include "fcgi/upkeep.h"

#include <sys/eventfd.h>
#include <sys/resource.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fcgi/epoch_watch.h"

#define PERIOD_MS 1000		/* between looks that nobody asked for */
#define LOOK_UP_PERIODS 10	/* between questions to a directory service */
#define END_S 1			/* how long the end may wait for it */
#define NICE 10			/* of the thread that checks */

struct upkeep {
	struct log *log;
	struct gate_upkeep *gate;
	struct epoch_watch *watch;	/* NULL: nobody keeps answers */
	int wake_fd;			/* there is something to write */
	int stop_fd;			/* stays readable: end */
	_Atomic int is_stopped;
	pthread_t writer;
	pthread_t checker;
	int has_writer;
	int has_checker;
};

static void
wake(void *context)
{
	const struct upkeep *upkeep = context;
	const uint64_t one = 1;

	if (write(upkeep->wake_fd, &one, sizeof(one)) == -1) {
		/* only if it is full of wakes already */
	}
}

static int
is_stopped(void *context)
{
	const struct upkeep *upkeep = context;

	return atomic_load(&upkeep->is_stopped);
}

/* Until the end, a wake (where `fd` is one) or the period is over; 1: go on. */
static int
wait_for(struct upkeep *upkeep, int fd)
{
	struct pollfd polled[] = {
		{ .fd = upkeep->stop_fd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN }
	};
	uint64_t value;

	if (poll(polled, 2, PERIOD_MS) > 0 && polled[1].revents != 0 &&
	    read(fd, &value, sizeof(value)) == -1) {
		/* another wake may have been first: nothing is lost */
	}
	return !is_stopped(upkeep);
}

static void
tell(struct upkeep *upkeep)
{
	enum notice_level level;
	struct error text;

	while (gate_upkeep_notice(upkeep->gate, &level, &text))
		log_notice(upkeep->log, level, error_text(&text));
}

static void *
write_main(void *argument)
{
	struct upkeep *upkeep = argument;

	do {
		if (upkeep->watch != NULL)
			epoch_watch_look(upkeep->watch);
		gate_upkeep_write(upkeep->gate);
		tell(upkeep);
	} while (wait_for(upkeep, upkeep->wake_fd));
	gate_upkeep_write(upkeep->gate);
	tell(upkeep);
	return NULL;
}

static void *
check_main(void *argument)
{
	struct upkeep *upkeep = argument;
	int periods = 0;

	/* of this thread alone, on Linux */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	do {
		gate_upkeep_check(upkeep->gate, is_stopped, upkeep);
		if (++periods < LOOK_UP_PERIODS)
			continue;
		periods = 0;
		gate_upkeep_look_up(upkeep->gate);
	} while (wait_for(upkeep, -1));
	return NULL;
}

struct upkeep *
upkeep_new(const struct settings *settings, struct gate_shared *shared,
    const char *epoch, struct epoch_shown *shown, struct log *log,
    struct error *error)
{
	struct upkeep *upkeep = calloc(1, sizeof(*upkeep));
	int status;

	if (upkeep == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	upkeep->log = log;
	upkeep->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	upkeep->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (upkeep->wake_fd == -1 || upkeep->stop_fd == -1) {
		error_set(error, "cannot make an event descriptor");
		goto failed;
	}
	upkeep->gate = gate_upkeep_new(settings, shared, wake, upkeep, error);
	if (upkeep->gate == NULL)
		goto failed;
	if (epoch != NULL && (upkeep->watch = epoch_watch_new(epoch, shown,
	    settings, shared, log, error)) == NULL)
		goto failed;
	status = pthread_create(&upkeep->writer, NULL, write_main, upkeep);
	upkeep->has_writer = status == 0;
	if (status == 0)
		status = pthread_create(&upkeep->checker, NULL, check_main,
		    upkeep);
	upkeep->has_checker = upkeep->has_writer && status == 0;
	if (status == 0)
		return upkeep;
	error_set(error, "cannot make a thread: %s", strerror(status));
failed:
	(void)upkeep_free(upkeep);
	return NULL;
}

/* A directory service may hang for a minute. */
static int
end_checker(struct upkeep *upkeep)
{
	struct timespec until;

	if (!upkeep->has_checker)
		return 0;
	if (clock_gettime(CLOCK_REALTIME, &until) == -1)
		return -1;
	until.tv_sec += END_S;
	return pthread_timedjoin_np(upkeep->checker, NULL, &until) == 0 ?
	    0 : -1;
}

int
upkeep_free(struct upkeep *upkeep)
{
	const uint64_t one = 1;

	if (upkeep == NULL)
		return 0;
	atomic_store(&upkeep->is_stopped, 1);
	if (upkeep->stop_fd != -1 &&
	    write(upkeep->stop_fd, &one, sizeof(one)) == -1) {
		/* it holds less than its limit */
	}
	if (upkeep->has_writer)
		(void)pthread_join(upkeep->writer, NULL);
	epoch_watch_free(upkeep->watch);
	if (end_checker(upkeep) == -1)
		return -1;
	gate_upkeep_free(upkeep->gate);
	if (upkeep->wake_fd != -1)
		(void)close(upkeep->wake_fd);
	if (upkeep->stop_fd != -1)
		(void)close(upkeep->stop_fd);
	free(upkeep);
	return 0;
}
