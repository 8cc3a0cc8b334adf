/* The row of a session, and what is held of those in use. */
#include "config.h"

#include "gate/gate_row.h"

#include <string.h>

/* Rules that ask for the token's claims as they stand in it. */
static int
needs_claims(const struct policy *policy)
{
	return policy->remote_user == POLICY_REMOTE_USER_CLAIM ||
	    policy->export.count > 0;
}

int
gate_row_recall(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const int is_token = task->credential.kind == CREDENTIAL_JWT &&
	    !needs_claims(task->decision.policy);

	switch (recent_recall(gate->shared->recent, &task->credential, now,
	    &task->row.session, is_token ? &task->facts : NULL)) {
	case RECENT_ROW:
		task->row.is_loaded = 1;
		task->row.is_recalled = 1;
		return is_token;
	case RECENT_TOKEN:
		return 1;
	case RECENT_NOTHING:
	default:
		return 0;
	}
}

void
gate_row_keep(struct gate *gate, const struct gate_task *task,
    const struct moment *now)
{
	/* who waited may have found what another process wrote meanwhile; and
	 * once they were judged the facts are not the token's alone */
	if (task->row.is_recalled || task->lookup.lookups != NULL ||
	    task->verdict.basis != GATE_BASIS_TOKEN)
		return;
	recent_keep(gate->shared->recent, &task->credential,
	    task->row.recent_mark, &task->row.session,
	    task->credential.kind == CREDENTIAL_JWT ? &task->facts : NULL,
	    now);
}

int
gate_row_load(struct gate *gate, struct gate_task *task)
{
	struct gate_row *row = &task->row;
	int found;

	row->is_loaded = 0;
	row->is_recalled = 0;
	status_session_clear(&row->session);
	row->recent_mark = recent_mark(gate->shared->recent,
	    &task->credential);
	/* the writer's thread logs why it cannot be read */
	found = status_sessions_load(gate->status, task->session_key,
	    &row->session, NULL);
	if (found == 0)
		found = status_sessions_load_before(gate->status,
		    &task->credential, &row->session, NULL);
	return found;
}

int
gate_row_take(struct gate *gate, struct gate_task *task)
{
	struct gate_row *row = &task->row;
	const int found = row->is_loaded ? 1 : gate_row_load(gate, task);

	row->is_loaded = 0;
	if (found == 1)
		row->seen = row->session.is_live ||
		    row->session.doubted_at != 0 ? GATE_ROW_LIVE :
		    GATE_ROW_NOT_LIVE;
	return found;
}

void
gate_row_wait(struct gate_task *task)
{
	task->row.is_loaded = 0;
}

int64_t
gate_row_stale_age(const struct gate *gate, const struct gate_task *task,
    const struct moment *now)
{
	const struct status_session *session = &task->row.session;

	if (session->started.boottime <=
	    status_sessions_void_at(gate->status, task->session_key))
		return -1;
	return moment_age(&session->started, now);
}

int64_t
gate_row_age(const struct gate *gate, const struct gate_task *task,
    const struct moment *now)
{
	return task->row.session.doubted_at != 0 ? -1 :
	    gate_row_stale_age(gate, task, now);
}

int
gate_row_vouches(struct gate *gate, struct gate_task *task,
    const struct key *key)
{
	const struct status_session *session = &task->row.session;

	if (!task->row.is_loaded && gate_row_load(gate, task) != 1)
		return 0;
	task->row.is_loaded = 1;
	return session->is_live &&
	    strcmp(session->verified_by, key_thumbprint(key)) == 0;
}

int
gate_row_is_contradicted(struct gate *gate, struct gate_task *task,
    const struct moment *now)
{
	const struct status_session *session = &task->row.session;
	struct moment told = *now;

	if (!session->is_live || task->row.is_recalled ||
	    gate_row_stale_age(gate, task, now) < 0)
		return 0;
	told.boottime = lookups_not_live_at(gate->shared->lookups,
	    task->session_key, now);
	if (told.boottime < session->started.boottime)
		return 0;
	status_sessions_end(gate->status, task->session_key, session, &told);
	return 1;
}
