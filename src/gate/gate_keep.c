#include "config.h"

#include "gate/gate_keep.h"

#include "facts/revocation.h"

/* In milliseconds, of what the session tells. */
static int64_t
of_session(const struct gate_task *task)
{
	const int64_t ttl = (int64_t)task->settings->session_ttl * 1000;

	switch (task->verdict.basis) {
	case GATE_BASIS_TOKEN:
		return ttl;
	case GATE_BASIS_ROW:
	case GATE_BASIS_LOOKUP:
		return task->verdict.age < 0 ? 0 :
		    ttl * 3 / 4 - task->verdict.age;
	case GATE_BASIS_STALE_ROW:
	default:
		return 0;
	}
}

/* The whole seconds of `keep` that are left before the second of the wall clock
 * in which it is over: of this second nobody knows how much is gone. */
static int64_t
until(int64_t keep, int64_t at, const struct moment *now)
{
	const int64_t left = at - now->wall - 1;

	return left < keep ? left : keep;
}

/* The whole seconds of `keep` for which the keys may serve. */
static int64_t
while_keys_serve(int64_t keep, const struct gate_task *task,
    const struct moment *now)
{
	const int64_t left = task->keys.serve_until - now->boottime;

	if (task->keys.verified_by[0] == '\0' || left / 1000 > keep)
		return keep;
	return left / 1000;
}

int
gate_keep_seconds(const struct gate_task *task, int64_t edge,
    const struct moment *now)
{
	const struct facts *facts = &task->facts;
	const int max_age = task->decision.policy->max_authentication_age;
	int64_t keep = of_session(task) / 1000;

	keep = while_keys_serve(keep, task, now);
	if (facts->expires_at != FACTS_NO_TIME)
		keep = until(keep, facts->expires_at, now);
	if (max_age > 0)
		keep = until(keep, facts->authenticated_at + max_age, now);
	if (edge != REVOCATION_NO_TIME)
		keep = until(keep, edge, now);
	return keep > 0 ? (int)keep : 0;
}
