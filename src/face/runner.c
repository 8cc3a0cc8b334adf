#include "config.h"

#include "face/runner.h"

#include <time.h>

#include "transport/clock.h"

static int64_t
earlier(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

static void
sleep_until(const struct runner *runner, int64_t at)
{
	int64_t msecs = at - runner->now.boottime;
	struct timespec pause;

	if (msecs < 1)
		msecs = 1;
	pause.tv_sec = msecs / 1000;
	pause.tv_nsec = msecs % 1000 * 1000000;
	(void)nanosleep(&pause, NULL);
}

int
runner_run(struct runner *runner, struct gate_task *task,
    enum gate_step step)
{
	int64_t until;

	while (step != GATE_DONE) {
		if (runner->now.boottime >= runner->deadline)
			return -1;
		until = earlier(gate_task_deadline(task), runner->deadline);
		if (step == GATE_EXCHANGE)
			runner->perform(runner->context,
			    gate_task_exchange(task),
			    until - runner->now.boottime);
		else
			sleep_until(runner, earlier(until,
			    gate_task_resume_at(task)));
		/* should the clock fail now, it is as if no time went by */
		(void)clock_advance(&runner->now);
		step = gate_resume(runner->gate, task, &runner->now);
	}
	return 0;
}
