#include "config.h"

#include "gate/gate_outage.h"

#include <stdatomic.h>

#include "facts/resolver.h"
#include "gate/gate_row.h"
#include "gate/gate_task.h"

/* So many failures in a row, or one that asks to wait, are told to the
 * operator. */
#define TOLD_FAILURES 3

/* What live sessions are worth meanwhile is for the log, which else would
 * show nothing of it.  Of one session is told first, and then of all. */
static void
tell_begin(struct gate *gate, const struct gate_task *task,
    enum reason reason, enum gate_failing failing)
{
	const struct settings *settings = task->settings;
	const int is_stale = settings->stale_if_error > settings->session_ttl;
	int told = atomic_load(&gate->shared->failing);

	do
		if (told >= (int)failing)
			return;
	while (!atomic_compare_exchange_weak(&gate->shared->failing, &told,
	    failing));
	notices_add(trust_shared_notices(gate->shared->trust), NOTICE_WARNING,
	    "%s: %s; it is asked less often now%s, and live sessions serve "
	    "for %d s (%s)", reason_name(reason),
	    error_text(&task->decision.detail),
	    failing == GATE_FAILING_ONE ?
	    " about the one session that this was about" : "",
	    is_stale ? settings->stale_if_error : settings->session_ttl,
	    is_stale ? "stale_if_error" : "session_ttl");
}

static void
tell_over(struct gate *gate)
{
	if (atomic_load(&gate->shared->failing) != GATE_FAILING_NOT &&
	    atomic_exchange(&gate->shared->failing, GATE_FAILING_NOT) !=
	    GATE_FAILING_NOT)
		notices_add(trust_shared_notices(gate->shared->trust),
		    NOTICE_INFO, "Authgear's resolver answers again");
}

void
gate_outage_begin(struct gate *gate, struct gate_task *task,
    enum reason reason, const struct moment *now)
{
	const char *key = task->session_key;
	const struct status_failure failure = {
		.jitter = (unsigned char)(key[0] * 31 + key[1] +
		    now->boottime),
		.is_fault = reason == REASON_RESOLVER_FAULT,
		.told = task->exchange != NULL ?
		    resolver_wait_ms(task->exchange, now->wall) : 0,
		.mark = status_backoff_mark(key),
	};
	struct status_backoff after;

	if (task->manner == GATE_LOGIN)
		logins_waited(gate->shared->logins,
		    task->lookup.started.boottime, now);
	status_backoff_failed(gate->status, now, &failure, &after);
	task->ask_again = after.until;
	if (after.failures >= TOLD_FAILURES || failure.told > 0)
		tell_begin(gate, task, reason, after.mark != 0 &&
		    failure.told <= 0 ? GATE_FAILING_ONE : GATE_FAILING_ALL);
}

void
gate_outage_over(struct gate *gate, const struct moment *now)
{
	status_backoff_over(gate->status, now);
	logins_answered(gate->shared->logins, now);
	tell_over(gate);
}

/* A single "absent" since the last live answer may have been the beginning of
 * the outage. */
static int
may_be_stale(const struct gate_task *task, int64_t age)
{
	const struct status_session *session = &task->row.session;

	/* of one that is alone another process may have been told of its end */
	return session->is_live && !session->is_alone && age >= 0 &&
	    age <= (int64_t)task->settings->stale_if_error * 1000 &&
	    !gate_task_asks_anew(task);
}

enum gate_stage
gate_outage_judge(struct gate *gate, struct gate_task *task,
    enum reason reason, int is_outage, const struct moment *now)
{
	int64_t age;

	/* another process may have been told otherwise since it was read */
	if (task->row.is_recalled)
		(void)gate_row_load(gate, task);
	age = gate_row_stale_age(gate, task, now);
	if (!is_outage || !may_be_stale(task, age))
		return gate_task_end(task, reason, now);
	task->lookup.failure = reason;
	return gate_task_judge(task, GATE_BASIS_STALE_ROW, age);
}
