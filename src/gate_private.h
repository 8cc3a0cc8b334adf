#ifndef GATE_PRIVATE_H_
#define GATE_PRIVATE_H_

#include "gate.h"
#include "jwt.h"
#include "keys.h"
#include "metadata.h"
#include "status.h"
#include "trust.h"

/* Shared by gate.c, gate_token.c and gate_fetch.c alone. */

struct gate {
	const struct settings *settings;
	struct trust *trust;
	struct status *status;
	struct keys *keys;
};

enum gate_phase {
	GATE_PHASE_TOKEN = 0,	/* waiting, or about to look for the key */
	GATE_PHASE_METADATA,	/* its exchange is out; the lease is ours */
	GATE_PHASE_JWKS,	/* likewise */
	GATE_PHASE_DONE
};

struct gate_task {
	const struct settings *settings;
	enum gate_phase phase;
	struct decision decision;
	struct credential credential;
	struct jwt jwt;			/* points into credential.text */
	int has_claims;			/* facts hold them, jwt does not */
	int is_refresh;			/* no question */
	int may_fetch;			/* 0 once a fetch of ours ended */
	struct facts facts;
	char *remote_user;
	struct exchange *exchange;	/* NULL unless one is out */
	struct metadata metadata;
	struct moment fetch_started;
	int64_t deadline;		/* boottime, as all below */
	int64_t resume_at;
	int64_t ask_again;		/* for retry_after */
};

/* gate.c: the task ends with this reason. */
enum gate_step gate_task_end(struct gate_task *task, enum reason reason,
    const struct moment *now);

/* gate_token.c: the JWT of task->credential taken apart; 0, or -1 and why. */
int gate_token_parse(struct gate_task *task, enum reason *reason_out);

/* gate_token.c: from the key to the decision, as far as it goes. */
enum gate_step gate_token_judge(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* gate_fetch.c: the lease is ours; ask for the metadata. */
enum gate_step gate_fetch_begin(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/*
 * gate_fetch.c: the exchange came back.  GATE_EXCHANGE: the next one;
 * GATE_DONE: the fetch is over, well or not (decision.detail): look for the
 * key again.  The same of gate_fetch_begin(), when memory runs out.
 */
enum gate_step gate_fetch_go_on(struct gate *gate, struct gate_task *task,
    const struct moment *now);

/* gate_fetch.c: give the fetch up, its time is over. */
void gate_fetch_abandon(struct gate *gate, struct gate_task *task,
    const struct moment *now);

#endif /* !GATE_PRIVATE_H_ */
