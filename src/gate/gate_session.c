#include "config.h"

#include "gate/gate_session.h"

#include "gate/gate_login.h"
#include "gate/gate_row.h"
#include "gate/gate_task.h"

/* By what the row says, if that is new enough. */
static enum gate_stage
judge_row(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	const struct settings *settings = task->settings;
	const int is_live = task->row.session.is_live;
	const int64_t age = gate_row_age(gate, task, now);
	int64_t ttl = (int64_t)settings->session_ttl * 1000;

	if (gate_task_asks_anew(task) && ttl > GATE_FRESH_MSECS)
		ttl = GATE_FRESH_MSECS;
	if (!is_live)
		ttl = (int64_t)settings->absent_ttl * 1000;
	if (age < 0 || age >= ttl)
		return GATE_STAGE_LOOKUP;
	return is_live ? gate_task_judge(task, GATE_BASIS_ROW, age) :
	    gate_task_refuse(task, REASON_NOT_LIVE);
}

enum gate_stage
gate_session_stage(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const struct gate_row *row = &task->row;
	const int found = gate_row_take(gate, task);

	if (task->manner == GATE_MAY_NOT_ASK)
		return found == -1 || row->session.is_alone ?
		    gate_task_end_without_state(gate, task, now) :
		    gate_login_judge(gate, task, now);
	/* it is only a cache: Authgear knows */
	if (found != 1)
		return GATE_STAGE_LOOKUP;
	if (gate_row_is_contradicted(gate, task, now))
		return gate_task_refuse(task, REASON_NOT_LIVE);
	if (row->session.is_live)
		gate_row_keep(gate, task, now);
	return judge_row(gate, task, now);
}
