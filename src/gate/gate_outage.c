#include "config.h"

#include "gate/gate_outage.h"

#include "gate/gate_row.h"
#include "gate/gate_task.h"

enum gate_stage
gate_outage_judge(struct gate *gate, struct gate_task *task,
    enum reason reason, const struct moment *now)
{
	const struct status_session *session = &task->row.session;
	const int64_t limit = (int64_t)task->settings->stale_if_error * 1000;
	int64_t age;

	/* another process may have been told otherwise since it was read */
	if (task->row.is_recalled)
		(void)gate_row_load(gate, task);
	age = gate_row_age(gate, task, now);
	/* of one that is alone another process may have been told of its end */
	if (!session->is_live || session->is_alone || age < 0 || age > limit ||
	    reason != REASON_RESOLVER_UNREACHABLE || gate_task_asks_anew(task))
		return gate_task_end(task, reason, now);
	return gate_task_judge(task, GATE_BASIS_STALE_ROW, age);
}
