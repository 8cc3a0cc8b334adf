#include "config.h"

#include "gate/gate_login.h"

#include "gate/gate_row.h"
#include "gate/gate_task.h"

/* Will the row be new enough for all of the time? */
static int
outlives(const struct gate_task *task, const struct status_session *session,
    const struct moment *now)
{
	const int64_t age = moment_age(&session->started, now);

	return age >= 0 && age + GATE_LOGIN_MSECS <
	    (int64_t)task->settings->session_ttl * 1000;
}

void
gate_login_keep(struct gate *gate, const struct gate_task *task,
    const struct moment *now)
{
	struct status_session session;

	if (task->manner != GATE_LOGIN ||
	    task->verdict.basis == GATE_BASIS_TOKEN)
		return;
	/* the answer as it is kept, or one that came since */
	status_session_init(&session);
	if (status_sessions_load(gate->status, task->session_key, &session,
	    NULL) == 1 && session.is_live && session.doubted_at == 0)
		logins_keep(gate->shared->logins, task->session_key, &session,
		    outlives(task, &session, now), now);
	status_session_clear(&session);
}

/* The answer that the login got becomes the row, where none is later; 0: the
 * login was too long ago, or elsewhere. */
static int
recall(struct gate *gate, struct gate_task *task, const struct moment *now)
{
	struct status_session *session = &task->row.session, login;

	if (!logins_recall(gate->shared->logins, task->session_key, now,
	    &login))
		return task->row.seen != GATE_ROW_UNSEEN && logins_was_granted(
		    gate->shared->logins, task->session_key, now);
	if (task->row.seen != GATE_ROW_UNSEEN &&
	    gate_row_age(gate, task, now) >= 0 &&
	    session->started.boottime >= login.started.boottime) {
		status_session_clear(&login);
		return 1;
	}
	status_session_clear(session);
	*session = login;
	return 1;
}

enum gate_stage
gate_login_judge(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const struct settings *settings = task->settings;
	const struct status_session *session = &task->row.session;
	int64_t ttl = (int64_t)settings->session_ttl * 1000, age;
	int is_login;

	/* in an outage neither: here nobody asked whether there is one */
	if (session->doubted_at != 0)
		return GATE_STAGE_LOOKUP;
	is_login = recall(gate, task, now);
	if (!is_login && task->row.seen == GATE_ROW_UNSEEN)
		return GATE_STAGE_LOOKUP;
	age = gate_row_age(gate, task, now);
	if (!session->is_live)
		ttl = (int64_t)settings->absent_ttl * 1000;
	if (!is_login && (age < 0 || age >= ttl))
		return GATE_STAGE_LOOKUP;
	if (!session->is_live || gate_row_is_contradicted(gate, task, now))
		return gate_task_refuse(task, REASON_NOT_LIVE);
	return age < 0 ? GATE_STAGE_LOOKUP :
	    gate_task_judge(task, GATE_BASIS_ROW, age);
}
